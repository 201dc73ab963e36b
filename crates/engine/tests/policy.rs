//! What the policy compiler accepts, and what it says about everything else.

mod support;

use sealgate_engine::{Gate, MaterialSource, NoMaterials, PolicyFault, Reason};
use serde_json::{Value, json};
use support::{Host, Sender, policy};
use zeroize::Zeroizing;

fn faults(policy: &Value) -> Vec<PolicyFault> {
    match Gate::compile(policy.to_string().as_bytes(), &NoMaterials) {
        Ok(_) => Vec::new(),
        Err(faults) => faults,
    }
}

/// Changes a good policy and gives the places of all faults.
fn places(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut document = policy();
    change(&mut document);
    faults(&document)
        .into_iter()
        .map(|fault| fault.path)
        .collect()
}

#[test]
fn all_faults_of_a_document_are_reported_at_once_each_with_its_place() {
    let places = places(|document| {
        document["keys"][0]["alg"] = json!("MD5");
        document["keys"][2]["material"] = json!({ "inline": "abc" });
        document["policies"]["pay"]["limits"]["max_body_bytes"] = json!(0);
        document["policies"]["pay"]["channel"]["min_tls"] = json!("1.0");
        document["policies"]["pay"]["signature"]["tolerence_seconds"] = json!(5);
        document["policies"]["pay"]["token"]["audience"] = json!([]);
        document["policies"]["pay"]["inspect"]["classes"] = json!(["sqli", "magic"]);
        document["routes"][0]["policy"] = json!("nope");
        document["routes"][1]["match"] = json!({});
        document["unmatched"] = json!("maybe");
        document["routs"] = json!([]);
    });
    for expected in [
        "keys[0].alg",
        "keys[2].material.inline",
        "policies.pay.limits.max_body_bytes",
        "policies.pay.channel.min_tls",
        "policies.pay.signature.tolerence_seconds",
        "policies.pay.token.audience",
        "policies.pay.inspect.classes[1]",
        "routes[0].policy",
        "routes[1].match",
        "unmatched",
        "routs",
    ] {
        assert!(
            places.iter().any(|place| place == expected),
            "{expected} is not in {places:#?}"
        );
    }
}

#[test]
fn each_fault_says_what_to_do_and_none_tells_a_secret() {
    let secret = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffeeXX";
    let mut document = policy();
    document["keys"][0]["material"] = json!({ "inline": secret });
    document["keys"][1]["material"] = json!({ "inline": secret, "env": "A" });
    document["keys"][2]["material"] = json!(secret);
    document["bridge"]["timeout_ms"] = json!(secret);
    let faults = faults(&document);
    assert!(faults.len() >= 4);
    for fault in faults {
        assert!(!fault.to_string().contains("c0ffee"), "{fault}");
        assert!(
            !fault.problem.is_empty() && !fault.fix.is_empty(),
            "{fault}"
        );
    }
}

#[test]
fn what_is_not_one_json_object_is_refused() {
    for document in [
        "",
        "[]",
        "{",
        "{}{}",
        "{\"version\":1,\"version\":1,\"unmatched\":\"refuse\"}",
        "\u{feff}{}",
    ] {
        assert!(
            Gate::compile(document.as_bytes(), &NoMaterials).is_err(),
            "{document}"
        );
    }
    assert_eq!(
        places(|document| document["version"] = json!(2)),
        ["version"]
    );
    assert_eq!(
        places(|document| {
            document.as_object_mut().unwrap().remove("unmatched");
        }),
        ["unmatched"]
    );
}

#[test]
fn weak_choices_need_to_be_written_out() {
    let signature = |change: Value| {
        places(|document| {
            for (name, value) in change.as_object().unwrap() {
                document["policies"]["pay"]["signature"][name] = value.clone();
            }
        })
    };
    let cover = "policies.pay.signature.cover";
    assert_eq!(
        signature(json!({ "cover": ["@target-uri", "content-digest"] })),
        [cover]
    );
    assert_eq!(
        signature(json!({ "cover": ["@method", "@path", "content-digest"] })),
        [cover]
    );
    assert_eq!(
        signature(json!({ "cover": ["@method", "@target-uri"] })),
        [cover]
    );
    assert_eq!(
        signature(json!({ "cover": ["@method", "@target-uri"], "accept_weak": ["body"] })),
        [""; 0]
    );
    assert_eq!(
        signature(json!({ "cover": ["@method", "@path", "@query", "content-digest"] })),
        [""; 0]
    );
    assert_eq!(
        signature(json!({ "accept_weak": ["everything"] })),
        ["policies.pay.signature.accept_weak[0]"]
    );

    let github = json!({ "scheme": "github", "keys": ["partner"] });
    let count = places(|document| {
        document["policies"]["pay"]["signature"] = github.clone();
        document["policies"]["pay"]["replay"] = json!({ "by": "signature", "ttl_seconds": 600 });
    });
    assert_eq!(
        count.len(),
        4,
        "method, path, query and freshness: {count:?}"
    );
}

#[test]
fn a_token_that_everyone_can_make_is_not_a_token() {
    let asymmetric = |document: &mut Value| {
        document["keys"][1] = json!({ "id": "wrap", "use": "decrypt", "alg": "ECDH-ES+A256KW", "material": { "bridge": "gw" } });
        document["policies"]["pay"]["token"]
            .as_object_mut()
            .unwrap()
            .remove("verify");
    };
    assert_eq!(places(asymmetric), ["policies.pay.token.verify"]);
    let written = places(|document| {
        asymmetric(document);
        document["policies"]["pay"]["token"]["accept_weak"] = json!(["unsigned-token"]);
    });
    assert_eq!(written, [""; 0]);
}

#[test]
fn rsa_keys_and_private_keys_that_verify_are_not_taken_into_the_process() {
    for alg in ["RSA-OAEP", "RSA-OAEP-256", "RSA-OAEP-384", "RSA-OAEP-512"] {
        let places = places(|document| {
            document["keys"][1]["alg"] = json!(alg);
            document["keys"][1]["material"] = json!({ "inline": support::hex(&[1; 32]) });
        });
        assert!(
            places.contains(&"keys[1].material".to_owned()),
            "{alg}: {places:?}"
        );
    }
    let jwk = json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "d": "AA" });
    let places = places(|document| {
        document["keys"][3] =
            json!({ "id": "idp", "use": "verify", "alg": "ES256", "material": { "jwk": jwk } });
    });
    assert!(
        places.contains(&"keys[3].material".to_owned()),
        "{places:?}"
    );
}

#[test]
fn claims_go_only_to_headers_that_nobody_else_gives_a_meaning() {
    for header in [
        "host",
        "authorization",
        "content-length",
        "X-Sub",
        "x sub",
        "",
    ] {
        let places = places(|document| {
            document["policies"]["pay"]["token"]["claims_to_headers"] = json!({ "sub": header });
        });
        assert_eq!(
            places,
            ["policies.pay.token.claims_to_headers.sub"],
            "{header}"
        );
    }
}

#[test]
fn a_replay_guard_rests_on_an_enforced_signature() {
    let without = places(|document| {
        document["policies"]["pay"]
            .as_object_mut()
            .unwrap()
            .remove("signature");
    });
    assert_eq!(without, ["policies.pay.replay"]);
    let observed = places(|document| {
        document["policies"]["pay"]["signature"]["mode"] = json!("observe");
    });
    assert_eq!(observed, ["policies.pay.replay.mode"]);
}

#[test]
fn keys_in_the_bridge_need_to_know_the_bridge() {
    let missing = places(|document| {
        document.as_object_mut().unwrap().remove("bridge");
    });
    assert_eq!(missing, ["bridge"]);
    let short = places(|document| document["bridge"]["token"]["inline"] = json!("short"));
    assert_eq!(short, ["bridge.token"]);
}

#[test]
fn material_comes_from_where_the_policy_says() {
    struct Source;
    impl MaterialSource for Source {
        fn env(&self, name: &str) -> Option<Zeroizing<Vec<u8>>> {
            (name == "MAC")
                .then(|| Zeroizing::new(format!("{}\n", support::hex(&support::MAC)).into_bytes()))
        }
        fn file(&self, path: &str) -> Option<Zeroizing<Vec<u8>>> {
            (path == "mac.b64")
                .then(|| Zeroizing::new(support::base64url(&support::MAC).into_bytes()))
        }
    }
    for material in [
        json!({ "env": "MAC" }),
        json!({ "file": "mac.b64", "encoding": "base64url" }),
    ] {
        let mut document = policy();
        document["keys"][0]["material"] = material.clone();
        let gate = Gate::compile(document.to_string().as_bytes(), &Source)
            .unwrap_or_else(|faults| panic!("{faults:?}"));
        assert_eq!(
            Host::default()
                .judge(&gate, &Sender::default().seal())
                .reason(),
            None
        );
        let missing = faults(&document);
        assert_eq!(
            missing.len(),
            2,
            "the key, and the policy that names it: {missing:?}"
        );
    }
}

#[test]
fn routes_match_by_segment_host_method_name_and_metadata() {
    let mut document = policy();
    document["routes"] = json!([
        { "match": { "path": "/pay/exact" }, "open": true },
        { "match": { "path_prefix": "/pay" , "host": "api.bank.test", "route_name": "r1" }, "policy": "pay" },
        { "match": { "path_prefix": "/free/" }, "open": true }
    ]);
    let gate = support::gate(&document);
    let judge = |change: &dyn Fn(&mut support::Sealed)| {
        let mut sealed = Sender::default().seal();
        sealed.head.route_name = Some("r1".into());
        change(&mut sealed);
        let verdict = Host::default().judge(&gate, &sealed);
        (
            verdict.exchange().policy_name().to_owned(),
            verdict.reason(),
        )
    };
    assert_eq!(judge(&|_| {}), ("pay".into(), None));
    assert_eq!(
        judge(&|sealed| sealed.set(":path", b"/pay/exact?x")).0,
        "open"
    );
    assert_eq!(
        judge(&|sealed| sealed.set(":path", b"/payx")).1,
        Some(Reason::NoRoute)
    );
    assert_eq!(
        judge(&|sealed| sealed.set(":path", b"/free")).1,
        Some(Reason::NoRoute)
    );
    assert_eq!(judge(&|sealed| sealed.set(":path", b"/free/x")).0, "open");
    assert_eq!(
        judge(&|sealed| sealed.set(":authority", b"API.bank.test:8443")).0,
        "pay"
    );
    assert_eq!(
        judge(&|sealed| sealed.set(":authority", b"evil.test")).1,
        Some(Reason::NoRoute)
    );
    assert_eq!(
        judge(&|sealed| sealed.head.route_name = None).1,
        Some(Reason::NoRoute)
    );
    let by_metadata = judge(&|sealed| {
        sealed.set(":path", b"/free/x");
        sealed.head.metadata_policy = Some("pay".into());
    });
    assert_eq!(by_metadata.0, "pay", "metadata decides before the table");
}

#[test]
fn warnings_name_what_a_choice_gives_away() {
    let mut document = policy();
    document["unmatched"] = json!("pass");
    let pay = document["policies"]["pay"].as_object_mut().unwrap();
    pay.remove("replay");
    pay.remove("inspect");
    pay["token"]["mode"] = json!("observe");
    document["routes"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "match": { "path": "/pay/1", "methods": ["POST"] }, "open": true }));
    let gate = support::gate(&document);
    let codes: Vec<&str> = gate.warnings().iter().map(|warning| warning.code).collect();
    for code in [
        "unmatched-pass",
        "no-replay-guard",
        "no-inspection",
        "observe-only",
        "shadowed-route",
    ] {
        assert!(codes.contains(&code), "{code} is not in {codes:?}");
    }
    assert_eq!(support::gate(&policy()).warnings(), []);
}
