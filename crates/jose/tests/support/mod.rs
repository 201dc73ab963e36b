//! What several suites need: encoding, a seeded random source, and keys.
#![allow(dead_code, reason = "each test binary uses its own part")]

pub(crate) mod forge;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod rsa;

use base64ct::{Base64UrlUnpadded, Encoding};
use sealgate_jose::RandomError;
use sealgate_jose::jwk::{Curve, PrivateJwk, PublicJwk};
use sealgate_jose::jws::{SignKey, VerifyKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub(crate) fn encode(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

pub(crate) fn decode(text: &str) -> Vec<u8> {
    Base64UrlUnpadded::decode_vec(text).unwrap()
}

/// A reproducible random source: SHA-256 in counter mode over `seed`.
pub(crate) fn seeded(seed: u64) -> impl FnMut(&mut [u8]) -> Result<(), RandomError> {
    let mut counter = 0_u64;
    move |out| {
        for chunk in out.chunks_mut(32) {
            counter += 1;
            let block = Sha256::digest([seed.to_be_bytes(), counter.to_be_bytes()].concat());
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
        Ok(())
    }
}

/// josekit's key as JSON.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn value(jwk: &josekit::jwk::Jwk) -> Value {
    Value::Object(jwk.as_ref().clone())
}

/// The key that verifies what this one signs; not for MACs.
pub(crate) fn verify_key(signer: &SignKey) -> VerifyKey {
    let jwk = match signer.ec_public() {
        Some(public) => public.to_value(),
        None => signer.ed25519_public().unwrap().to_value(),
    };
    VerifyKey::from_jwk(&PublicJwk::from_value(&jwk).unwrap()).unwrap()
}

/// A P-256 key for agreement, as a private JWK.
pub(crate) fn agreement_jwk(seed: u64) -> Value {
    let mut scalar = [0; 32];
    seeded(seed)(&mut scalar).unwrap();
    // A signing key of the same scalar knows the public half.
    let mut jwk = SignKey::ecdsa(Curve::P256, &scalar)
        .unwrap()
        .ec_public()
        .unwrap()
        .to_value();
    jwk["d"] = json!(encode(&scalar));
    jwk
}

/// [`agreement_jwk`], read.
pub(crate) fn agreement_private(seed: u64) -> PrivateJwk {
    PrivateJwk::from_value(&agreement_jwk(seed)).unwrap()
}

/// The public half of [`agreement_jwk`].
pub(crate) fn agreement_public(seed: u64) -> PublicJwk {
    PublicJwk::from_value(&agreement_private(seed).public().to_value()).unwrap()
}
