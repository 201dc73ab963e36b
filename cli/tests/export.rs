//! `sealgate export`: what a policy says becomes another gateway's configuration, and reading that back
//! gives the policy again.

use std::process::Command;

use serde_json::{Value, json};

/// Standard output as a document, and standard error.
fn sealgate(arguments: &[&str], file: &str, text: &str) -> (Value, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(file);
    std::fs::write(&path, text).expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_sealgate"))
        .args(arguments)
        .arg(&path)
        .output()
        .expect("ran");
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(output.status.success(), "{said}");
    let document = String::from_utf8(output.stdout).expect("text");
    (serde_saphyr::from_str(&document).expect("YAML"), said)
}

fn export(gateway: &str, policy: &Value) -> (Value, String) {
    sealgate(
        &["export", gateway, "--policy"],
        "policy.json",
        &policy.to_string(),
    )
}

fn import(gateway: &str, configuration: &Value) -> Value {
    let text = configuration.to_string();
    sealgate(&["import", gateway, "--keep-weak"], "gateway.json", &text).0
}

fn key(id: &str, variable: &str) -> Value {
    json!({ "id": id, "use": "mac", "alg": "HS256", "material": { "env": variable, "encoding": "text" } })
}

fn policy(scheme: &str, keys: &[&str], more: Value) -> Value {
    let mut signature = json!({ "scheme": scheme, "keys": keys, "tolerance_seconds": 120 });
    for (name, value) in more.as_object().expect("members") {
        signature[name] = value.clone();
    }
    json!({ "signature": signature, "replay": { "by": "signature" } })
}

fn document(keys: Value, policies: Value, routes: Value) -> Value {
    json!({ "version": 1, "unmatched": "refuse", "keys": keys, "policies": policies, "routes": routes })
}

#[track_caller]
fn round_trip(gateway: &str, policy: &Value) -> (Value, String) {
    let (configuration, said) = export(gateway, policy);
    let back = import(gateway, &configuration);
    assert_eq!(&back, policy, "by way of {configuration:#}");
    (configuration, said)
}

#[test]
fn kong_and_back_with_exact_paths_hosts_and_keys_of_one_policy_only() {
    let policy = document(
        json!([
            key("alice", "SEALGATE_KEY_ALICE"),
            key("bob", "SEALGATE_KEY_BOB")
        ]),
        json!({
            "orders": policy("kong", &["alice", "bob"], json!({ "cover": ["x-tenant"] })),
            "reports": policy("kong", &["bob"], json!({ "accept_weak": ["body"] })),
        }),
        json!([
            { "match": { "path": "/r.json" }, "policy": "reports" },
            { "match": { "host": "api.bank.test", "path_prefix": "/orders", "methods": ["GET", "POST"] },
              "policy": "orders" },
        ]),
    );
    let (configuration, said) = round_trip("kong", &policy);
    let service = &configuration["services"][0];
    assert_eq!(service["name"], "orders");
    let hmac = &service["plugins"][0]["config"];
    let enforced = json!(["date", "@request-target", "digest", "x-tenant"]);
    assert_eq!(
        (&hmac["enforce_headers"], &hmac["clock_skew"]),
        (&enforced, &json!(120))
    );
    assert_eq!(
        configuration["services"][1]["routes"][0]["paths"],
        json!(["~/r\\.json$"])
    );
    assert!(said.contains("policies.orders.replay"), "{said}");
}

#[test]
fn apisix_and_back() {
    let policy = document(
        json!([key("john-key", "SEALGATE_KEY_JOHN_KEY")]),
        json!({ "pay": policy("apisix", &["john-key"], json!({ "accept_weak": ["body"] })) }),
        json!([
            { "match": { "path": "/refund", "methods": ["POST"] }, "policy": "pay" },
            { "match": { "path_prefix": "/pay", "methods": ["POST"] }, "policy": "pay" },
        ]),
    );
    let (configuration, _) = round_trip("apisix", &policy);
    let route = &configuration["routes"][0];
    assert_eq!(route["uris"], json!(["/refund", "/pay", "/pay/*"]));
    assert_eq!(route["upstream"]["nodes"], json!({ "127.0.0.1:8080": 1 }));
}

#[test]
fn higress_and_back_in_both_its_schemes() {
    for (scheme, plugin, weak) in [
        ("higress", "hmac-auth-apisix", json!({})),
        (
            "higress-x-ca",
            "hmac-auth",
            json!({ "accept_weak": ["body", "freshness"] }),
        ),
    ] {
        let (configuration, said) = export(
            "higress",
            &document(
                json!([key("app", "APP_SECRET")]),
                json!({ "rule-0": policy(scheme, &["app"], weak) }),
                json!([{ "match": { "host": "api.bank.test" }, "policy": "rule-0" }]),
            ),
        );
        assert_eq!(configuration["metadata"]["name"], plugin);
        assert!(said.contains("${NAME}"), "{said}");
        let back = import("higress", &configuration);
        assert_eq!(back["policies"]["rule-0"]["signature"]["scheme"], scheme);
        assert_eq!(back["keys"][0]["id"], "app");
        assert_eq!(
            back["routes"][0]["match"],
            json!({ "host": "api.bank.test" })
        );
    }
}

#[test]
fn what_a_gateway_cannot_do_is_said_and_no_secret_is_written() {
    let secret = "a-secret-that-must-not-be-printed";
    let mut policy = document(
        json!([
            { "id": "inline", "use": "mac", "alg": "HS256",
              "material": { "inline": secret, "encoding": "text" } },
            { "id": "hex", "use": "mac", "alg": "HS256", "material": { "env": "HEX", "encoding": "hex" } },
            { "id": "hard", "use": "mac", "alg": "HS256", "material": { "bridge": "hard" } },
        ]),
        json!({
            "orders": policy("kong", &["inline", "hex", "hard"], json!({})),
            "other": policy("rfc9421", &["inline"], json!({})),
        }),
        json!([{ "match": { "path_prefix": "/orders" }, "policy": "orders" }]),
    );
    policy["policies"]["orders"]["inspect"] = json!({ "classes": ["sqli"] });
    policy["policies"]["orders"]["token"] = json!({});
    let (configuration, said) = export("kong", &policy);
    for lost in [
        "policies.orders.inspect",
        "policies.orders.token",
        "keys[2].material",
        "scheme rfc9421 is not this gateway's",
        "bytes here and a text there",
        "takes keys that cannot be exported",
    ] {
        assert!(said.contains(lost), "{lost:?} is not in\n{said}");
    }
    assert!(!said.contains(secret) && !configuration.to_string().contains(secret));
    let consumers = configuration["consumers"].as_array().expect("consumers");
    assert_eq!(consumers.len(), 2);
}
