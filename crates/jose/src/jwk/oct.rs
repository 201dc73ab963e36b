//! `kty` oct: a shared secret.

use core::fmt;

use serde_json::Value;
use zeroize::Zeroizing;

use super::{BOUNDS, Metadata, text};
use crate::{KeyFault, base64url, json};

/// A shared secret from a JWK; wiped on drop, never empty.
pub struct OctJwk {
    bytes: Zeroizing<Vec<u8>>,
    /// `kid`, `alg`, `use` and `key_ops`.
    pub metadata: Metadata,
}

impl OctJwk {
    /// Reads a JWK from JSON text.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn from_slice(text: &[u8]) -> Result<Self, KeyFault> {
        let members = json::object(text, BOUNDS).map_err(|_| KeyFault::Malformed)?;
        Self::from_value(&Value::Object(members))
    }

    /// Reads a JWK that is already a JSON value; the caller wipes that value.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn from_value(jwk: &Value) -> Result<Self, KeyFault> {
        if text(jwk, "kty")? != "oct" {
            return Err(KeyFault::UnsupportedType);
        }
        let bytes = base64url::decode(text(jwk, "k")?.as_bytes())
            .map(Zeroizing::new)
            .map_err(|_| KeyFault::Malformed)?;
        if bytes.is_empty() {
            return Err(KeyFault::Length);
        }
        Ok(Self {
            bytes,
            metadata: Metadata::from_value(jwk)?,
        })
    }

    /// The secret itself.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for OctJwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OctJwk")
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}
