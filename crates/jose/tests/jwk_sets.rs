//! JWK Sets and thumbprints.

use sealgate_jose::KeyFault;
use sealgate_jose::jwk::{JwkSet, PublicJwk};
use serde_json::{Value, json};

mod support;
use support::{agreement_jwk, encode};

/// The key of RFC 7638 section 3.1, typed in from its text.
const RFC_7638_N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7a\
    PFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v\
    -65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTW\
    hAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

fn public(seed: u64, kid: &str) -> Value {
    let mut jwk = agreement_jwk(seed);
    jwk.as_object_mut().unwrap().remove("d");
    jwk["kid"] = json!(kid);
    jwk
}

fn set(keys: &[Value]) -> Result<JwkSet, KeyFault> {
    JwkSet::from_slice(json!({ "keys": keys }).to_string().as_bytes())
}

#[test]
fn rfc_7638_section_3_1() {
    let jwk = json!({
        "kty": "RSA", "n": RFC_7638_N, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
    });
    let key = PublicJwk::from_value(&jwk).unwrap();
    assert_eq!(
        encode(&key.thumbprint()),
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    );
}

#[test]
fn a_key_is_found_by_name_then_by_thumbprint_and_never_otherwise() {
    let set = set(&[public(1, "a"), public(2, "b")]).unwrap();
    let second = &set.keys()[1];
    assert_eq!(set.find("b"), Some(second));
    assert_eq!(set.find(&encode(&second.thumbprint())), Some(second));
    for unknown in ["", "A", "c", "a ", "../a", "pkcs11:object=a"] {
        assert_eq!(set.find(unknown), None, "{unknown}");
    }
}

/// A9, A27 of the attack table; RFC 7517 section 5.
#[test]
fn what_refuses_a_set_and_what_is_left_out() {
    let unknown = json!({ "kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA" });
    let kept = set(&[unknown.clone(), public(1, "a")]).unwrap();
    assert_eq!(kept.keys().len(), 1, "a curve we do not know is left out");

    let mut leaking = unknown;
    leaking["d"] = json!("AA");
    let mut private = agreement_jwk(3);
    private["kid"] = json!("p");
    let mut off_curve = public(4, "o");
    off_curve["y"] = off_curve["x"].clone();
    let rsa = |n: &[u8], e: &str| json!({ "kty": "RSA", "n": encode(n), "e": e });
    for (name, keys, fault) in [
        (
            "A9 one kid twice",
            vec![public(1, "a"), public(2, "a")],
            KeyFault::DuplicateKeyId,
        ),
        (
            "A9 a secret among public keys",
            vec![public(1, "a"), json!({ "kty": "oct", "k": "AAAA" })],
            KeyFault::PrivateMember,
        ),
        ("a private key", vec![private], KeyFault::PrivateMember),
        (
            "a private key of a curve we do not know",
            vec![leaking],
            KeyFault::PrivateMember,
        ),
        (
            "a point off its curve",
            vec![off_curve],
            KeyFault::InvalidPoint,
        ),
        (
            "A27 RSA of 1024 bits",
            vec![rsa(&[0xff; 128], "AQAB")],
            KeyFault::Length,
        ),
        (
            "A27 RSA with e = 1",
            vec![rsa(&[0xff; 256], "AQ")],
            KeyFault::Malformed,
        ),
        (
            "A27 RSA with an even modulus",
            vec![rsa(&[0xfe; 256], "AQAB")],
            KeyFault::Malformed,
        ),
        (
            "too many keys",
            vec![json!({ "kty": "x" }); 65],
            KeyFault::Length,
        ),
    ] {
        assert_eq!(set(&keys), Err(fault), "{name}");
    }
    for text in [
        "",
        "[]",
        "{}",
        r#"{"keys":{}}"#,
        r#"{"keys":[],"keys":[]}"#,
        r#"{"keys":[1]}"#,
    ] {
        assert_eq!(
            JwkSet::from_slice(text.as_bytes()),
            Err(KeyFault::Malformed),
            "{text}"
        );
    }
}
