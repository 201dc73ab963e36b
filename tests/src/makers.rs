//! Makers of tokens and bodies that are not ours: crate `josekit` (OpenSSL) and npm `jose`.

use base64ct::{Base64UrlUnpadded, Encoding as _};

pub mod josekit;
pub mod node;
pub mod program;

/// A key that seals, as a sender holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// `ECDH-ES+A256KW`, `RSA-OAEP-256`, `dir`, ...
    pub alg: String,
    /// `kid` of the sealed header.
    pub kid: String,
    /// Public JWK of the gate's key, or a symmetric (`oct`) one for `dir`.
    pub jwk: serde_json::Value,
}

impl Lock {
    /// An asymmetric lock.
    pub fn public(alg: &str, kid: &str, jwk: &serde_json::Value) -> Self {
        Self {
            alg: alg.to_owned(),
            kid: kid.to_owned(),
            jwk: jwk.clone(),
        }
    }

    /// A shared key under `dir`.
    pub fn shared(kid: &str, secret: &[u8]) -> Self {
        let jwk = serde_json::json!({ "kty": "oct", "k": base64url(secret) });
        Self {
            alg: "dir".to_owned(),
            kid: kid.to_owned(),
            jwk,
        }
    }
}

/// Base64url without padding.
pub fn base64url(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

/// Decodes what [`base64url`] makes.
pub fn from_base64url(text: &str) -> Vec<u8> {
    Base64UrlUnpadded::decode_vec(text).expect("base64url")
}

/// The compact token with its protected header edited; nothing else changes.
pub fn with_header(token: &str, edit: impl FnOnce(&mut serde_json::Value)) -> String {
    let (header, rest) = token.split_once('.').expect("a compact token");
    let mut header = serde_json::from_slice(&from_base64url(header)).expect("a JSON header");
    edit(&mut header);
    format!("{}.{rest}", base64url(header.to_string().as_bytes()))
}

/// The compact token with one bit of its last part (tag or signature) flipped.
pub fn with_broken_tag(token: &str) -> String {
    let (rest, last) = token.rsplit_once('.').expect("a compact token");
    let mut last = from_base64url(last);
    last[0] ^= 1;
    format!("{rest}.{}", base64url(&last))
}
