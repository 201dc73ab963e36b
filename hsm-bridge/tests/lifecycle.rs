//! Versions of keys: rotation, disabling, destruction, by the commands an operator types, over both
//! tokens and under load.

mod support;

use std::process::Output;
use std::time::{Duration, Instant};

use josekit::jwe::{ECDH_ES_A256KW, JweHeader};
use josekit::jwk::Jwk;
use support::load::{during, hold, rounds};
use support::*;

fn place(kind: Kind, keys: &[Key], more: &str) -> Place {
    let place = Place::with_keys(kind, keys);
    let journal = place.path("keys.jsonl");
    let audit = place.path("audit.jsonl");
    let books = format!(
        "[lifecycle]\njournal = {journal:?}\ndestroy_after_s = 1\n\
         [audit]\npath = {audit:?}\n{more}\n"
    );
    place.configure(keys, &books, "");
    place
}

fn text(output: &Output) -> String {
    let both = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8(both).unwrap()
}

fn mac(bridge: &Bridge<'_>, kid: &str) -> Answer {
    let body = serde_json::json!({ "alg": "HS256", "data": "AAAA" });
    bridge.post(&format!("{kid}/mac"), &body)
}

/// Seals to a public key and gives the unwrap request it leads to.
fn sealed(public: &serde_json::Value) -> serde_json::Value {
    let mut header = JweHeader::new();
    header.set_content_encryption("A256GCM");
    let mut public = public.clone();
    public.as_object_mut().unwrap().remove("use");
    let jwk = Jwk::from_map(public.as_object().unwrap().clone()).unwrap();
    let to = ECDH_ES_A256KW.encrypter_from_jwk(&jwk).unwrap();
    split(&josekit::jwe::serialize_compact(b"{}", &header, &to).unwrap()).request
}

#[test]
fn softhsm_keys_rotate_by_command() {
    rotates(Kind::SoftHsm);
}

#[test]
fn kryoptic_keys_rotate_by_command() {
    rotates(Kind::Kryoptic);
}

fn rotates(kind: Kind) {
    let place = place(kind, &[EC, MAC], "");
    let bridge = place.serve();
    let first = bridge.get("/v1/keys/ec/public").json();
    let old = sealed(&first);
    let before = bridge.post("ec/unwrap", &old).json();
    assert_eq!(before["ver"], 1);

    // Prepared: its public half is there, and nothing else.
    let made = place.verb("rotate", &["--kid", "ec", "--prepare"]);
    assert!(made.status.success(), "{}", text(&made));
    assert!(
        text(&made).contains("version 2 is pre-active"),
        "{}",
        text(&made)
    );
    let second = bridge.get("/v1/keys/ec%232/public").json();
    assert_eq!(second["kid"], "ec#2");
    assert_ne!(second["x"], first["x"]);
    assert_eq!(bridge.get("/v1/keys/ec/public").json(), first);
    let new = sealed(&second);
    assert_eq!(
        bridge.post("ec/unwrap", &new).status,
        422,
        "{kind:?}: not in use yet"
    );
    assert_eq!(bridge.post("ec%232/unwrap", &new).code(), "key_state");

    let active = place.verb(
        "state",
        &["--kid", "ec#2", "--to", "active", "--format", "json"],
    );
    assert!(active.status.success(), "{}", text(&active));
    assert_eq!(bridge.get("/v1/keys/ec/public").json()["x"], second["x"]);
    let answer = bridge.post("ec/unwrap", &new).json();
    assert_eq!(
        (answer["ver"].as_u64(), answer["kid"].as_str()),
        (Some(2), Some("ec"))
    );
    // What was sealed before still opens, by its name and without.
    let again = bridge.post("ec/unwrap", &old).json();
    assert_eq!(
        (&again["cek"], &again["fp"]),
        (&before["cek"], &before["fp"])
    );
    assert_eq!(bridge.post("ec%231/unwrap", &old).json()["kid"], "ec#1");
    assert_eq!(bridge.post("ec%232/unwrap", &old).status, 422);

    let one = mac(&bridge, "mac").json();
    assert!(place.verb("rotate", &["--kid", "mac"]).status.success());
    let two = mac(&bridge, "mac").json();
    assert_eq!(
        (one["ver"].as_u64(), two["ver"].as_u64()),
        (Some(1), Some(2))
    );
    assert_ne!(one["mac"], two["mac"]);
    assert_eq!(
        mac(&bridge, "mac%231").code(),
        "key_state",
        "a retired version makes nothing"
    );

    // Everything survives a crash.
    bridge.kill();
    let bridge = place.serve();
    assert_eq!(mac(&bridge, "mac").json(), two);
    assert_eq!(bridge.post("ec/unwrap", &old).json()["ver"], 1);
    let keys = bridge.admin("/admin/v1/keys").json();
    assert_eq!(keys[0]["versions"][0]["state"], "retired");
    assert_eq!(keys[0]["versions"][1]["state"], "active");
    assert_eq!(bridge.metric("hsmb_token_epoch", ""), 1.0);
}

#[test]
fn a_version_is_destroyed_only_step_by_step() {
    let place = place(Kind::SoftHsm, &[EC, MAC], "");
    let bridge = place.serve();
    let old = sealed(&bridge.get("/v1/keys/ec/public").json());
    assert!(place.verb("rotate", &["--kid", "ec"]).status.success());
    let keys = bridge.admin("/admin/v1/keys").json();
    let fp = keys[0]["versions"][0]["fp"].as_str().unwrap().to_owned();

    let destroy = |more: &[&str]| {
        let words = [&["--kid", "ec#1"], more].concat();
        place.verb("destroy", &words)
    };
    let refused = destroy(&["--fp", &fp]);
    assert!(
        text(&refused).contains("--yes says that this is meant"),
        "{}",
        text(&refused)
    );
    let refused = destroy(&["--fp", &fp, "--yes"]);
    assert!(
        text(&refused).contains("disable it first"),
        "{}",
        text(&refused)
    );
    assert_eq!(bridge.post("ec/unwrap", &old).status, 200);

    assert!(
        place
            .verb("state", &["--kid", "ec#1", "--to", "disabled"])
            .status
            .success()
    );
    assert_eq!(
        bridge.post("ec/unwrap", &old).status,
        422,
        "only version 2 is asked"
    );
    assert_eq!(bridge.post("ec%231/unwrap", &old).code(), "key_state");
    let refused = destroy(&["--fp", "another", "--yes"]);
    assert!(
        text(&refused).contains("needs the fingerprint"),
        "{}",
        text(&refused)
    );
    assert!(destroy(&["--fp", &fp, "--yes"]).status.success());
    assert!(destroy(&["--cancel"]).status.success());
    std::thread::sleep(Duration::from_millis(2500));
    assert!(
        place
            .verb("state", &["--kid", "ec#1", "--to", "enabled"])
            .status
            .success()
    );
    assert_eq!(
        bridge.post("ec/unwrap", &old).status,
        200,
        "taken back in time"
    );

    assert!(
        place
            .verb("state", &["--kid", "ec#1", "--to", "disabled"])
            .status
            .success()
    );
    assert!(destroy(&["--fp", &fp, "--yes"]).status.success());
    bridge.wait_for_log("key-destroyed");
    let gone = place.verb("state", &["--kid", "ec#1", "--to", "enabled"]);
    assert!(
        text(&gone).contains("destroyed does not become"),
        "{}",
        text(&gone)
    );
    let list = text(&place.verb("list", &["--format", "json"]));
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let labels: Vec<&str> = list
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|l| l["label"].as_str())
        .collect();
    assert!(labels.contains(&"ec#2"), "{labels:?}");
    assert_eq!(mac(&bridge, "mac").status, 200);
    let log = std::fs::read_to_string(place.path("audit.jsonl")).unwrap();
    for change in [
        "prepare", "activate", "disable", "schedule", "cancel", "enable", "destroy",
    ] {
        assert!(
            log.contains(&format!("\"change\":\"{change}\"")),
            "{change}"
        );
    }
}

#[test]
fn changes_need_a_journal_and_a_running_bridge() {
    let place = Place::with_keys(Kind::SoftHsm, &[MAC]);
    let nobody = place.verb("rotate", &["--kid", "mac"]);
    assert!(
        text(&nobody).contains("made by the running bridge"),
        "{}",
        text(&nobody)
    );
    let bridge = place.serve();
    let refused = place.verb("rotate", &["--kid", "mac"]);
    assert!(
        text(&refused).contains("set `journal` in [lifecycle]"),
        "{}",
        text(&refused)
    );
    let unknown = place.verb("rotate", &["--kid", "nobody"]);
    assert!(text(&unknown).contains("no such key"), "{}", text(&unknown));
    // The data socket changes nothing.
    let body = serde_json::json!({});
    assert_eq!(bridge.post("mac/rotate", &body).code(), "no_key");
    assert_eq!(bridge.post("mac%231/disable", &body).code(), "no_key");
}

#[test]
fn softhsm_rotates_under_load_without_a_failure_and_disabling_is_in_force_at_once() {
    under_load(Kind::SoftHsm);
}

#[test]
fn kryoptic_rotates_under_load_without_a_failure_and_disabling_is_in_force_at_once() {
    under_load(Kind::Kryoptic);
}

fn under_load(kind: Kind) {
    let place = place(kind, &[EC, MAC], "");
    let bridge = place.serve();
    let old = sealed(&bridge.get("/v1/keys/ec/public").json());
    let pause = Duration::from_millis(rounds(200, 3000) as u64);
    let (met, ()) = during(&bridge, 4, "ec/unwrap", &old, || {
        for _ in 0..rounds(2, 10) {
            std::thread::sleep(pause);
            assert_eq!(
                bridge.change("ec/rotate", &serde_json::json!({})).status,
                200
            );
        }
        std::thread::sleep(pause);
    });
    let failed = met.answers.len() - met.count(200);
    println!(
        "figure: {kind:?}, rotate under load: {failed} of {} old unwraps failed",
        met.answers.len()
    );
    assert_eq!(failed, 0);
    assert!(met.answers.iter().all(|one| one.0.json()["ver"] == 1));

    let (met, (begun, replied)) = during(&bridge, 4, "ec%231/unwrap", &old, || {
        std::thread::sleep(pause);
        let begun = Instant::now();
        assert_eq!(
            bridge
                .change("ec%231/disable", &serde_json::json!({}))
                .status,
            200
        );
        let replied = Instant::now();
        std::thread::sleep(pause);
        (begun, replied)
    });
    assert!(met.count(200) > 0 && met.count(409) > 0);
    hold(
        "disable, asked and answered",
        replied - begun,
        Duration::from_millis(100),
    );
    let good = met.answers.iter().filter(|one| one.0.status == 200);
    let last = good.map(|one| one.2).max().unwrap();
    let late = last.saturating_duration_since(replied);
    hold(
        "last answer with the disabled version after the reply",
        late,
        Duration::from_millis(100),
    );
}

#[test]
fn the_cache_answers_without_the_token_and_forgets_at_every_change() {
    let place = place(Kind::SoftHsm, &[EC, MAC], "");
    let config = std::fs::read_to_string(place.path("bridge.toml")).unwrap();
    let cached = config.replacen(
        "purpose = \"unwrap\"",
        "purpose = \"unwrap\"\ncache_ttl_s = 60",
        1,
    );
    place.write("bridge.toml", &cached);
    let bridge = place.serve();
    let request = sealed(&bridge.get("/v1/keys/ec/public").json());
    let first = bridge.post("ec/unwrap", &request).json();
    assert_eq!(first["cached"], false);
    let orders = bridge.orders();
    for _ in 0..10 {
        let again = bridge.post("ec/unwrap", &request).json();
        assert_eq!(
            (&again["cek"], &again["cached"]),
            (&first["cek"], &true.into())
        );
    }
    assert_eq!(bridge.orders(), orders, "the token is not asked again");
    assert_eq!(bridge.metric("hsmb_cek_cache_total", "true"), 10.0);
    let mut other = request.clone();
    other["enc"] = "A128GCM".into();
    assert_ne!(
        bridge.post("ec/unwrap", &other).status,
        200,
        "another request, another entry"
    );
    // A change of any key empties it; a disabled version never answers from it.
    assert_eq!(
        bridge.change("mac/rotate", &serde_json::json!({})).status,
        200
    );
    assert_eq!(bridge.post("ec/unwrap", &request).json()["cached"], false);
    assert_eq!(bridge.post("ec/unwrap", &request).json()["cached"], true);
    assert_eq!(
        bridge.change("ec/rotate", &serde_json::json!({})).status,
        200
    );
    assert_eq!(
        bridge
            .change("ec%231/disable", &serde_json::json!({}))
            .status,
        200
    );
    assert_eq!(bridge.post("ec%231/unwrap", &request).code(), "key_state");
    assert_eq!(bridge.post("ec/unwrap", &request).status, 422);
}
