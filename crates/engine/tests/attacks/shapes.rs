//! Spelling and shape: A31 to A33 of docs/jose.md.

use sealgate_engine::Reason;
use serde_json::{Value, json};

use crate::forge::{Forge, direct_header, signed_claims};
use crate::site::Site;
use crate::support::base64url;

/// A token has exactly one spelling.
#[test]
fn a31_other_spellings_of_base64url() {
    type Respell = fn(&str) -> String;
    const SPELLINGS: [(&str, Respell); 8] = [
        ("padding", |text| format!("{text}=")),
        ("double padding", |text| format!("{text}==")),
        ("plus", |text| format!("+{}", &text[1..])),
        ("slash", |text| format!("/{}", &text[1..])),
        ("a space", |text| format!("{} {}", &text[..4], &text[4..])),
        ("a line feed", |text| {
            format!("{}\n{}", &text[..4], &text[4..])
        }),
        ("length 1 mod 4", |text| {
            format!("{}A", &text[..text.len() / 4 * 4])
        }),
        ("not ASCII", |text| format!("{text}\u{e9}")),
    ];
    let mut site = Site::new();
    let good = Forge::wrapped(32);
    let names = ["protected", "encrypted_key", "iv", "ciphertext", "tag"];
    for (name, respell) in SPELLINGS {
        for (at, member) in names.iter().enumerate() {
            let mut parts = good.parts();
            parts[at] = respell(&parts[at]);
            let token = parts.join(".");
            site.refuses(name, &token, Reason::TokenMalformed);
            let mut message = good.flattened();
            message[*member] = json!(parts[at]);
            site.refuses_json(name, &message, Reason::PayloadMalformed);
        }
        let inner = signed_claims();
        for at in 0..3 {
            let mut parts: Vec<String> = inner.split('.').map(str::to_owned).collect();
            parts[at] = respell(&parts[at]);
            let token = Forge::around(parts.join(".")).token();
            site.refuses(name, token, Reason::TokenSignature);
        }
    }
    // The 22 characters of a tag have 4 bits to spare, which must be zero.
    let mut parts = good.parts();
    let last = parts[4].pop().unwrap() as u8;
    parts[4].push(char::from(last + 1));
    site.refuses("stray bits", parts.join("."), Reason::TokenMalformed);
}

#[test]
fn a32_more_or_fewer_parts() {
    let mut site = Site::new();
    let good = Forge::direct(direct_header(&json!({}))).token();
    for (name, token) in [
        ("four", good.rsplit_once('.').unwrap().0.to_owned()),
        ("six", format!("{good}.AAAA")),
        ("a dot behind", format!("{good}.")),
        ("a dot before", format!(".{good}")),
        ("only dots", "....".to_owned()),
        ("10 000 dots", ".".repeat(10_000)),
        ("a million dots", ".".repeat(1_000_000)),
    ] {
        site.refuses(name, token, Reason::TokenMalformed);
    }
    let inner = signed_claims();
    for (name, inner) in [
        ("two", inner.rsplit_once('.').unwrap().0.to_owned()),
        ("four", format!("{inner}.AAAA")),
        ("a dot behind", format!("{inner}.")),
        ("dots", ".".repeat(4000)),
    ] {
        site.refuses(name, Forge::around(inner).token(), Reason::TokenSignature);
    }
}

#[test]
fn a33_json_serializations() {
    let mut site = Site::new();
    let good = Forge::wrapped(32);
    let flattened = good.flattened();
    site.refuses(
        "JSON as a token",
        flattened.to_string(),
        Reason::TokenMalformed,
    );
    site.refuses_body(
        "JSON as a compact body",
        flattened.to_string(),
        Reason::PayloadMalformed,
    );
    let recipient = json!({ "encrypted_key": flattened["encrypted_key"] });
    let general = |recipients: Value| {
        let mut message = flattened.clone();
        message.as_object_mut().unwrap().remove("encrypted_key");
        message["recipients"] = recipients;
        message
    };
    let differing =
        json!({ "header": { "enc": "A128GCM" }, "encrypted_key": recipient["encrypted_key"] });
    let mut both = general(json!([recipient]));
    both["encrypted_key"] = flattened["encrypted_key"].clone();
    for (name, message) in [
        ("recipients and encrypted_key", both),
        ("no recipient", general(json!([]))),
        (
            "nine recipients",
            general(json!(vec![recipient.clone(); 9])),
        ),
        ("an object", general(json!({}))),
        ("a recipient that is text", general(json!(["x"]))),
        ("another enc", general(json!([differing]))),
    ] {
        site.refuses_json(name, &message, Reason::PayloadMalformed);
    }
    // A thousand are too much to be read at all.
    let reason = site.json(&general(json!(vec![recipient.clone(); 1000])));
    assert!(matches!(
        reason,
        Some(Reason::BodyTooLarge | Reason::PayloadMalformed)
    ));
    // However many are for us, one message costs one question.
    let mut shared = flattened.clone();
    shared["protected"] = json!(base64url(br#"{"enc":"A256GCM"}"#));
    shared.as_object_mut().unwrap().remove("encrypted_key");
    let ours = json!({ "header": { "alg": "A256KW", "kid": "wrap" }, "encrypted_key": base64url(&[1; 40]) });
    shared["recipients"] = json!(vec![ours; 8]);
    let mut site = Site::new();
    assert_eq!(site.json(&shared), Some(Reason::PayloadKeyRefused));
    assert_eq!(site.host.questions.len(), 1);
}
