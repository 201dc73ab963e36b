//! Keys and the clock: rotations that are due, keys that are over, uses that are counted.

mod support;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hsm_bridge::ledger::Ledger;
use support::*;

fn mac(bridge: &Bridge<'_>) -> Answer {
    let body = serde_json::json!({ "alg": "HS256", "data": "AAAA" });
    bridge.post("mac/mac", &body)
}

/// A token with a MAC key whose section says more.
fn place(more: &str) -> Place {
    let place = Place::with_keys(Kind::SoftHsm, &[MAC]);
    let text = std::fs::read_to_string(place.path("bridge.toml")).unwrap();
    let journal = format!("[lifecycle]\njournal = {:?}\n", place.path("keys.jsonl"));
    let text = text.replacen("[[token]]", &format!("{journal}[[token]]"), 1);
    let text = text.replacen(
        "purpose = \"mac\"",
        &format!("purpose = \"mac\"\n{more}"),
        1,
    );
    place.write("bridge.toml", &text);
    place
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

/// Writes down that version 1 came to be so long ago.
fn born(place: &Place, seconds_ago: u64) {
    let (mut ledger, _) = Ledger::open(&place.path("keys.jsonl")).unwrap();
    let entry = serde_json::json!({
        "at": now() - seconds_ago, "kid": "mac", "ver": 1, "label": "mac", "state": "active", "fp": "",
    });
    ledger.append(&entry, true).unwrap();
}

#[test]
fn a_version_that_is_old_enough_is_rotated_alone() {
    let place = place("rotate_every_d = 90");
    born(&place, 91 * 86_400);
    let bridge = place.serve();
    let start = Instant::now();
    while mac(&bridge).json()["ver"] != 2 {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{:?}",
            bridge.log()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(mac(&bridge).json()["ver"], 2, "and only once");
    let keys = bridge.admin("/admin/v1/keys").json();
    assert_eq!(keys[0]["versions"][0]["state"], "retired");
    assert!(keys[0]["versions"][1]["uses"].as_u64().unwrap() >= 2);
}

#[test]
fn a_version_that_is_young_or_of_unknown_age_is_left_alone() {
    for known in [true, false] {
        let place = place("rotate_every_d = 90");
        if known {
            born(&place, 89 * 86_400);
        }
        let bridge = place.serve();
        std::thread::sleep(Duration::from_millis(2500));
        assert_eq!(mac(&bridge).json()["ver"], 1);
        // Its time runs from now on, at the latest.
        let keys = bridge.admin("/admin/v1/keys").json();
        assert!(keys[0]["versions"][0]["since"].as_u64().is_some(), "{keys}");
    }
}

#[test]
fn a_key_that_is_over_does_nothing_and_its_days_are_shown() {
    let over = place("not_after = 2020-01-01");
    let bridge = over.serve();
    let answer = mac(&bridge);
    assert_eq!((answer.status, answer.code().as_str()), (409, "key_state"));
    assert_eq!(bridge.orders(), 0.0);
    let start = Instant::now();
    while bridge.metric("hsmb_key_days_left", "") >= 0.0 {
        assert!(start.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(100));
    }
    let good = place("not_after = 2999-12-31T23:59:59Z");
    assert_eq!(mac(&good.serve()).status, 200);
    let wrong = place("not_after = \"2027-01-31\"");
    let checked = wrong.verb("check", &[]);
    assert!(!checked.status.success());
    let words = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert!(
        words.contains("key[0].not_after") && words.contains("2027-01-31"),
        "{words}"
    );
}

#[test]
fn a_schedule_needs_a_journal() {
    let place = Place::with_keys(Kind::SoftHsm, &[MAC]);
    let text = std::fs::read_to_string(place.path("bridge.toml")).unwrap();
    let more = "purpose = \"mac\"\nrotate_every_d = 1";
    place.write("bridge.toml", &text.replacen("purpose = \"mac\"", more, 1));
    let checked = place.verb("check", &[]);
    let words = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert!(words.contains("needs a `journal`"), "{words}");
}
