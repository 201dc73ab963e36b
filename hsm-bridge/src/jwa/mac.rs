//! MACs and signatures.

use sealgate_wire::{KeyFailure, MacRequest, SignRequest};
use sha2::{Digest, Sha256};

use super::Algorithm;
use crate::token::{MacHash, Order};

/// The order of a MAC request.
///
/// # Errors
/// [`KeyFailure::BadRequest`] for an `alg` that is no MAC algorithm.
pub fn mac(request: MacRequest) -> Result<(Algorithm, Order), KeyFailure> {
    let (algorithm, hash) = match Algorithm::from_name(&request.alg) {
        Some(Algorithm::Hs256) => (Algorithm::Hs256, MacHash::Sha256),
        Some(Algorithm::Hs512) => (Algorithm::Hs512, MacHash::Sha512),
        _ => return Err(KeyFailure::BadRequest),
    };
    Ok((
        algorithm,
        Order::Mac {
            hash,
            data: request.data,
        },
    ))
}

/// The order of a signing request.
///
/// # Errors
/// [`KeyFailure::BadRequest`] for an `alg` that is no signature algorithm, and for a digest that
/// is not a SHA-256.
pub fn sign(request: &SignRequest) -> Result<(Algorithm, Order), KeyFailure> {
    let digest: [u8; 32] = match (&request.digest, &request.data) {
        (Some(digest), None) => digest
            .as_slice()
            .try_into()
            .map_err(|_| KeyFailure::BadRequest)?,
        (None, Some(data)) => Sha256::digest(data).into(),
        _ => return Err(KeyFailure::BadRequest),
    };
    match Algorithm::from_name(&request.alg) {
        Some(Algorithm::Es256) => Ok((Algorithm::Es256, Order::SignEs256 { digest })),
        Some(Algorithm::Ps256) => Ok((Algorithm::Ps256, Order::SignPs256 { digest })),
        _ => Err(KeyFailure::BadRequest),
    }
}
