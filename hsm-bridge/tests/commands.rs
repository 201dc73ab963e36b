//! The verbs of the command, as an operator meets them.

mod support;

use std::process::Output;

use support::*;

fn text(output: &Output) -> String {
    let both = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8(both).unwrap()
}

#[test]
fn a_wrong_pin_is_tried_once_and_named() {
    for kind in [Kind::SoftHsm, Kind::Kryoptic] {
        let place = Place::with_keys(kind, &[MAC]);
        place.write("pin", "not-the-pin");
        let served = place.verb("serve", &[]);
        assert!(!served.status.success());
        let said = text(&served);
        assert_eq!(said.matches("PinIncorrect").count(), 1, "{kind:?}: {said}");
        assert!(
            said.contains("not tried again") && !said.contains("not-the-pin"),
            "{said}"
        );
        let doctor = place.verb("doctor", &[]);
        assert_eq!(doctor.status.code(), Some(1));
        assert!(
            text(&doctor).contains("correct the PIN at its source"),
            "{}",
            text(&doctor)
        );
        place.write("pin", PIN);
        assert!(place.verb("doctor", &[]).status.code() == doctor_code(kind));
    }
}

/// SoftHSM2 cannot do HS512 with a 32 byte key, which doctor calls bad.
fn doctor_code(kind: Kind) -> Option<i32> {
    Some(if kind == Kind::SoftHsm { 1 } else { 0 })
}

#[test]
fn doctor_names_each_finding_with_a_fix() {
    let place = Place::new(Kind::SoftHsm);
    place.configure(&[EC], "", "");
    let report = place.verb("doctor", &[]);
    assert_eq!(report.status.code(), Some(1));
    assert!(
        text(&report).contains("-> `hsm-bridge keygen --kid ec"),
        "{}",
        text(&report)
    );
    place.keygen("ec", "ec-p256");
    let report = place.verb("doctor", &["--format", "json"]);
    assert_eq!(report.status.code(), Some(0), "{}", text(&report));
    let json: serde_json::Value = serde_json::from_slice(&report.stdout).unwrap();
    assert_eq!(json["ok"], true);
    let found: Vec<&str> = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["found"].as_str().unwrap())
        .collect();
    assert!(
        found.contains(&"ECDH-ES+A256KW passed its self-test"),
        "{found:?}"
    );

    let config = std::fs::read_to_string(place.path("bridge.toml")).unwrap();
    assert!(text(&place.verb("doctor", &[])).contains("audit log: none is kept"));
    let lost = format!("{config}[lifecycle]\njournal = \"/no/such/folder/keys.jsonl\"\n");
    place.write("bridge.toml", &lost);
    assert!(text(&place.verb("doctor", &[])).contains("journal: /no/such/folder"));
    place.write(
        "bridge.toml",
        &config.replace("label = \"test\"", "label = \"other\""),
    );
    assert!(text(&place.verb("doctor", &[])).contains("the module shows \"test\""));
    let module = Kind::SoftHsm.module();
    place.write(
        "bridge.toml",
        &config.replace(module.to_str().unwrap(), "/no/such/module.so"),
    );
    assert!(text(&place.verb("doctor", &[])).contains("/no/such/module.so cannot be loaded"));
    assert!(text(&place.verb("serve", &[])).contains("cannot load module"));
}

#[test]
fn keygen_never_overwrites_and_the_key_cannot_leave() {
    for kind in [Kind::SoftHsm, Kind::Kryoptic] {
        let place = Place::with_keys(kind, &[EC]);
        let list = || place.verb("list", &["--format", "json"]).stdout;
        let before = list();
        let again = place.verb("keygen", &["--kid", "ec", "--type", "ec-p256"]);
        assert!(!again.status.success());
        assert!(
            text(&again).contains("already has a key"),
            "{}",
            text(&again)
        );
        assert_eq!(list(), before);
        let lines: serde_json::Value = serde_json::from_slice(&before).unwrap();
        assert_eq!(lines[0]["state"], "ready");
        assert_eq!(lines[0]["guarded"], true, "{kind:?}");
        let foreign = place.verb("keygen", &["--kid", "new", "--type", "aes-256"]);
        assert!(foreign.status.success(), "{}", text(&foreign));
        let lines: serde_json::Value = serde_json::from_slice(&list()).unwrap();
        assert_eq!(lines[1]["state"], "foreign");
        let wrong = place.verb(
            "keygen",
            &["--kid", "w", "--type", "aes-256", "--purpose", "sign"],
        );
        assert!(!wrong.status.success());
    }
}

#[test]
fn check_reports_every_fault_and_serve_refuses_root_unless_told() {
    let place = Place::new(Kind::SoftHsm);
    place.configure(&[EC], "", "");
    assert!(place.verb("check", &[]).status.success());
    let config = std::fs::read_to_string(place.path("bridge.toml")).unwrap();
    place.write(
        "bridge.toml",
        &config.replace("canary_key = \"ec\"", "canary_key = \"x\"\nfoo = 1"),
    );
    let said = text(&place.verb("check", &[]));
    assert!(
        said.contains("token[0].foo") && said.contains("token[0].canary_key"),
        "{said}"
    );
    if rustix::process::geteuid().is_root() {
        place.write(
            "bridge.toml",
            &config.replace("allow_root = true", "allow_root = false"),
        );
        assert!(text(&place.verb("serve", &[])).contains("will not run as root"));
    }
}

#[test]
fn a_second_token_of_the_same_name_is_not_made() {
    for kind in [Kind::SoftHsm, Kind::Kryoptic] {
        let place = Place::new(kind);
        let again = place
            .command(std::path::Path::new(env!("CARGO_BIN_EXE_hsm-bridge")))
            .args(["init-token", "--label", "test", "--module"])
            .arg(kind.module())
            .arg("--so-pin-file")
            .arg(place.path("so-pin"))
            .arg("--pin-file")
            .arg(place.path("pin"))
            .output()
            .unwrap();
        assert!(!again.status.success());
        assert!(
            text(&again).contains("is there already"),
            "{}",
            text(&again)
        );
    }
}
