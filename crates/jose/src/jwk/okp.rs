//! `kty` OKP: the curves Ed25519 and X25519 (RFC 8037 section 2).

use ed25519_dalek::VerifyingKey;
use serde_json::{Value, json};

use super::{bytes, refuse_private, text, thumbprint};
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
        Self::from_bytes(okp(jwk, "Ed25519")?)
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

    /// The public JWK with the required members only.
    #[must_use]
    pub fn to_value(&self) -> Value {
        json!({ "crv": "Ed25519", "kty": "OKP", "x": base64url::encode(&self.x) })
    }

    /// SHA-256 thumbprint (RFC 7638 section 3.2, RFC 8037 section 2), 32 bytes.
    #[must_use]
    pub fn thumbprint(&self) -> [u8; 32] {
        thumbprint(&self.to_value())
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

/// An X25519 public key, checked not to be of small order (RFC 7748 section 6.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct X25519PublicJwk {
    x: [u8; 32],
}

impl X25519PublicJwk {
    /// Reads the members `kty`, `crv` and `x`; ignores the others but refuses private ones.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn from_value(jwk: &Value) -> Result<Self, KeyFault> {
        refuse_private(jwk)?;
        Self::public_part(jwk)
    }

    /// [`X25519PublicJwk::from_value`] of a JWK that may be private.
    pub(crate) fn public_part(jwk: &Value) -> Result<Self, KeyFault> {
        Self::from_bytes(okp(jwk, "X25519")?)
    }

    /// Takes the 32-byte encoding of RFC 7748 section 5.
    ///
    /// # Errors
    /// [`KeyFault::InvalidPoint`] for a point of small order: whatever the private key, it agrees
    /// on zero. Every private key is a multiple of the cofactor, so one of them finds out.
    pub fn from_bytes(x: [u8; 32]) -> Result<Self, KeyFault> {
        if x25519_dalek::x25519([1; 32], x) == [0; 32] {
            return Err(KeyFault::InvalidPoint);
        }
        Ok(Self { x })
    }

    /// The 32-byte encoding.
    #[must_use]
    pub const fn x(&self) -> &[u8; 32] {
        &self.x
    }

    /// The public JWK with the required members only.
    #[must_use]
    pub fn to_value(&self) -> Value {
        json!({ "crv": "X25519", "kty": "OKP", "x": base64url::encode(&self.x) })
    }

    /// SHA-256 thumbprint (RFC 7638 section 3.2, RFC 8037 section 2), 32 bytes.
    #[must_use]
    pub fn thumbprint(&self) -> [u8; 32] {
        thumbprint(&self.to_value())
    }
}

fn okp(jwk: &Value, crv: &str) -> Result<[u8; 32], KeyFault> {
    if text(jwk, "kty")? != "OKP" || text(jwk, "crv")? != crv {
        return Err(KeyFault::UnsupportedType);
    }
    bytes(jwk, "x")
}
