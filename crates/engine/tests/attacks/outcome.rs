//! What a refusal tells and what a failure leaves: A19, A37, A42 and A44 of docs/jose.md. The times of A37 are
//! measured by `cargo xtask bench timing`.

use sealgate_engine::{Reason, Stage};
use serde_json::json;

use crate::forge::{Forge, direct_header, es256_by};
use crate::site::{Site, claims};

/// AL is counted in 64 bits; a message that long is refused for its length, and nothing wraps.
#[test]
fn a19_the_length_of_the_associated_data() {
    let mut message = Forge::around("{}").flattened();
    message["aad"] = json!("A".repeat(4 << 20));
    let reason = Site::new().json(&message);
    assert_eq!(reason, Some(Reason::BodyTooLarge));
    message["aad"] = json!("AAAA");
    Site::new().refuses_json(
        "aad that was not sealed",
        &message,
        Reason::PayloadNotOpened,
    );
}

/// `Site::judge` holds every one of these against the same answer, byte for byte.
#[test]
fn a37_every_failure_is_one_answer() {
    let mut site = Site::new();
    let good = Forge::wrapped(32);
    let mut bad_wrap = good.clone();
    bad_wrap.encrypted_key[0] ^= 1;
    let mut bad_tag = good.clone();
    bad_tag.tag[0] ^= 1;
    let mut bad_header = good.clone();
    bad_header.header.insert(1, b' ');
    let bad_signature = es256_by(
        &[0x53; 32],
        &json!({ "alg": "ES256", "kid": "idp" }),
        claims().to_string().as_bytes(),
    );
    let unknown = direct_header(&json!({ "kid": "nobody" }));
    for (name, token, reason) in [
        (
            "unknown kid",
            Forge::direct(unknown),
            Reason::TokenKeyUnknown,
        ),
        ("bad unwrap", bad_wrap, Reason::TokenNotOpened),
        ("bad tag", bad_tag, Reason::TokenNotOpened),
        ("changed header", bad_header, Reason::TokenNotOpened),
        (
            "bad padding",
            Forge::cbc(&[0x5c; 32]),
            Reason::TokenNotOpened,
        ),
        (
            "bad signature inside",
            Forge::around(bad_signature),
            Reason::TokenSignature,
        ),
    ] {
        site.refuses(name, token.token(), reason);
        assert_eq!(reason.stage(), Stage::Token);
    }
}

/// RUSTSEC-2023-0096: the verdict has no way to carry a body, and the exchange goes nowhere from it.
#[test]
fn a42_nothing_of_a_body_whose_tag_fails() {
    let mut site = Site::new();
    for at in [0, 7, 15] {
        let mut body = Forge::around(r#"{"to":"a","amount":12}"#);
        body.tag[at] ^= 0x80;
        site.refuses_body("tag", body.token(), Reason::PayloadNotOpened);
        site.refuses_json("tag", &body.flattened(), Reason::PayloadNotOpened);
    }
}

/// A token under the all-zero key, as a sender makes it whose random source failed (cjose 132).
#[test]
fn a44_the_key_of_a_failed_random_source() {
    let mut site = Site::new();
    for kid in ["direct", "kw"] {
        let header = match kid {
            "kw" => json!({ "alg": "A256KW", "enc": "A256GCM", "kid": "kw" }).to_string(),
            _ => direct_header(&json!({})),
        };
        let mut token = Forge::sealed(header.as_bytes(), &[0; 32], b"{}");
        if kid == "kw" {
            token.encrypted_key = vec![0; 40];
        }
        site.refuses(kid, token.token(), Reason::TokenNotOpened);
    }
}
