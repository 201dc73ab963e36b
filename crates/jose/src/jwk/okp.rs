//! `kty` OKP, curve Ed25519 (RFC 8037 section 2).

use ed25519_dalek::VerifyingKey;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{bytes, refuse_private, text};
use crate::{KeyFault, base64url};

/// An Ed25519 public key, checked to decode and not to be of small order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ed25519PublicJwk {
    x: [u8; 32],
}

impl Ed25519PublicJwk {
    /// Reads the members `kty`, `crv` and `x`; ignores the others but refuses private ones.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn from_value(jwk: &Value) -> Result<Self, KeyFault> {
        refuse_private(jwk)?;
        if text(jwk, "kty")? != "OKP" || text(jwk, "crv")? != "Ed25519" {
            return Err(KeyFault::UnsupportedType);
        }
        Self::from_bytes(bytes(jwk, "x")?)
    }

    /// Takes the 32-byte encoding of RFC 8032 section 5.1.2.
    ///
    /// # Errors
    /// [`KeyFault::InvalidPoint`] when it does not decode, or is of small order: such a key
    /// accepts signatures that nobody made.
    pub fn from_bytes(x: [u8; 32]) -> Result<Self, KeyFault> {
        let key = Self { x };
        key.to_verifying_key()?;
        Ok(key)
    }

    /// The 32-byte encoding.
    #[must_use]
    pub const fn x(&self) -> &[u8; 32] {
        &self.x
    }

    /// SHA-256 thumbprint (RFC 7638 section 3.2, RFC 8037 section 2).
    #[must_use]
    pub fn thumbprint(&self) -> [u8; 32] {
        let x = base64url::encode(&self.x);
        Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)).into()
    }

    pub(crate) fn to_verifying_key(&self) -> Result<VerifyingKey, KeyFault> {
        let key = VerifyingKey::from_bytes(&self.x).map_err(|_| KeyFault::InvalidPoint)?;
        if key.is_weak() {
            Err(KeyFault::InvalidPoint)
        } else {
            Ok(key)
        }
    }
}
