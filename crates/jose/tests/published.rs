//! The examples of RFC 7515, 7516, 7517, 7520 (the JOSE cookbook) and 8037, as PyPI `jwcrypto` carries
//! them in its tests: what is within our rules opens and verifies in every serialization, and the rest
//! is refused for the reason that is written here. Also inside wasm (tests/tests/jose_in_wasm), where the
//! host hands the examples over.

use std::collections::BTreeMap;

use sealgate_jose::jwe::{DecryptionKey, Json, Sealed};
use sealgate_jose::jwk::{JwkSet, OctJwk, PrivateJwk, PublicJwk};
use sealgate_jose::jws::{SignatureAlgorithm, Signed, VerifyKey};
use sealgate_jose::{JoseError, Limits};
use serde_json::{Value, json};

mod support;
use support::{decode, encode};

/// Examples that show what this crate refuses on purpose (docs/jose.md).
const REFUSED: [(&str, &str); 14] = [
    ("RFC 7515 appendix A.5", "jose-unsupported-alg"), // none
    ("RFC 7515 appendix E", "jose-critical-header"),   // crit, and none
    ("RFC 7516 appendix A.2", "jose-unsupported-alg"), // RSA1_5
    ("RFC 7516 appendix A.4", "jose-key-in-header"),   // jku
    ("RFC 7516 appendix A.5", "jose-key-in-header"),   // jku
    ("RFC 7520 section 4.7", "jose-serialization"),    // nothing is protected
    ("RFC 7520 section 4.8", "jose-serialization"),    // one signature protects no header
    ("RFC 7520 section 5.1", "jose-unsupported-alg"),  // RSA1_5
    ("RFC 7520 section 5.3", "jose-unsupported-alg"),  // PBES2
    ("RFC 7520 section 5.9", "jose-compression"),      // zip
    ("RFC 7520 section 5.11", "jose-header-member"),   // alg is not protected
    ("RFC 7520 section 5.12", "jose-serialization"),   // nothing is protected
    // An RSA private key never opens here: these two go through hsm-bridge.
    ("RFC 7516 appendix A.1", "rsa"),
    ("RFC 7520 section 5.2", "rsa"),
];

#[test]
fn signatures() {
    let outcomes = run("signed", |example, form| verify(&example["key"], form));
    let (good, refused) = outcomes;
    assert!(
        good >= 19 && refused == 5,
        "{good} verified, {refused} refused"
    );
}

#[test]
fn messages() {
    let (good, refused) = run("sealed", |example, form| open(&example["keys"][0], form));
    assert!(
        good == 16 && refused == 20,
        "{good} opened, {refused} refused"
    );
}

#[test]
fn keys_and_thumbprints() {
    let vectors = vectors();
    let keys = &vectors["keys"];
    let public = keys["public"].as_array().unwrap();
    for (jwk, thumbprint) in public.iter().zip(keys["thumbprints"].as_array().unwrap()) {
        let read = PublicJwk::from_value(jwk).unwrap();
        assert_eq!(encode(&read.thumbprint()), *thumbprint);
    }
    let set = JwkSet::from_slice(json!({ "keys": public }).to_string().as_bytes()).unwrap();
    assert_eq!(set.keys().len(), 3);
    assert!(set.find("2011-04-29").is_some() && set.find("2").is_none());
    for jwk in keys["private"].as_array().unwrap() {
        assert!(PublicJwk::from_value(jwk).is_err(), "a private member");
        let private = PrivateJwk::from_value(jwk).unwrap();
        let same = PublicJwk::from_value(&public[0]).unwrap();
        assert_eq!(private.public().thumbprint(), same.thumbprint());
    }
    let symmetric = keys["symmetric"].as_array().unwrap();
    let lengths: Vec<usize> = symmetric
        .iter()
        .map(|jwk| OctJwk::from_value(jwk).unwrap().expose().len())
        .collect();
    assert_eq!(lengths, [16, 64]);
}

/// Counts the forms that give the plaintext and those that are refused as [`REFUSED`] says.
fn run(
    kind: &str,
    judge: impl Fn(&Value, &str) -> Result<Vec<u8>, &'static str>,
) -> (usize, usize) {
    let expected: BTreeMap<&str, &str> = REFUSED.into();
    let (mut good, mut refused) = (0, 0);
    for example in vectors()[kind].as_array().unwrap() {
        let name = example["name"].as_str().unwrap();
        let plaintext = example.get("payload").unwrap_or(&example["plaintext"]);
        for form in example["forms"].as_array().unwrap() {
            let outcome = judge(example, form.as_str().unwrap());
            match expected.get(name) {
                Some(code) => {
                    assert_eq!(outcome, Err(*code), "{name}");
                    refused += 1;
                }
                None => {
                    let text = plaintext.as_str().unwrap();
                    assert_eq!(outcome, Ok(decode(text)), "{name}");
                    good += 1;
                }
            }
        }
    }
    (good, refused)
}

fn verify(jwk: &Value, form: &str) -> Result<Vec<u8>, &'static str> {
    let wanted = |alg: SignatureAlgorithm| match jwk["kty"].as_str() {
        Some("oct") => alg.is_mac(),
        Some("RSA") => alg.name().starts_with(['R', 'P']),
        Some("EC") => {
            alg.name()
                == if jwk["crv"] == "P-521" {
                    "ES512"
                } else {
                    "ES256"
                }
        }
        _ => alg.name() == "EdDSA",
    };
    let signed = match form.starts_with('{') {
        true => Signed::json(form.as_bytes(), &Limits::TOKEN, |header| wanted(header.alg)),
        false => Signed::compact(form.as_bytes(), &Limits::TOKEN),
    };
    let signed = signed.map_err(JoseError::code)?;
    let alg = signed.header().alg;
    let key = match alg.is_mac() {
        true => VerifyKey::mac(alg, &decode(jwk["k"].as_str().unwrap())),
        false => VerifyKey::public(alg, &PublicJwk::from_value(&public(jwk)).unwrap()),
    };
    let verified = signed.verify(&key.unwrap()).map_err(JoseError::code)?;
    Ok(verified.into_payload())
}

fn open(jwk: &Value, form: &str) -> Result<Vec<u8>, &'static str> {
    let sealed = match form.starts_with('{') {
        true => Json::parse(form.as_bytes(), &Limits::TOKEN).and_then(|json| json.choose(|_| true)),
        false => Sealed::compact(form.as_bytes(), &Limits::TOKEN),
    };
    let sealed = sealed.map_err(JoseError::code)?;
    let (alg, enc) = (sealed.header().alg, sealed.header().enc);
    let key = match (alg.is_rsa(), alg.is_ecdh()) {
        (true, _) => return Err("rsa"),
        (_, true) => DecryptionKey::private(alg, PrivateJwk::from_value(jwk).unwrap()),
        _ => DecryptionKey::symmetric(alg, enc, &decode(jwk["k"].as_str().unwrap())),
    };
    key.unwrap().open(sealed).map_err(JoseError::code)
}

/// Without its private members.
fn public(jwk: &Value) -> Value {
    let mut jwk = jwk.clone();
    let private = ["d", "p", "q", "dp", "dq", "qi"];
    jwk.as_object_mut()
        .unwrap()
        .retain(|name, _| !private.contains(&name.as_str()));
    jwk
}

/// Inside wasm the host has asked Python already.
fn vectors() -> Value {
    let text = match std::env::var("SEALGATE_JOSE_VECTORS") {
        Ok(text) => text,
        #[cfg(not(target_arch = "wasm32"))]
        Err(_) => {
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/vectors.py");
            let answer = std::process::Command::new("python3")
                .args(["-B", script])
                .output();
            let answer = answer.unwrap();
            let fault = String::from_utf8_lossy(&answer.stderr);
            assert!(
                answer.status.success(),
                "{fault}; run `cargo xtask test --only sealgate-jose`"
            );
            String::from_utf8(answer.stdout).unwrap()
        }
        #[cfg(target_arch = "wasm32")]
        Err(_) => panic!("the host gives no examples"),
    };
    serde_json::from_str(&text).unwrap()
}
