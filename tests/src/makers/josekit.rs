//! Tokens and bodies by crate `josekit`, which does its cryptography with OpenSSL.

use josekit::jwe::{
    self, ECDH_ES, ECDH_ES_A256KW, JweEncrypter, JweHeader, RSA_OAEP, RSA_OAEP_256,
};
use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::{EcCurve, EcKeyPair};
use josekit::jws::{self, ES256, HS256, JwsHeader};
use serde_json::{Map, Value, json};

use super::{Lock, from_base64url};

/// Seals `plaintext` with `A256GCM`; members of `extra` are added to the protected header.
pub fn seal(lock: &Lock, plaintext: &[u8], extra: &Value) -> String {
    let mut header = Map::new();
    header.insert("alg".into(), json!(lock.alg));
    header.insert("enc".into(), json!("A256GCM"));
    header.insert("kid".into(), json!(lock.kid));
    if let Some(extra) = extra.as_object() {
        header.extend(extra.clone());
    }
    let header = JweHeader::from_map(header).expect("a JWE header");
    let jwk = || Jwk::from_map(lock.jwk.as_object().expect("a JWK").clone()).expect("a JWK");
    let encrypter: Box<dyn JweEncrypter> = match lock.alg.as_str() {
        "dir" => {
            let secret = from_base64url(lock.jwk["k"].as_str().expect("an oct key"));
            Box::new(jwe::Dir.encrypter_from_bytes(secret).expect("encrypter"))
        }
        "ECDH-ES" => Box::new(ECDH_ES.encrypter_from_jwk(&jwk()).expect("encrypter")),
        "ECDH-ES+A256KW" => Box::new(
            ECDH_ES_A256KW
                .encrypter_from_jwk(&jwk())
                .expect("encrypter"),
        ),
        "RSA-OAEP" => Box::new(RSA_OAEP.encrypter_from_jwk(&jwk()).expect("encrypter")),
        "RSA-OAEP-256" => Box::new(RSA_OAEP_256.encrypter_from_jwk(&jwk()).expect("encrypter")),
        other => panic!("no lock of kind {other}"),
    };
    jwe::serialize_compact(plaintext, &header, encrypter.as_ref()).expect("a sealed token")
}

/// Opens a compact token with the private half of `key`.
pub fn open(key: &EcKeyPair, alg: &str, token: &[u8]) -> Vec<u8> {
    let jwk = key.to_jwk_private_key();
    let decrypter = match alg {
        "ECDH-ES" => ECDH_ES.decrypter_from_jwk(&jwk),
        "ECDH-ES+A256KW" => ECDH_ES_A256KW.decrypter_from_jwk(&jwk),
        other => panic!("no key of kind {other}"),
    };
    let token = std::str::from_utf8(token).expect("a compact token is text");
    let opened = jwe::deserialize_compact(token, &decrypter.expect("decrypter"));
    opened.expect("an opened token").0
}

/// Signs claims with ES256.
pub fn sign(key: &EcKeyPair, kid: &str, claims: &Value) -> String {
    let mut header = JwsHeader::new();
    header.set_key_id(kid);
    header.set_token_type("JWT");
    let signer = ES256
        .signer_from_jwk(&key.to_jwk_private_key())
        .expect("signer");
    jws::serialize_compact(claims.to_string().as_bytes(), &header, &signer).expect("a token")
}

/// Signs claims with HS256.
pub fn sign_hs256(secret: &[u8], kid: &str, claims: &Value) -> String {
    let mut header = JwsHeader::new();
    header.set_key_id(kid);
    let signer = HS256.signer_from_bytes(secret).expect("signer");
    jws::serialize_compact(claims.to_string().as_bytes(), &header, &signer).expect("a token")
}

/// A fresh P-256 key pair.
pub fn p256() -> EcKeyPair {
    EcKeyPair::generate(EcCurve::P256).expect("key pair")
}

/// The public JWK of a key pair, with the members a policy or sender needs.
pub fn public(key: &EcKeyPair) -> Value {
    let jwk = key.to_jwk_public_key();
    json!({ "kty": "EC", "crv": "P-256", "x": jwk.parameter("x"), "y": jwk.parameter("y") })
}
