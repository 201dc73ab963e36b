//! Sealed bodies beyond one whole JWE: members, records, formats with conditions; and claims that go
//! to the host.

mod support;

use sealgate_engine::{Entropy, Forward, Gate, HeaderEdit, NoMaterials, Reason};
use sealgate_format::records::Records;
use sealgate_jose::jwe::{ContentEncryption, EncryptionKey, KeyManagement, SealSpec, seal_compact};
use serde_json::{Value, json};
use support::{BODY_KEY, Host, Sender, WRAP_KEY, gate, policy, seal_jwe};

/// The full policy without token and with this `payload`.
fn document(payload: Value) -> Value {
    let mut policy = policy();
    let pay = policy["policies"]["pay"].as_object_mut().unwrap();
    pay.remove("token");
    pay.insert("payload".into(), payload);
    policy
}

fn judged(
    document: &Value,
    body: Vec<u8>,
    headers: &[(&str, &str)],
) -> Result<(Forward, usize), Reason> {
    let mut host = Host::default();
    let sealed = Sender::default().sign(body, headers);
    match host.judge(&gate(document), &sealed) {
        support::Verdict::Forwarded(forward, _) => Ok((forward, host.questions.len())),
        support::Verdict::Refused(reason, _) => Err(reason),
    }
}

fn members() -> Value {
    document(json!({
        "format": "jwe", "keys": ["wrap"],
        "options": { "fields": [
            { "sealed": "$.items[*].sealed", "plain": "$.items[*].account" },
            { "sealed": "$.note.box", "plain": "$.note", "optional": true }
        ] }
    }))
}

fn body_with(first: &str, second: &str) -> Vec<u8> {
    let seal = |text: &str| seal_jwe(text.as_bytes(), Some("wrap"), None);
    format!(
        r#"{{ "n": 1.50, "items": [ {{"sealed": "{}", "id": 1}}, {{"id": 2, "sealed": "{}"}} ] }}"#,
        seal(first),
        seal(second)
    )
    .into_bytes()
}

#[test]
fn each_sealed_member_is_opened_in_its_place_with_a_key_from_the_bridge() {
    let body = body_with("{\"iban\":\"DE1\"}", "\"x\"");
    let json = [("content-type", "application/json; charset=utf-8")];
    let (forward, questions) = judged(&members(), body, &json).unwrap();
    let expected = r#"{ "n": 1.50, "items": [ {"account":{"iban":"DE1"}, "id": 1}, {"id": 2, "account":"x"} ] }"#;
    assert_eq!(forward.body(), Some(expected.as_bytes()));
    assert_eq!(questions, 2, "one key for each member");
    let edit = |name: &str, value: &str| HeaderEdit::Set(name.into(), value.into());
    let edits = forward.edits();
    assert!(edits.contains(&edit("content-type", "application/json; charset=utf-8")));
    assert!(edits.contains(&edit("content-length", &expected.len().to_string())));
}

#[test]
fn an_injection_inside_a_sealed_member_is_found() {
    let body = body_with("\"x' OR 1=1--\"", "1");
    let json = [("content-type", "application/json")];
    assert_eq!(
        judged(&members(), body, &json).err(),
        Some(Reason::InjectionSql)
    );
}

#[test]
fn a_body_that_is_not_sealed_where_it_must_be_is_refused() {
    let json = [("content-type", "application/json")];
    let refused = |body: &str| judged(&members(), body.into(), &json).err();
    assert_eq!(
        refused(r#"{"items":[{"account":"x"}]}"#),
        Some(Reason::PayloadFormat)
    );
    assert_eq!(
        refused(r#"{"items":[{"sealed":"x"}]}"#),
        Some(Reason::PayloadMalformed)
    );
    assert_eq!(refused("[]"), Some(Reason::PayloadMalformed));
    let text = judged(
        &members(),
        body_with("1", "2"),
        &[("content-type", "text/plain")],
    );
    assert_eq!(text.err(), Some(Reason::PayloadFormat));
    let token = seal_jwe(b"1", Some("stranger"), None);
    let stranger = format!(r#"{{"items":[{{"sealed":"{token}"}}]}}"#);
    assert_eq!(refused(&stranger), Some(Reason::PayloadKeyUnknown));
}

#[test]
fn a_content_encryption_that_the_key_is_not_for_is_refused_before_the_bridge_is_asked() {
    let spec = SealSpec {
        kid: Some("wrap"),
        ..SealSpec::new(ContentEncryption::A128Gcm)
    };
    let key = EncryptionKey::shared(KeyManagement::A256Kw, &WRAP_KEY).unwrap();
    let mut entropy = Entropy::from_seed([1; 32]);
    let mut random = |bytes: &mut [u8]| entropy.fill(bytes);
    let token = seal_compact(b"{}", &spec, &key, &mut random).unwrap();
    let document = document(json!({ "format": "jwe", "keys": ["wrap"] }));
    let sealed =
        Sender::default().sign(token.into_bytes(), &[("content-type", "application/jose")]);
    let mut host = Host::default();
    let verdict = host.judge(&gate(&document), &sealed);
    assert_eq!(verdict.reason(), Some(Reason::PayloadKeyUnknown));
    assert_eq!(host.questions, Vec::<String>::new());
}

#[test]
fn records_are_opened_as_one_text_and_scanned_over_their_borders() {
    for (name, records) in [
        ("aes128gcm", Records::Aes128Gcm),
        ("aes-256-gcm-records", Records::Aes256Gcm),
    ] {
        let document = document(json!({ "format": name, "keys": ["raw"] }));
        let target = Sender::default().target;
        let sealed = |plaintext: &str| {
            let data = records.request_data(b"POST", target.as_bytes(), b"raw");
            let made = records.seal(plaintext.as_bytes(), &BODY_KEY, b"raw", 24, [1; 16], &data);
            made.unwrap()
        };
        let headers = [
            ("content-type", "application/json"),
            ("content-encoding", records.coding()),
        ];
        let clean = r#"{"to":"somebody","amount":12}"#;
        let (forward, _) = judged(&document, sealed(clean), &headers).unwrap();
        assert_eq!(forward.body(), Some(clean.as_bytes()));
        assert!(
            forward
                .edits()
                .contains(&HeaderEdit::Remove("content-encoding".into()))
        );
        let attack = sealed(r#"{"a":"x' OR 1=1-- "}"#);
        assert_eq!(
            judged(&document, attack, &headers).err(),
            Some(Reason::InjectionSql)
        );
        let mut cut = sealed(clean);
        cut.truncate(cut.len() - 20);
        assert_eq!(
            judged(&document, cut, &headers).err(),
            Some(Reason::PayloadNotOpened)
        );
        let plain = judged(&document, clean.into(), &headers[..1]);
        assert_eq!(plain.err(), Some(Reason::PayloadFormat));
    }
}

#[test]
fn a_format_without_a_tag_needs_a_signature_or_a_word() {
    let places = |document: &Value| -> Vec<String> {
        let compiled = Gate::compile(document.to_string().as_bytes(), &NoMaterials);
        let faults = compiled.err().unwrap_or_default();
        faults.into_iter().map(|fault| fault.path).collect()
    };
    let mut field = document(json!({ "format": "mastercard-field", "keys": ["wrap"] }));
    field["keys"][1]["alg"] = json!("RSA-OAEP-256");
    assert_eq!(places(&field), Vec::<String>::new());
    let pay = field["policies"]["pay"].as_object_mut().unwrap();
    pay.remove("signature");
    pay.remove("replay");
    assert_eq!(places(&field), ["policies.pay.payload.format"]);
    field["policies"]["pay"]["payload"]["accept_weak"] = json!(["unauthenticated-encryption"]);
    assert_eq!(places(&field), Vec::<String>::new());
    let toss = document(json!({ "format": "toss", "keys": ["wrap"] }));
    assert_eq!(
        places(&toss),
        ["policies.pay.payload.keys[0]"],
        "a key of another algorithm"
    );
    let juspay = document(json!({ "format": "juspay", "keys": [] }));
    assert_eq!(
        places(&juspay),
        ["policies.pay.payload.verify", "policies.pay.payload.keys"]
    );
    let mut answers = document(json!({ "format": "jwe", "keys": ["wrap"] }));
    answers["policies"]["pay"]["respond"] = json!({ "encrypt": { "format": "whatsapp-flows" } });
    assert_eq!(places(&answers), ["policies.pay.respond.encrypt.format"]);
}

#[test]
fn claims_inside_claims_go_to_headers_and_to_the_host() {
    let mut document = policy();
    let token = &mut document["policies"]["pay"]["token"];
    token["claims_to_headers"] =
        json!({ "/org/name": "x-org", "roles": "x-roles", "absent": "x-absent" });
    token["claims_to_metadata"] = json!({ "sub": "subject", "/org/tier": "tier" });
    token["claims_join"] = json!("space");
    let mut sender = Sender::default();
    sender.claims["org"] = json!({ "name": "ACME", "tier": 3 });
    sender.claims["roles"] = json!(["pay", "read"]);
    sender.extra.push(("x-org".into(), b"Evil".to_vec()));
    sender.extra.push(("x-absent".into(), b"admin".to_vec()));
    let forward = Host::default()
        .judge(&gate(&document), &sender.seal())
        .forwarded();
    let edits = forward.edits();
    let set = |name: &str, value: &str| HeaderEdit::Set(name.into(), value.into());
    assert!(edits.contains(&set("x-org", "ACME")) && edits.contains(&set("x-roles", "pay read")));
    assert!(
        edits.contains(&HeaderEdit::Remove("x-absent".into())),
        "a client's own copy"
    );
    let metadata: Vec<(&str, &str)> = forward
        .metadata()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(metadata, [("tier", "3"), ("subject", "alice")]);
    sender.claims["org"]["tier"] = json!("gold\r\nx-admin: 1");
    let verdict = Host::default().judge(&gate(&document), &sender.seal());
    assert_eq!(verdict.reason(), Some(Reason::TokenClaimValue));
    let mut wrong = policy();
    wrong["policies"]["pay"]["token"]["claims_to_metadata"] =
        json!({ "sub": "sealgate_reason", "/a~2": "x" });
    let faults = Gate::compile(wrong.to_string().as_bytes(), &NoMaterials)
        .err()
        .unwrap();
    assert_eq!(faults.len(), 2);
}
