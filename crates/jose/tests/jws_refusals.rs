//! Hostile JWS tokens and unfit keys, each named after the row of the attack table it stands for.
#![cfg(not(target_arch = "wasm32"))]

use base64ct::{Base64, Encoding};
use proptest::prelude::*;
use sealgate_jose::jwk::{OctJwk, PublicJwk};
use sealgate_jose::jws::{SignKey, SignSpec, Signed, VerifyKey, sign_compact, verify};
use sealgate_jose::{JoseError, Limits};
use serde_json::{Value, json};

mod support;
use support::{decode, encode, seeded, verify_key};

const SECRET: [u8; 32] = [0x33; 32];
const PAYLOAD: &[u8] = br#"{"sub":"alice"}"#;

fn hs256() -> VerifyKey {
    VerifyKey::hs256(&SECRET).unwrap()
}

fn ec_signer() -> SignKey {
    let mut scalar = [0; 32];
    seeded(11)(&mut scalar).unwrap();
    SignKey::es256(&scalar).unwrap()
}

fn es256() -> VerifyKey {
    verify_key(&ec_signer())
}

/// A correct HS256 signature over any header at all.
fn signed(header: &str, secret: &[u8]) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let input = format!("{}.{}", encode(header.as_bytes()), encode(PAYLOAD));
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret).unwrap();
    mac.update(input.as_bytes());
    format!("{input}.{}", encode(&mac.finalize().into_bytes()))
}

fn code(token: impl AsRef<[u8]>, key: &VerifyKey) -> Option<&'static str> {
    verify(token.as_ref(), key, &Limits::TOKEN)
        .err()
        .map(JoseError::code)
}

/// A1, A5, A6, A7, A28, A29, A30, A32, A34, A40.
#[test]
fn headers() {
    assert_eq!(
        code(signed(r#"{"alg":"HS256"}"#, &SECRET), &hs256()),
        None,
        "control"
    );
    let algorithm = "jose-unsupported-alg";
    for (name, header, expected) in [
        ("A1 none", r#"{"alg":"none"}"#, algorithm),
        ("A1 None", r#"{"alg":"None"}"#, algorithm),
        ("A1 nOnE", r#"{"alg":"nOnE"}"#, algorithm),
        ("A1 empty", r#"{"alg":""}"#, algorithm),
        ("A40 hs256", r#"{"alg":"hs256"}"#, algorithm),
        ("A40 trailing space", r#"{"alg":"HS256 "}"#, algorithm),
        ("A40 array", r#"{"alg":["HS256"]}"#, "jose-header-member"),
        ("A40 missing", r#"{"typ":"JWT"}"#, "jose-header-member"),
        ("A39 HS1", r#"{"alg":"HS1"}"#, algorithm),
        ("A40 ES256K", r#"{"alg":"ES256K"}"#, algorithm),
        (
            "A28 duplicate",
            r#"{"alg":"HS256","alg":"HS256"}"#,
            "json-duplicate-member",
        ),
        (
            "A28 escape",
            r#"{"alg":"HS256","\u0061lg":"HS256"}"#,
            "json-duplicate-member",
        ),
        (
            "A29 crit",
            r#"{"alg":"HS256","crit":["exp"],"exp":1}"#,
            "jose-critical-header",
        ),
        (
            "A29 crit []",
            r#"{"alg":"HS256","crit":[]}"#,
            "jose-critical-header",
        ),
        (
            "A29 crit b64",
            r#"{"alg":"HS256","crit":["b64"],"b64":true}"#,
            "jose-critical-header",
        ),
        (
            "A30 b64",
            r#"{"alg":"HS256","b64":false}"#,
            "jose-unencoded-payload",
        ),
        (
            "A6 jwk",
            r#"{"alg":"HS256","jwk":{"kty":"oct","k":"MzMz"}}"#,
            "jose-key-in-header",
        ),
        (
            "A7 jku",
            r#"{"alg":"HS256","jku":"http://169.254.169.254/"}"#,
            "jose-key-in-header",
        ),
        (
            "A7 x5u",
            r#"{"alg":"HS256","x5u":"http://hsm-bridge/"}"#,
            "jose-key-in-header",
        ),
        (
            "A7 x5c",
            r#"{"alg":"HS256","x5c":["MII"]}"#,
            "jose-key-in-header",
        ),
        (
            "A2 A39 HS512 with a tag of HS256",
            r#"{"alg":"HS512"}"#,
            "jose-signature-length",
        ),
        ("zip", r#"{"alg":"HS256","zip":"DEF"}"#, "jose-compression"),
        ("A34 trailing", r#"{"alg":"HS256"}{}"#, "json-syntax"),
        ("A34 BOM", "\u{feff}{\"alg\":\"HS256\"}", "json-syntax"),
        (
            "A8 kid is an object",
            r#"{"alg":"HS256","kid":{}}"#,
            "jose-header-member",
        ),
    ] {
        assert_eq!(
            code(signed(header, &SECRET), &hs256()),
            Some(expected),
            "{name}"
        );
    }

    let good = signed(r#"{"alg":"HS256"}"#, &SECRET);
    let (unsigned, _) = good.rsplit_once('.').unwrap();
    for (name, token) in [
        ("A32 two segments", unsigned.to_owned()),
        ("A32 four segments", format!("{good}.AAAA")),
        ("A32 trailing dot", format!("{good}.")),
        ("A32 empty", String::new()),
        ("A32 10 000 dots", ".".repeat(10_000)),
        ("A5 five segments", "e30....".into()),
    ] {
        assert_eq!(code(&token, &hs256()), Some("jose-segment-count"), "{name}");
    }
    let detached = good.replace(&encode(PAYLOAD), "");
    assert_eq!(
        code(detached, &hs256()),
        Some("jose-authentication"),
        "detached payload"
    );
    for suffix in ["=", "\n", " ", "\0"] {
        assert_eq!(
            code(format!("{good}{suffix}"), &hs256()),
            Some("jose-base64"),
            "A31"
        );
    }
}

/// A3: the algorithm belongs to the key, so public key text is never an HMAC secret.
#[test]
fn algorithm_confusion() {
    let public = ec_signer().ec_public().unwrap();
    let sec1 = public.to_sec1();
    let der_prefix = decode("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE");
    let der = [&der_prefix, &sec1[1..]].concat();
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        Base64::encode_string(&der)
    );
    let jwk = public.to_value().to_string();
    for (name, secret) in [
        ("SEC1", sec1),
        ("DER", der.as_slice()),
        ("PEM", pem.as_bytes()),
        ("JWK", jwk.as_bytes()),
    ] {
        let token = signed(r#"{"alg":"HS256"}"#, secret);
        assert_eq!(
            code(token, &es256()),
            Some("jose-authentication"),
            "A3 {name}"
        );
    }
    let token = sign_compact(PAYLOAD, &SignSpec::default(), &ec_signer()).unwrap();
    assert_eq!(code(&token, &es256()), None, "control");
    assert_eq!(
        code(&token, &hs256()),
        Some("jose-authentication"),
        "ES256 under an HS256 key"
    );
    let ed = SignKey::ed25519(&SECRET);
    let token = sign_compact(PAYLOAD, &SignSpec::default(), &ed).unwrap();
    assert_eq!(
        code(&token, &es256()),
        Some("jose-authentication"),
        "EdDSA under an ES256 key"
    );
    let ed = verify_key(&ed);
    assert_eq!(code(&token, &ed), None, "control");
}

/// A38, A41 and CVE-2022-21449.
#[test]
fn signatures() {
    let token = sign_compact(PAYLOAD, &SignSpec::default(), &ec_signer()).unwrap();
    let (input, signature) = token.rsplit_once('.').unwrap();
    let good = decode(signature);
    let (r, s) = good.split_at(32);
    // n, the order of P-256
    let n = decode("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE");
    let zero = [0; 32];
    for (name, bytes, expected) in [
        ("r and s zero", vec![0; 64], "jose-authentication"),
        ("r zero", [&zero, s].concat(), "jose-authentication"),
        ("s zero", [r, &zero].concat(), "jose-authentication"),
        ("r = n", [&n, s].concat(), "jose-authentication"),
        ("s = n", [r, &n].concat(), "jose-authentication"),
        ("all ones", vec![0xff; 64], "jose-authentication"),
        ("s and r exchanged", [s, r].concat(), "jose-authentication"),
        ("short", good[..63].to_vec(), "jose-signature-length"),
        (
            "long",
            [good.as_slice(), &[0]].concat(),
            "jose-signature-length",
        ),
        (
            "leading zeros",
            [&[0], r, &[0], s].concat(),
            "jose-signature-length",
        ),
        (
            "DER",
            [&[0x30, 68, 2, 32], r, &[2, 32], s].concat(),
            "jose-signature-length",
        ),
        ("empty", Vec::new(), "jose-signature-length"),
    ] {
        let token = format!("{input}.{}", encode(&bytes));
        assert_eq!(code(token, &es256()), Some(expected), "A38 {name}");
    }
    let token = signed(r#"{"alg":"HS256"}"#, &SECRET);
    let (input, signature) = token.rsplit_once('.').unwrap();
    let good = decode(signature);
    for (name, bytes, expected) in [
        ("truncated", good[..16].to_vec(), "jose-signature-length"),
        ("31 bytes", good[..31].to_vec(), "jose-signature-length"),
        ("empty", Vec::new(), "jose-signature-length"),
        ("all zero", vec![0; 32], "jose-authentication"),
        ("doubled", good.repeat(2), "jose-signature-length"),
    ] {
        let token = format!("{input}.{}", encode(&bytes));
        assert_eq!(code(token, &hs256()), Some(expected), "A41 {name}");
    }
}

/// A9, A26, A27: keys that are refused at load.
#[test]
fn unfit_keys() {
    let ec = ec_signer().ec_public().unwrap().to_value();
    let with = |base: &Value, name: &str, value: Value| {
        let mut jwk = base.clone();
        jwk[name] = value;
        jwk
    };
    let load = |jwk: &Value| {
        PublicJwk::from_value(jwk)
            .and_then(|jwk| VerifyKey::from_jwk(&jwk))
            .err()
            .map(sealgate_jose::KeyFault::code)
    };
    assert_eq!(load(&ec), None, "control");
    assert_eq!(
        load(&with(&ec, "key_ops", json!(["verify"]))),
        None,
        "control"
    );
    for (name, jwk, expected) in [
        (
            "private",
            with(&ec, "d", "AA".into()),
            "jose-key-private-member",
        ),
        (
            "off the curve",
            with(&ec, "y", ec["x"].clone()),
            "jose-key-invalid-point",
        ),
        ("short x", with(&ec, "x", "AA".into()), "jose-key-malformed"),
        (
            "crv P-384",
            with(&ec, "crv", "P-384".into()),
            "jose-key-malformed",
        ),
        (
            "kty RSA",
            with(&ec, "kty", "RSA".into()),
            "jose-key-malformed",
        ),
        (
            "kty ec",
            with(&ec, "kty", "ec".into()),
            "jose-key-unsupported-type",
        ),
        ("kty missing", json!({"crv":"P-256"}), "jose-key-malformed"),
        (
            "a secret",
            json!({"kty":"oct","k":"AA"}),
            "jose-key-private-member",
        ),
        (
            "A26 alg ES384",
            with(&ec, "alg", "ES384".into()),
            "jose-key-purpose",
        ),
        (
            "A27 use enc",
            with(&ec, "use", "enc".into()),
            "jose-key-purpose",
        ),
        (
            "A27 key_ops sign",
            with(&ec, "key_ops", json!(["sign"])),
            "jose-key-purpose",
        ),
        (
            "key_ops text",
            with(&ec, "key_ops", "verify".into()),
            "jose-key-malformed",
        ),
        (
            "Ed25519 of small order",
            json!({"kty":"OKP","crv":"Ed25519","x":encode(&[0; 32])}),
            "jose-key-invalid-point",
        ),
        (
            "X25519",
            json!({"kty":"OKP","crv":"X25519","x":encode(&[9; 32])}),
            "jose-key-purpose",
        ),
    ] {
        assert_eq!(load(&jwk), Some(expected), "{name}");
    }
    let oct = |jwk: Value| {
        OctJwk::from_value(&jwk)
            .and_then(|jwk| VerifyKey::from_oct_jwk(&jwk))
            .err()
            .map(sealgate_jose::KeyFault::code)
    };
    let k = encode(&SECRET);
    assert_eq!(
        oct(json!({"kty":"oct","k":k,"alg":"HS256","use":"sig"})),
        None,
        "control"
    );
    for (name, jwk, expected) in [
        ("A27 empty", json!({"kty":"oct","k":""}), "jose-key-length"),
        (
            "A27 31 bytes",
            json!({"kty":"oct","k":encode(&[1; 31])}),
            "jose-key-length",
        ),
        (
            "A26 other alg",
            json!({"kty":"oct","k":k,"alg":"A256KW"}),
            "jose-key-purpose",
        ),
        (
            "A27 use enc",
            json!({"kty":"oct","k":k,"use":"enc"}),
            "jose-key-purpose",
        ),
        (
            "kty EC",
            json!({"kty":"EC","k":k}),
            "jose-key-unsupported-type",
        ),
        (
            "padded",
            json!({"kty":"oct","k":format!("{k}=")}),
            "jose-key-malformed",
        ),
    ] {
        assert_eq!(oct(jwk), Some(expected), "{name}");
    }
    let text = br#"{"kty":"oct","k":"AAAA","k":"AAAA"}"#;
    assert_eq!(
        OctJwk::from_slice(text).unwrap_err().code(),
        "jose-key-malformed"
    );
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(token in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Signed::compact(&token, &Limits::TOKEN).is_err());
    }
}
