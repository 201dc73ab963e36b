//! `sealgate open` and `seal` beside the peers of each vendor's format: what they make it opens, what it
//! makes they open.

use std::io::Write as _;
use std::process::{Command, Stdio};

use base64ct::Encoding as _;
use openssl::symm::{Cipher, encrypt_aead};
use sealgate_tests::keys::random;
use sealgate_tests::required;
use serde_json::{Value, json};

use crate::peers::{
    GATE, SENDER, Vendor, josekit_opens, josekit_seals, josekit_signs, jwk, pem, wrapped,
};

const CARD: &str = r#"{"pan":"4111111111111111","cvc":"123"}"#;

/// The keys of both sides in files, as a person would have them.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, key) in [("gate", &*GATE), ("sender", &*SENDER)] {
            let path = |end: &str| folder.path().join(format!("{name}.{end}"));
            std::fs::write(path("pem"), pem(key)).unwrap();
            let mut public = jwk(key);
            public["kid"] = json!(format!("{name}-2026"));
            std::fs::write(path("jwk"), public.to_string()).unwrap();
        }
        Self(folder)
    }

    fn sealgate(&self, arguments: &[&str], input: &str) -> String {
        let mut child = Command::new(required::sealgate())
            .args(arguments)
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let fault = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {fault}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn opens(&self, more: &[&str], sealed: &str) -> Value {
        let arguments = [&["open", "--jwk", "gate.pem", "--format"][..], more].concat();
        serde_json::from_str(&self.sealgate(&arguments, sealed)).unwrap()
    }

    fn seals(&self, more: &[&str], plaintext: &str) -> Value {
        let url = "https://api.bank.test/pay";
        let start = ["seal", "--url", url, "--body-only"];
        let to = ["--recipient", "gate.jwk", "--format"];
        let arguments = [&start[..], &to, more].concat();
        let sealed = self.sealgate(&arguments, plaintext);
        serde_json::from_str(&sealed).unwrap_or(Value::String(sealed))
    }
}

fn card() -> Value {
    serde_json::from_str(CARD).unwrap()
}

#[test]
fn the_command_opens_what_josekit_and_openssl_make_in_each_vendors_format() {
    let desk = Desk::new();
    let token =
        |enc: &str, extra: Value, plaintext: &str| josekit_seals(enc, extra, plaintext.as_bytes());
    let nested = |alg: &str| {
        let signed = josekit_signs(alg, &SENDER, CARD.as_bytes());
        token("A256GCM", json!({}), &signed)
    };
    let verify = ["--verify", "sender.jwk"];
    assert_eq!(
        desk.opens(&["jwe"], &token("A256CBC-HS512", json!({}), CARD)),
        card()
    );
    let sealed =
        json!({ "encData": token("A128GCM", json!({ "iat": 1_800_000_000_000_u64 }), CARD) });
    assert_eq!(desk.opens(&["visa-mle"], &sealed.to_string()), card());
    let sealed = token("A256GCM", json!({ "iat": "1800000000000" }), CARD);
    for (member, more) in [
        ("encryptedRequest", &["cybersource"][..]),
        ("encryptedResponse", &["cybersource", "--response", "200"]),
    ] {
        let sealed = json!({ member: sealed }).to_string();
        assert_eq!(desk.opens(more, &sealed), card());
    }
    assert_eq!(
        desk.opens(&["wise"], &token("A256GCM", json!({}), CARD)),
        card()
    );
    assert_eq!(
        desk.opens(&[&["wise"][..], &verify].concat(), &nested("PS256")),
        card()
    );
    let token = nested("RS256");
    let parts: Vec<&str> = token.split('.').collect();
    let juspay = json!({ "header": parts[0], "encryptedKey": parts[1], "iv": parts[2],
                         "encryptedPayload": parts[3], "tag": parts[4] });
    assert_eq!(
        desk.opens(&[&["juspay"][..], &verify].concat(), &juspay.to_string()),
        card()
    );
    let consent = |value: Value| json!({ "consent": { "ConsentId": "c1", "PersonalIdentifiableInformation": value } });
    let sealed = consent(json!(nested("PS256"))).to_string();
    let more = [&["uae-open-finance"][..], &verify].concat();
    assert_eq!(desk.opens(&more, &sealed), consent(card()));

    let (secret, iv) = (random(16), random(16));
    let mut tag = [0; 16];
    let cipher = Cipher::aes_128_gcm();
    let data = encrypt_aead(cipher, &secret, Some(&iv), &[], CARD.as_bytes(), &mut tag).unwrap();
    let base64 = |bytes: &[u8]| openssl::base64::encode_block(bytes).replace('\n', "");
    let flow = json!({ "encrypted_flow_data": base64(&[&data[..], &tag].concat()),
        "encrypted_aes_key": base64(&wrapped(&secret)), "initial_vector": base64(&iv) });
    assert_eq!(desk.opens(&["whatsapp-flows"], &flow.to_string()), card());
}

#[test]
fn josekit_opens_what_the_command_makes() {
    let desk = Desk::new();
    let opened = |token: &Value| String::from_utf8(josekit_opens(token.as_str().unwrap())).unwrap();
    for (more, member) in [
        (&["jwe", "--enc", "A192CBC-HS384"][..], ""),
        (&["wise"], ""),
        (&["wise", "--response", "200"], ""),
        (&["visa-mle"], "/encData"),
        (&["cybersource"], "/encryptedRequest"),
        (&["cybersource", "--response", "500"], "/encryptedResponse"),
        (&["mastercard-jwe"], "/encryptedValue"),
    ] {
        let sealed = desk.seals(more, CARD);
        assert_eq!(opened(sealed.pointer(member).unwrap()), CARD, "{more:?}");
    }
    let signed = ["--sign-inside", "sender.pem"];
    for more in [&["wise"][..], &["wise", "--response", "200"]] {
        let nested = opened(&desk.seals(&[more, &signed].concat(), CARD));
        assert_eq!(nested.split('.').count(), 3, "{nested}");
        let header = nested.split('.').next().unwrap();
        let header = base64ct::Base64UrlUnpadded::decode_vec(header).unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        assert_eq!(header["alg"], "PS256");
    }
}

#[test]
fn mastercards_libraries_and_the_command_open_each_others_messages() {
    let desk = Desk::new();
    let order =
        json!({ "card": { "foo": { "pan": "4111", "name": "Zoe" }, "z": 1 }, "amount": 12 });
    let member = ["--field", "$.card.encryptedFoo.encryptedValue=$.card.foo"];
    for mut vendor in Vendor::both() {
        for (kind, more) in [
            ("jwe", &["mastercard-jwe"][..]),
            ("field", &["mastercard-field", "--text", "hex"]),
        ] {
            let more = [more, &member].concat();
            let made = vendor.ask(json!({ "do": "seal", "kind": kind, "text": "hex",
                "seal": { "card.foo": "card.encryptedFoo" }, "payload": order }));
            assert_eq!(desk.opens(&more, &made.to_string()), order, "{kind}");
            let ours = desk.seals(&more, &order.to_string());
            assert!(!ours.to_string().contains("4111"));
            let opened = vendor.ask(json!({ "do": "open", "kind": kind, "text": "hex",
                "payload": ours, "open": { "card.encryptedFoo": "card.foo" } }));
            assert_eq!(opened["card"]["foo"], order["card"]["foo"], "{kind}");
        }
    }
}
