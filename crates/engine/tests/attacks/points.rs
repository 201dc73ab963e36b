//! Ephemeral keys: A13 to A15 of docs/jose.md. All is refused before a private key, here or in the key
//! service, is touched.

use sealgate_engine::Reason;
use sealgate_jose::jwk::Curve;
use serde_json::{Value, json};

use crate::forge::Forge;
use crate::site::{Site, ec_jwk, shared};
use crate::support::{base64url, crypto_failed};

const KIDS: [&str; 2] = ["agree", "agree-here"];

fn token(kid: &str, epk: &Value, more: Option<(&str, Value)>) -> String {
    let mut header = json!({ "alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": kid, "epk": epk });
    if let Some((name, value)) = more {
        header[name] = value;
    }
    Forge::direct(header.to_string()).with_key(&[1; 40]).token()
}

fn good() -> Value {
    let jwk = ec_jwk(0x71, Curve::P256);
    json!({ "kty": "EC", "crv": "P-256", "x": jwk["x"], "y": jwk["y"] })
}

#[track_caller]
fn refused(name: &str, change: &[(&str, Value)]) {
    let mut epk = good();
    for (member, value) in change {
        epk[*member] = value.clone();
    }
    for kid in KIDS {
        shared(|site| site.refuses(name, token(kid, &epk, None), Reason::TokenMalformed));
    }
}

#[test]
fn a13_points_that_are_not_on_the_curve() {
    let (x, y) = (good()["x"].clone(), good()["y"].clone());
    let text = x.as_str().unwrap();
    let zero = json!(base64url(&[0; 32]));
    // p = 2^256 - 2^224 + 2^192 + 2^96 - 1
    let p = json!("_____wAAAAEAAAAAAAAAAAAAAAD_______________8");
    refused("off the curve", &[("y", x.clone())]);
    refused("infinity", &[("x", zero.clone()), ("y", zero)]);
    refused("the coordinate p", &[("x", p)]);
    refused("31 bytes", &[("x", json!(base64url(&[0x71; 31])))]);
    refused("33 bytes", &[("x", json!(base64url(&[0x71; 33])))]);
    refused("y is missing", &[("y", Value::Null)]);
    refused("padded", &[("x", json!(format!("{text}=")))]);
    refused("swapped", &[("x", y), ("y", x)]);
    // The control goes as far as the key service, and no further.
    let mut site = Site::new();
    site.host.key_answer = Some(crypto_failed());
    let control = token("agree", &good(), None);
    assert_eq!(site.token(control), Some(Reason::TokenKeyRefused));
    assert_eq!(site.host.questions, ["/v1/keys/hw-agree/unwrap"]);
}

#[test]
fn a14_keys_of_another_kind() {
    refused("P-384", &[("crv", json!("P-384"))]);
    refused("secp256k1", &[("crv", json!("secp256k1"))]);
    refused("p-256", &[("crv", json!("p-256"))]);
    refused("oct", &[("kty", json!("oct"))]);
    refused("with d", &[("d", json!(base64url(&[1; 32])))]);
    let okp = |crv: &str, x: &str| json!({ "kty": "OKP", "crv": crv, "x": x });
    let order_8 = "4Ot6fDtBuK4WVuP68Z_EatoJjeucMrH9hmIFFl9JuAA";
    for (name, epk) in [
        ("of order 1", okp("X25519", &base64url(&[0; 32]))),
        ("of order 8", okp("X25519", order_8)),
        ("Ed25519", okp("Ed25519", &base64url(&[9; 32]))),
        ("text", json!("epk")),
        ("null", Value::Null),
    ] {
        for kid in KIDS {
            shared(|site| site.refuses(name, token(kid, &epk, None), Reason::TokenMalformed));
        }
    }
    // A sound key of another curve than ours: the key at hand does not fit. What is in hsm-bridge is
    // for its token to say.
    let jwk = ec_jwk(0x71, Curve::P384);
    let p384 = json!({ "kty": "EC", "crv": "P-384", "x": jwk["x"], "y": jwk["y"] });
    for (name, epk) in [
        ("P-384", p384),
        ("X25519", okp("X25519", &base64url(&[9; 32]))),
    ] {
        let token = token("agree-here", &epk, None);
        shared(|site| site.refuses(name, token, Reason::TokenNotOpened));
    }
}

#[test]
fn a15_names_of_the_parties() {
    for member in ["apu", "apv"] {
        for (name, value) in [
            ("a number", json!(1)),
            ("null", Value::Null),
            ("not base64url", json!("a+b/")),
            ("padded", json!("QWxpY2U=")),
            ("513 bytes", json!(base64url(&[1; 513]))),
            ("1 MiB", json!(base64url(&vec![1; 1 << 20]))),
        ] {
            for kid in KIDS {
                let token = token(kid, &good(), Some((member, value.clone())));
                shared(|site| site.refuses(name, token, Reason::TokenMalformed));
            }
        }
    }
}
