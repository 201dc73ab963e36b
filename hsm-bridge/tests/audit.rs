//! The audit log: what it holds, what `audit-verify` finds, and what happens when it cannot be
//! written or the bridge is killed.

mod support;

use std::process::Output;
use std::time::{Duration, Instant};

use support::load::{during, hold, rounds};
use support::*;

const SIGNER: Key = ("signer", "sign", &["ES256"], "ec-p256");

fn place(kind: Kind, audit: &str) -> Place {
    let place = Place::with_keys(kind, &[MAC, SIGNER]);
    configure(&place, audit, &place.path("audit.jsonl"));
    place
}

fn configure(place: &Place, more: &str, path: &std::path::Path) {
    let journal = place.path("keys.jsonl");
    let books = format!(
        "[lifecycle]\njournal = {journal:?}\n[audit]\npath = {path:?}\n\
         checkpoint_key = \"signer\"\ncheckpoint_every_s = 1\n{more}\n"
    );
    place.configure(&[MAC, SIGNER], &books, "");
}

fn text(output: &Output) -> String {
    let both = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8(both).unwrap()
}

fn body() -> serde_json::Value {
    serde_json::json!({ "alg": "HS256", "data": "AAAA" })
}

fn wait_for_checkpoint(place: &Place, covers: u64) {
    let start = Instant::now();
    loop {
        let text = std::fs::read(place.path("audit.jsonl.checkpoint")).unwrap_or_default();
        let last: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
        if last["covers"].as_u64().is_some_and(|n| n >= covers) {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(10), "{last}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn softhsm_signs_a_log_in_which_every_change_is_found() {
    found(Kind::SoftHsm);
}

#[test]
fn kryoptic_signs_a_log_in_which_every_change_is_found() {
    found(Kind::Kryoptic);
}

fn found(kind: Kind) {
    let place = place(kind, "");
    let bridge = place.serve();
    let secret = bridge.post("mac/mac", &body()).json();
    let trace = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\
                 x-request-id: r-77\r\nx-hsm-bridge-client: 10.0.0.9\r\n";
    let bytes = request(
        "POST",
        "/v1/keys/mac/mac",
        TOKEN,
        trace,
        body().to_string().as_bytes(),
    );
    assert_eq!(bridge.send(&bytes).unwrap().status, 200);
    assert_eq!(bridge.post("nobody/mac", &body()).status, 404);
    wait_for_checkpoint(&place, 3);
    for _ in 0..3 {
        bridge.post("mac/mac", &body());
    }
    wait_for_checkpoint(&place, 7);
    assert!(bridge.terminate().success());

    let log = std::fs::read_to_string(place.path("audit.jsonl")).unwrap();
    assert!(
        !log.contains(secret["mac"].as_str().unwrap()),
        "no result is in the log"
    );
    let lines: Vec<String> = log.lines().map(str::to_owned).collect();
    let second: serde_json::Value = serde_json::from_str(&lines[1]).unwrap();
    for (name, value) in [
        ("op", "mac"),
        ("kid", "mac"),
        ("alg", "HS256"),
        ("code", "ok"),
        ("client", "10.0.0.9"),
        ("request", "r-77"),
        ("trace", "4bf92f3577b34da6a3ce929d0e0e4736"),
    ] {
        assert_eq!(second[name], value, "{second}");
    }
    assert_eq!(second["uid"], rustix::process::geteuid().as_raw());
    assert_eq!(second["ver"], 1);
    assert_eq!(unb64(second["input"].as_str().unwrap()).len(), 16);
    let third: serde_json::Value = serde_json::from_str(&lines[2]).unwrap();
    assert_eq!(third["code"], "no_key");

    let verify = || place.verb("audit-verify", &[]);
    let whole = verify();
    assert!(whole.status.success(), "{}", text(&whole));
    assert!(
        text(&whole).contains("signature covers records 1 to"),
        "{}",
        text(&whole)
    );
    let tell = |lines: &[String]| {
        place.write("audit.jsonl", &(lines.join("\n") + "\n"));
        let said = verify();
        assert_eq!(said.status.code(), Some(1), "{}", text(&said));
        text(&said)
    };
    for at in 0..lines.len() {
        let number = format!("record {}", at + 1);
        let mut edited = lines.clone();
        edited[at] = edited[at].replacen("at_ms\":1", "at_ms\":2", 1);
        assert!(tell(&edited).contains(&number), "edit {number}");
        if at + 1 < lines.len() {
            let mut dropped = lines.clone();
            dropped.remove(at);
            assert!(tell(&dropped).contains(&number), "drop {number}");
            let mut swapped = lines.clone();
            swapped.swap(at, at + 1);
            assert!(tell(&swapped).contains(&number), "swap {number}");
        }
    }
    let cut = tell(&lines[..2]);
    assert!(
        cut.contains("ends at record 2") && cut.contains("cut off"),
        "{cut}"
    );
    // A whole chain written anew has the right hashes and not the token's signature.
    let forged = place.path("forged");
    let (mut ledger, _) = hsm_bridge::ledger::Ledger::open(&forged).unwrap();
    for line in &lines {
        let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
        let members = line.as_object_mut().unwrap();
        members.remove("hash");
        members.remove("n");
        if members.get("op").is_some() {
            members.insert("uid".into(), 4711.into());
        }
        ledger.append(&line, false).unwrap();
    }
    std::fs::rename(&forged, place.path("audit.jsonl")).unwrap();
    let said = verify();
    assert_eq!(said.status.code(), Some(1));
    assert!(
        text(&said).contains("signs other records"),
        "{}",
        text(&said)
    );
    println!(
        "figure: audit: {} edits, drops, swaps and cuts found at their record",
        lines.len() * 3
    );
}

#[test]
fn a_log_that_is_put_aside_goes_on_as_one_chain() {
    let place = place(Kind::SoftHsm, "rotate_mib = 1");
    let bridge = place.serve();
    let load = serde_json::json!({ "alg": "HS256", "data": b64(&[7; 64]) });
    let start = Instant::now();
    while !place.path("audit.jsonl.1").exists() {
        assert!(start.elapsed() < Duration::from_secs(60));
        let wait = || std::thread::sleep(Duration::from_millis(200));
        let _ = during(&bridge, 4, "mac/mac", &load, wait);
    }
    assert_eq!(bridge.post("mac/mac", &load).status, 200);
    assert!(bridge.terminate().success());
    assert!(text(&place.verb("audit-verify", &[])).contains("the log is whole"));
    let bridge = place.serve();
    assert_eq!(bridge.post("mac/mac", &load).status, 200);
    assert!(bridge.terminate().success());
    assert!(text(&place.verb("audit-verify", &[])).contains("the log is whole"));
    std::fs::remove_file(place.path("audit.jsonl.1")).unwrap();
    assert_eq!(place.verb("audit-verify", &[]).status.code(), Some(1));
}

#[test]
fn a_full_disk_stops_what_cannot_be_written_down_and_recovers_alone() {
    for deny in [true, false] {
        let place = Place::with_keys(Kind::SoftHsm, &[MAC, SIGNER]);
        let Some(disk) = Disk::mount(&place.path("disk")) else {
            println!("not run: this machine lets nobody mount a small file system");
            return;
        };
        let word = if deny { "deny" } else { "allow" };
        configure(
            &place,
            &format!("on_error = \"{word}\""),
            &disk.0.join("audit.jsonl"),
        );
        let bridge = place.serve();
        assert_eq!(bridge.post("mac/mac", &body()).status, 200);
        std::fs::write(disk.0.join("filler"), vec![0; 256 * 1024]).unwrap_err();
        let start = Instant::now();
        let answer = loop {
            let answer = bridge.post("mac/mac", &body());
            if bridge.metric("hsmb_audit_errors_total", "") > 0.0 {
                break answer;
            }
            assert!(start.elapsed() < Duration::from_secs(20));
        };
        if deny {
            assert_eq!((answer.status, answer.code().as_str()), (503, "audit_down"));
        } else {
            assert_eq!(answer.status, 200);
        }
        let change = bridge.change("mac/rotate", &serde_json::json!({}));
        assert_eq!(change.status, 500, "{change:?}");
        assert!(
            change.json()["message"]
                .as_str()
                .unwrap()
                .contains("audit log")
        );
        std::fs::remove_file(disk.0.join("filler")).unwrap();
        let answer = bridge.post("mac/mac", &body());
        println!(
            "figure: audit disk full ({word}): first answer with room again {}",
            answer.status
        );
        assert_eq!(answer.status, 200);
        assert_eq!(
            bridge.change("mac/rotate", &serde_json::json!({})).status,
            200
        );
        assert!(bridge.terminate().success());
        let said = place.verb("audit-verify", &[]);
        assert!(said.status.success(), "{}", text(&said));
    }
}

#[test]
fn a_bridge_killed_under_load_over_softhsm_starts_again_with_a_whole_log() {
    killed(Kind::SoftHsm);
}

#[test]
fn a_bridge_killed_under_load_over_kryoptic_starts_again_with_a_whole_log() {
    killed(Kind::Kryoptic);
}

fn killed(kind: Kind) {
    for round in 0..rounds(1, 20) {
        let place = place(kind, "");
        let bridge = place.serve();
        let served = std::thread::scope(|scope| {
            let load = scope.spawn(|| {
                let mut client = support::load::Client::new(&bridge);
                let body = body().to_string();
                let mut served = 0u64;
                while client
                    .post("mac/mac", "", body.as_bytes())
                    .is_ok_and(|answer| answer.status == 200)
                {
                    served += 1;
                }
                served
            });
            std::thread::sleep(Duration::from_millis(300 + 37 * round as u64));
            let pid = rustix::process::Pid::from_raw(i32::try_from(bridge.pid()).unwrap());
            rustix::process::kill_process(pid.unwrap(), rustix::process::Signal::KILL).unwrap();
            load.join().unwrap()
        });
        drop(bridge);
        let start = Instant::now();
        let bridge = place.serve();
        assert_eq!(bridge.post("mac/mac", &body()).status, 200);
        hold(
            &format!("{kind:?} ready after kill -9"),
            start.elapsed(),
            Duration::from_secs(1),
        );
        assert!(bridge.terminate().success());
        let said = place.verb("audit-verify", &["--format", "json"]);
        assert!(said.status.success(), "{}", text(&said));
        let said: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
        // Every answer that a caller got has its line.
        assert!(
            said["records"].as_u64().unwrap() > served,
            "{said} {served}"
        );
    }
}

/// A file system with room for very little; unmounted when dropped.
struct Disk(std::path::PathBuf);

impl Disk {
    fn mount(at: &std::path::Path) -> Option<Self> {
        std::fs::create_dir(at).ok()?;
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=128k", "tmpfs"])
            .arg(at)
            .stderr(std::process::Stdio::null())
            .status();
        mounted
            .is_ok_and(|status| status.success())
            .then(|| Self(at.to_owned()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount")
            .arg("-l")
            .arg(&self.0)
            .status();
    }
}
