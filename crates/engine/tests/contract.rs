//! The positive model: what the route's OpenAPI document does not allow never reaches the scan.

mod support;

use sealgate_engine::{Gate, NoMaterials, Reason};
use serde_json::{Value, json};
use support::{Host, Sender, Verdict, gate, policy};

fn document() -> Value {
    let mut policy = policy();
    policy["policies"]["pay"]["inspect"]["openapi"] = json!({
        "openapi": "3.1.0",
        "paths": { "/pay": { "post": { "requestBody": {
            "required": true,
            "content": { "application/json": { "schema": {
                "type": "object",
                "properties": {
                    "amount": { "type": "string", "pattern": "^[0-9]+\\.[0-9]{2}$" },
                    "note": { "type": "string" },
                },
            } } },
        } } } },
    });
    policy
}

fn judged(target: &str, plaintext: &str) -> (Option<Reason>, Option<String>) {
    let sender = Sender {
        target: target.to_owned(),
        plaintext: plaintext.as_bytes().to_vec(),
        ..Sender::default()
    };
    match Host::default().judge(&gate(&document()), &sender.seal()) {
        Verdict::Forwarded(..) => (None, None),
        Verdict::Refused(reason, exchange) => {
            (Some(reason), exchange.finding_place().map(str::to_owned))
        }
    }
}

#[test]
fn a_decrypted_body_is_held_against_the_document_and_then_scanned() {
    for (target, plaintext, reason, place) in [
        ("/pay", r#"{"amount":"12.50","note":"x"}"#, None, None),
        (
            "/pay",
            r#"{"amount":"12.50' or '1'='1"}"#,
            Some(Reason::ContractBody),
            Some("pattern at json:/amount"),
        ),
        (
            "/pay",
            r#"{"amount":"1.00","admin":true}"#,
            Some(Reason::ContractBody),
            Some("unknown-member at json:"),
        ),
        (
            "/pay",
            "[",
            Some(Reason::ContractBody),
            Some("not-json at json:"),
        ),
        (
            "/pay/other",
            r#"{"amount":"1.00"}"#,
            Some(Reason::ContractOperation),
            None,
        ),
        (
            "/pay",
            r#"{"note":"1' or '1'='1"}"#,
            Some(Reason::InjectionSql),
            Some("json:/note"),
        ),
    ] {
        let (got, at) = judged(target, plaintext);
        assert_eq!(got, reason, "{target} {plaintext}");
        assert_eq!(at.as_deref(), place, "{target} {plaintext}");
    }
}

#[test]
fn a_document_that_would_not_be_enforced_is_a_fault_of_the_policy() {
    let faults = |openapi: Value| {
        let mut policy = document();
        policy["policies"]["pay"]["inspect"]["openapi"] = openapi;
        Gate::compile(policy.to_string().as_bytes(), &NoMaterials)
            .err()
            .expect("faults")
            .into_iter()
            .map(|fault| fault.path)
            .collect::<Vec<_>>()
    };
    let at = "policies.pay.inspect.openapi";
    assert_eq!(faults(json!({ "file": "api.yaml" })), [at]);
    assert_eq!(
        faults(json!({ "openapi": "2.0" })),
        [format!("{at}/openapi"), format!("{at}/paths")]
    );
}

#[test]
fn the_document_is_explained() {
    let explained = gate(&document()).explain();
    let lines = &explained[0].1;
    assert!(
        lines.iter().any(|line| line.contains("OpenAPI document")),
        "{lines:?}"
    );
}
