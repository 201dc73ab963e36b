//! RFC 9421: npm and PyPI `http-message-signatures`, every algorithm of the registry.

use base64ct::{Base64, Encoding as _};
use openssl::pkey::{PKey, Private};
use sealgate_signature::rfc9421::{Component, Rfc9421};
use sealgate_signature::{Algorithm, MacKey, Signer, VerificationKey};
use serde_json::json;

use crate::both_ways::{Pair, Request, bodies};
use crate::openssl_keys::{self, OpenSsl};
use crate::oracle::Oracle;

/// Derived components and a field beside the default.
const COVER: [&str; 6] = [
    "@method",
    "@target-uri",
    "@authority",
    "@path",
    "x-note",
    "content-digest",
];

#[test]
fn hmac_both_ways() {
    let secret = || MacKey::new(vec![7; 32]).unwrap();
    for oracle in [Oracle::Node, Oracle::Python] {
        let key = VerificationKey::Mac(secret());
        let text = Base64::encode_string(&[7; 32]);
        check(oracle, "hmac-sha256", &key, &secret(), &text, "");
    }
}

#[test]
fn public_keys_both_ways() {
    for (name, algorithm) in [
        ("ed25519", Algorithm::Ed25519),
        ("ecdsa-p256-sha256", Algorithm::EcdsaP256Sha256),
        ("ecdsa-p384-sha384", Algorithm::EcdsaP384Sha384),
        ("rsa-pss-sha512", Algorithm::RsaPssSha512),
        ("rsa-v1_5-sha256", Algorithm::RsaV15Sha256),
    ] {
        let private: PKey<Private> = openssl_keys::generate(algorithm);
        let key = VerificationKey::Public(openssl_keys::public(&private, algorithm));
        let pem = String::from_utf8(private.private_key_to_pem_pkcs8().unwrap()).unwrap();
        let public = String::from_utf8(private.public_key_to_pem().unwrap()).unwrap();
        let signer = OpenSsl(private, algorithm);
        for oracle in [Oracle::Node, Oracle::Python] {
            check(oracle, name, &key, &signer, &pem, &public);
        }
    }
}

fn check(
    oracle: Oracle,
    algorithm: &str,
    key: &VerificationKey,
    signer: &dyn Signer,
    secret: &str,
    public: &str,
) {
    let scheme = Rfc9421 {
        required: COVER.map(|name| Component::new(name).unwrap()).to_vec(),
        tag: Some("oracle".into()),
        ..Rfc9421::default()
    };
    let pair = Pair {
        oracle,
        file: "rfc9421",
        scheme: &scheme,
        key,
        signer,
        secret,
        key_id: Some("partner-a"),
        signs_body: true,
    };
    for body in bodies() {
        let mut more = json!({ "algorithm": algorithm, "cover": COVER });
        if !public.is_empty() {
            more["publicKey"] = json!(public);
        }
        pair.both_ways(&Request {
            headers: vec![("x-note".into(), "a, b;c=\"d\"".into())],
            more,
            ..Request::post("/pay/%7Ea?x=1&y=a+b&z=%2f", &body)
        });
    }
}
