//! JWS whose payload travels elsewhere (RFC 7515 appendix F, RFC 7797), and JWS in JSON: A30 and
//! the rows of the attack table that concern them.

use sealgate_jose::jws::{
    Detached, PayloadForm, SignKey, SignSpec, Signed, VerifyKey, sign_compact,
};
use sealgate_jose::{JoseError, Limits};
use serde_json::{Value, json};

mod support;
use support::{decode, encode};

const SECRET: [u8; 32] = [0x44; 32];
const PAYLOAD: &[u8] = b"{\"a.b\":\"\xc3\xa9\"}";

fn token(form: PayloadForm) -> String {
    let spec = SignSpec {
        form,
        ..SignSpec::default()
    };
    sign_compact(PAYLOAD, &spec, &SignKey::hs256(&SECRET).unwrap()).unwrap()
}

fn key() -> VerifyKey {
    VerifyKey::hs256(&SECRET).unwrap()
}

fn code<T>(result: Result<T, JoseError>) -> Option<&'static str> {
    result.err().map(JoseError::code)
}

/// RFC 7797 section 4.2, typed in from its text.
#[test]
fn rfc_7797_section_4_2() {
    let secret = decode(
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    );
    let token = "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19..\
        A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY";
    let detached = Detached::unencoded(token.as_bytes(), &Limits::TOKEN).unwrap();
    let key = VerifyKey::hs256(&secret).unwrap();
    assert!(detached.verify(b"$.02", &key).is_ok());
}

#[test]
fn both_forms_verify_over_their_payload_only() {
    type Parse = fn(&[u8], &Limits) -> Result<Detached, JoseError>;
    let forms: [(PayloadForm, Parse); 2] = [
        (PayloadForm::Detached, Detached::parse),
        (PayloadForm::DetachedUnencoded, Detached::unencoded),
    ];
    for (form, parse) in forms {
        let token = token(form);
        assert_eq!(token.split('.').nth(1), Some(""));
        let parse = || parse(token.as_bytes(), &Limits::TOKEN).unwrap();
        assert!(parse().verify(PAYLOAD, &key()).is_ok(), "{form:?}");
        for other in [&b""[..], &PAYLOAD[1..], encode(PAYLOAD).as_bytes()] {
            let refused = parse().verify(other, &key());
            assert_eq!(code(refused), Some("jose-authentication"), "{form:?}");
        }
    }
}

#[test]
fn a30_no_form_is_taken_for_another() {
    let (attached, detached, unencoded) = (
        token(PayloadForm::Attached),
        token(PayloadForm::Detached),
        token(PayloadForm::DetachedUnencoded),
    );
    let limits = &Limits::TOKEN;
    for (name, refused, expected) in [
        (
            "attached as detached",
            code(Detached::parse(attached.as_bytes(), limits)),
            "jose-segment-count",
        ),
        (
            "unencoded as encoded",
            code(Detached::parse(unencoded.as_bytes(), limits)),
            "jose-critical-header",
        ),
        (
            "encoded as unencoded",
            code(Detached::unencoded(detached.as_bytes(), limits)),
            "jose-header-member",
        ),
        (
            "unencoded as attached",
            code(Signed::compact(unencoded.as_bytes(), limits)),
            "jose-critical-header",
        ),
    ] {
        assert_eq!(refused, Some(expected), "{name}");
    }
    let with_header = |header: Value| {
        format!(
            "{}..{}",
            encode(header.to_string().as_bytes()),
            encode(&[0; 32])
        )
    };
    for (name, header, expected) in [
        (
            "b64 without crit",
            json!({ "alg": "HS256", "b64": false }),
            "jose-critical-header",
        ),
        (
            "b64 true",
            json!({ "alg": "HS256", "b64": true, "crit": ["b64"] }),
            "jose-header-member",
        ),
        (
            "crit names more",
            json!({ "alg": "HS256", "b64": false, "crit": ["b64", "x"], "x": 1 }),
            "jose-critical-header",
        ),
        (
            "crit names it twice",
            json!({ "alg": "HS256", "b64": false, "crit": ["b64", "b64"] }),
            "jose-critical-header",
        ),
        (
            "jwk beside it",
            json!({ "alg": "HS256", "b64": false, "crit": ["b64"], "jwk": {} }),
            "jose-key-in-header",
        ),
    ] {
        let refused = code(Detached::unencoded(with_header(header).as_bytes(), limits));
        assert_eq!(refused, Some(expected), "{name}");
    }
}

#[test]
fn signatures_in_json() {
    let token = token(PayloadForm::Attached);
    let parts: Vec<&str> = token.split('.').collect();
    let flattened = json!({ "protected": parts[0], "payload": parts[1], "signature": parts[2] });
    let outcome = |message: &Value| {
        let signed = Signed::json(message.to_string().as_bytes(), &Limits::TOKEN, |_| true);
        signed
            .and_then(|signed| signed.verify(&key()))
            .map(|verified| verified.payload().to_vec())
            .map_err(JoseError::code)
    };
    assert_eq!(outcome(&flattened), Ok(PAYLOAD.to_vec()));
    let with = |name: &str, value: Value| {
        let mut message = flattened.clone();
        message[name] = value;
        message
    };
    let none = encode(br#"{"alg":"none"}"#);
    let one = json!({ "protected": parts[0], "signature": parts[2] });
    for (name, message, expected) in [
        (
            "A1 none",
            with("protected", json!(none)),
            "jose-unsupported-alg",
        ),
        (
            "A4 alg in the unprotected header",
            with("header", json!({ "alg": "HS256" })),
            "jose-header-overlap",
        ),
        (
            "A30 b64 unprotected",
            with("header", json!({ "b64": false })),
            "jose-unencoded-payload",
        ),
        (
            "A6 jwk unprotected",
            with("header", json!({ "jwk": {} })),
            "jose-key-in-header",
        ),
        (
            "both forms",
            with("signatures", json!([one])),
            "jose-serialization",
        ),
        (
            "no signature",
            json!({ "payload": parts[1], "signatures": [] }),
            "jose-recipient-count",
        ),
        (
            "nine signatures",
            json!({ "payload": parts[1], "signatures": vec![one; 9] }),
            "jose-recipient-count",
        ),
        (
            "another payload",
            with("payload", json!(encode(b"x"))),
            "jose-authentication",
        ),
        (
            "the payload is missing",
            json!({ "signatures": [{}] }),
            "jose-serialization",
        ),
    ] {
        assert_eq!(outcome(&message), Err(expected), "{name}");
    }
}
