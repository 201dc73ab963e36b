//! What `sealgate export` writes is taken by what it is for: real Envoy, the schemas of Kubernetes, Istio
//! and Envoy Gateway, systemd.

mod kubernetes;
mod plugin;
mod unit;

use std::process::Command;

use sealgate_tests::keys::Keys;
use sealgate_tests::required;
use serde_json::{Value, json};

/// The suites' policy with its secrets in the environment, as an operator writes it.
fn policy(keys: &Keys) -> Value {
    let mut policy = keys.policy();
    policy["bridge"]["token"] = json!({ "env": "SEALGATE_BRIDGE_TOKEN", "encoding": "text" });
    policy["keys"][0]["material"] = json!({ "env": "PARTNER_A_MAC", "encoding": "hex" });
    policy["policies"]["payments"]["limits"]["max_body_bytes"] = json!(2_097_152);
    policy
}

/// What the verb writes, one value a document, and what it says.
fn export(target: &str, policy: &Value) -> (Vec<Value>, String) {
    let (text, said) = export_text(target, policy);
    let documents = text.split("\n---\n").map(|document| {
        serde_saphyr::from_str(document).unwrap_or_else(|error| panic!("{error}:\n{document}"))
    });
    (documents.collect(), said)
}

fn export_text(target: &str, policy: &Value) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.json");
    std::fs::write(&file, policy.to_string()).unwrap();
    let output = Command::new(required::sealgate())
        .args([
            "export",
            target,
            "--upstream",
            "http://127.0.0.1:18080",
            "--policy",
        ])
        .arg(&file)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    (String::from_utf8(output.stdout).unwrap(), said)
}
