//! Points that callers send, and the base points of self-tests.

use p256::elliptic_curve::sec1::ToSec1Point as _;
use sealgate_wire::{EphemeralPublicKey, KeyFailure};

use crate::token::Curve;

/// The base point of a curve, as [`Curve`] writes points: agreeing with it yields the x coordinate
/// of a key's own public point.
#[must_use]
pub fn base_point(curve: Curve) -> Vec<u8> {
    match curve {
        Curve::P256 => p256::AffinePoint::GENERATOR
            .to_sec1_point(false)
            .as_bytes()
            .to_vec(),
        Curve::P384 => p384::AffinePoint::GENERATOR
            .to_sec1_point(false)
            .as_bytes()
            .to_vec(),
        Curve::P521 => p521::AffinePoint::GENERATOR
            .to_sec1_point(false)
            .as_bytes()
            .to_vec(),
        Curve::X25519 | Curve::Ed25519 => {
            let mut nine = vec![0; 32];
            if let Some(first) = nine.first_mut() {
                *first = 9;
            }
            nine
        }
    }
}

/// The point of an ephemeral key, if it is one of the curve.
pub(super) fn of(epk: &EphemeralPublicKey, curve: Curve) -> Result<Vec<u8>, KeyFailure> {
    let kty = if curve.has_y() { "EC" } else { "OKP" };
    if epk.kty != kty || epk.crv != curve.name() || epk.x.len() != curve.secret_bytes() {
        return Err(KeyFailure::BadRequest);
    }
    let point = match &epk.y {
        Some(y) if curve.has_y() && y.len() == epk.x.len() => {
            [&[0x04], epk.x.as_slice(), y].concat()
        }
        None if !curve.has_y() => epk.x.clone(),
        _ => return Err(KeyFailure::BadRequest),
    };
    // A point off the curve would let the sender learn the private key piece by piece from tokens
    // that do not look. These readers check the equation and refuse infinity. Every text is a point
    // of X25519; its few points of small order are found by the secret they lead to, zero.
    let right = match curve {
        Curve::P256 => p256::PublicKey::from_sec1_bytes(&point).is_ok(),
        Curve::P384 => p384::PublicKey::from_sec1_bytes(&point).is_ok(),
        Curve::P521 => p521::PublicKey::from_sec1_bytes(&point).is_ok(),
        Curve::X25519 => true,
        Curve::Ed25519 => false,
    };
    right.then_some(point).ok_or(KeyFailure::BadRequest)
}
