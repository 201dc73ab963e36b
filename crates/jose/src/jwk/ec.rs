//! `kty` EC, curve P-256.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{bytes, refuse_private, text};
use crate::{KeyFault, base64url};

/// A public key on P-256, checked to be a point of the curve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EcPublicJwk {
    x: [u8; 32],
    y: [u8; 32],
}

impl EcPublicJwk {
    /// Reads the members `kty`, `crv`, `x` and `y`; ignores the others but refuses private ones.
    ///
    /// # Errors
    /// [`KeyFault`]; coordinates must be exactly 32 bytes each (RFC 7518 section 6.2.1.2).
    pub fn from_value(jwk: &Value) -> Result<Self, KeyFault> {
        refuse_private(jwk)?;
        if text(jwk, "kty")? != "EC" || text(jwk, "crv")? != "P-256" {
            return Err(KeyFault::UnsupportedType);
        }
        Self::from_coordinates(bytes(jwk, "x")?, bytes(jwk, "y")?)
    }

    /// Takes big-endian affine coordinates.
    ///
    /// # Errors
    /// [`KeyFault::InvalidPoint`] when they are not a point of the curve.
    pub fn from_coordinates(x: [u8; 32], y: [u8; 32]) -> Result<Self, KeyFault> {
        let key = Self { x, y };
        key.to_public_key()?;
        Ok(key)
    }

    /// The `crv` name.
    #[must_use]
    pub const fn crv(&self) -> &'static str {
        "P-256"
    }

    /// Big-endian x coordinate.
    #[must_use]
    pub const fn x(&self) -> &[u8; 32] {
        &self.x
    }

    /// Big-endian y coordinate.
    #[must_use]
    pub const fn y(&self) -> &[u8; 32] {
        &self.y
    }

    /// The public JWK with the required members only.
    #[must_use]
    pub fn to_value(&self) -> Value {
        json!({
            "crv": self.crv(),
            "kty": "EC",
            "x": base64url::encode(&self.x),
            "y": base64url::encode(&self.y),
        })
    }

    /// SHA-256 thumbprint (RFC 7638 section 3.2: members in this order, no white space).
    #[must_use]
    pub fn thumbprint(&self) -> [u8; 32] {
        let (x, y) = (base64url::encode(&self.x), base64url::encode(&self.y));
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        Sha256::digest(canonical).into()
    }

    /// Uncompressed SEC1 form, 65 bytes.
    #[must_use]
    pub fn to_sec1(&self) -> [u8; 65] {
        let mut sec1 = [0; 65];
        let bytes = [4].iter().chain(&self.x).chain(&self.y);
        sec1.iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = *from);
        sec1
    }

    /// The library's key; decoding checks that the point is on the curve.
    pub(crate) fn to_public_key(&self) -> Result<p256::PublicKey, KeyFault> {
        p256::PublicKey::from_sec1_bytes(&self.to_sec1()).map_err(|_| KeyFault::InvalidPoint)
    }
}
