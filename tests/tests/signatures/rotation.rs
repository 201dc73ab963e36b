//! A sender changes its key while requests run; no request is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sealgate_tests::draft::{Draft, Signature};
use sealgate_tests::keys::{Keys, hex, random};
use sealgate_tests::load::Load;
use sealgate_tests::site::Site;
use serde_json::{Value, json};

/// The policy with these keys for the sender `partner-a-mac`, each under an id of its own.
fn policy(keys: &Keys, secrets: &[(&str, &[u8])]) -> Value {
    let mut policy = keys.policy();
    let table = policy["keys"].as_array_mut().unwrap();
    table.retain(|key| key["id"] != "partner-a-mac");
    for (id, secret) in secrets {
        table.push(json!({
            "id": id, "use": "mac", "alg": "HS256", "sender_kid": "partner-a-mac",
            "material": { "inline": hex(secret) },
        }));
    }
    let ids: Vec<&str> = secrets.iter().map(|(id, _)| *id).collect();
    for name in ["payments", "shared", "raw"] {
        policy["policies"][name]["signature"]["keys"] = json!(ids);
    }
    policy
}

#[test]
fn a_sender_changes_its_key_under_load_and_no_request_is_refused() {
    let site = Site::new();
    let keys = Keys::without_bridge();
    let new = random(32);
    let old = keys.mac.clone();
    let mut envoy = site.plugin(&policy(&keys, &[("old", &old)])).start();
    let switched = Arc::new(AtomicBool::new(false));
    let load = {
        let (switched, new) = (Arc::clone(&switched), new.clone());
        let raw = keys.raw.clone();
        let mac = keys.mac.clone();
        Load::start(2, envoy.address(), &site.certificates, move || {
            let mut keys = Keys::without_bridge();
            keys.raw.clone_from(&raw);
            keys.mac.clone_from(if switched.load(Ordering::SeqCst) {
                &new
            } else {
                &mac
            });
            Draft::raw(&keys).make()
        })
    };
    push(&mut envoy, &policy(&keys, &[("old", &old), ("new", &new)]));
    let signed_with = |secret: &[u8]| {
        let mut draft = Draft::raw(&keys);
        if let Signature::Rfc9421(signature) = &mut draft.signature {
            signature.key = secret.to_vec();
        }
        draft.make()
    };
    // The sender switches once the gate takes the new key.
    let until = Instant::now() + Duration::from_secs(20);
    while site.send(&envoy, &signed_with(&new)).status != 200 {
        assert!(Instant::now() < until, "the new key is not accepted");
        std::thread::sleep(Duration::from_millis(20));
    }
    load.wait_for_more(50);
    switched.store(true, Ordering::SeqCst);
    load.wait_for_more(50);
    push(&mut envoy, &policy(&keys, &[("new", &new)]));
    while site.send(&envoy, &signed_with(&old)).status != 401 {
        assert!(Instant::now() < until, "the old key is still accepted");
        std::thread::sleep(Duration::from_millis(20));
    }
    load.wait_for_more(50);
    let (sent, failed) = load.stop();
    assert!(failed.is_empty(), "{} of {sent}: {failed:?}", failed.len());
    let page = String::from_utf8(envoy.admin_get("/stats/prometheus").body).unwrap();
    for wanted in [
        "sealgate_key_last_used_seconds{key=\"old\"}",
        "sealgate_key_last_used_seconds{key=\"new\"}",
        "sealgate_clock_skew_seconds_count{sender=\"behind\"}",
    ] {
        assert!(page.contains(wanted), "no {wanted}");
    }
}

fn push(envoy: &mut sealgate_tests::envoy::Envoy, policy: &Value) {
    let text = policy.to_string();
    envoy.update(|plugin| plugin["configuration"]["value"] = json!(text));
}
