//! `kty` EC: the curves P-256, P-384 and P-521 (RFC 7518 section 6.2).

use serde_json::{Value, json};

use super::{number, refuse_private, text, thumbprint};
use crate::{KeyFault, base64url};

/// A NIST curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Curve {
    /// `P-256`.
    P256,
    /// `P-384`.
    P384,
    /// `P-521`.
    P521,
}

impl Curve {
    /// Every curve, in a stable order.
    pub const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    /// The registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// The curve of exactly this name; case counts.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| curve.name() == name)
    }

    /// Length in bytes of a coordinate, a private scalar and a shared secret.
    #[must_use]
    pub const fn field_bytes(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

/// A public key on a NIST curve, checked to be a point of it and not the point at infinity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EcPublicJwk {
    curve: Curve,
    /// SEC1 uncompressed: 4, x, y.
    point: Vec<u8>,
}

impl EcPublicJwk {
    /// Reads the members `kty`, `crv`, `x` and `y`; ignores the others but refuses private ones.
    ///
    /// # Errors
    /// [`KeyFault`]; coordinates must be exactly as long as the field (RFC 7518 section 6.2.1.2).
    pub fn from_value(jwk: &Value) -> Result<Self, KeyFault> {
        refuse_private(jwk)?;
        Self::public_part(jwk)
    }

    /// [`EcPublicJwk::from_value`] of a JWK that may be private.
    pub(crate) fn public_part(jwk: &Value) -> Result<Self, KeyFault> {
        if text(jwk, "kty")? != "EC" {
            return Err(KeyFault::UnsupportedType);
        }
        let curve = Curve::from_name(text(jwk, "crv")?).ok_or(KeyFault::UnsupportedType)?;
        let (x, y) = (number(jwk, "x")?, number(jwk, "y")?);
        if x.len() != curve.field_bytes() || y.len() != curve.field_bytes() {
            return Err(KeyFault::Malformed);
        }
        Self::from_coordinates(curve, &x, &y)
    }

    /// Takes big-endian affine coordinates.
    ///
    /// # Errors
    /// [`KeyFault::InvalidPoint`] when they are not a point of the curve, or not of its length.
    pub fn from_coordinates(curve: Curve, x: &[u8], y: &[u8]) -> Result<Self, KeyFault> {
        if x.len() != curve.field_bytes() || y.len() != curve.field_bytes() {
            return Err(KeyFault::InvalidPoint);
        }
        Self::from_sec1(curve, &[&[4], x, y].concat())
    }

    /// Takes the uncompressed SEC1 form.
    ///
    /// # Errors
    /// [`KeyFault::InvalidPoint`].
    pub(crate) fn from_sec1(curve: Curve, point: &[u8]) -> Result<Self, KeyFault> {
        let valid = match curve {
            Curve::P256 => p256::PublicKey::from_sec1_bytes(point).is_ok(),
            Curve::P384 => p384::PublicKey::from_sec1_bytes(point).is_ok(),
            Curve::P521 => p521::PublicKey::from_sec1_bytes(point).is_ok(),
        };
        if !valid || point.first() != Some(&4) {
            return Err(KeyFault::InvalidPoint);
        }
        Ok(Self {
            curve,
            point: point.to_vec(),
        })
    }

    /// The curve.
    #[must_use]
    pub const fn curve(&self) -> Curve {
        self.curve
    }

    /// The `crv` name.
    #[must_use]
    pub const fn crv(&self) -> &'static str {
        self.curve.name()
    }

    /// Big-endian x coordinate, [`Curve::field_bytes`] long.
    #[must_use]
    pub fn x(&self) -> &[u8] {
        self.coordinates().0
    }

    /// Big-endian y coordinate, [`Curve::field_bytes`] long.
    #[must_use]
    pub fn y(&self) -> &[u8] {
        self.coordinates().1
    }

    /// Uncompressed SEC1 form: 4, x, y.
    #[must_use]
    pub fn to_sec1(&self) -> &[u8] {
        &self.point
    }

    /// The public JWK with the required members only.
    #[must_use]
    pub fn to_value(&self) -> Value {
        json!({
            "crv": self.crv(),
            "kty": "EC",
            "x": base64url::encode(self.x()),
            "y": base64url::encode(self.y()),
        })
    }

    /// SHA-256 thumbprint (RFC 7638 section 3.2), 32 bytes.
    #[must_use]
    pub fn thumbprint(&self) -> [u8; 32] {
        thumbprint(&self.to_value())
    }

    fn coordinates(&self) -> (&[u8], &[u8]) {
        self.point
            .get(1..)
            .and_then(|point| point.split_at_checked(self.curve.field_bytes()))
            .unwrap_or_default()
    }
}
