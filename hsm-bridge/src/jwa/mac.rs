//! MACs and signatures, made and checked.

use sealgate_wire::{KeyFailure, MacRequest, MacVerifyRequest, SignRequest, VerifyRequest};
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::{Algorithm, digest_bytes};
use crate::token::{Hash, Order};

/// The order of a MAC request.
///
/// # Errors
/// [`KeyFailure::BadRequest`] for an `alg` that is no MAC algorithm.
pub fn mac(request: MacRequest) -> Result<(Algorithm, Order), KeyFailure> {
    let (algorithm, hash) = Algorithm::from_name(&request.alg)
        .and_then(|algorithm| Some((algorithm, algorithm.mac_hash()?)))
        .ok_or(KeyFailure::BadRequest)?;
    let data = request.data;
    Ok((algorithm, Order::Mac { hash, data }))
}

/// The order that computes the MAC to compare with, and the MAC to compare.
///
/// # Errors
/// As [`mac`]; also when the MAC is not as long as the algorithm makes them: none is truncated.
pub fn mac_verify(request: MacVerifyRequest) -> Result<(Algorithm, Order, Vec<u8>), KeyFailure> {
    let given = request.mac;
    let (algorithm, order) = mac(MacRequest {
        alg: request.alg,
        data: request.data,
    })?;
    let length = algorithm.mac_hash().map(digest_bytes);
    if length == Some(given.len()) {
        Ok((algorithm, order, given))
    } else {
        Err(KeyFailure::BadRequest)
    }
}

/// The order of a signing request.
///
/// # Errors
/// [`KeyFailure::BadRequest`] for an `alg` that is no signature algorithm, for a digest of another
/// length than its hash has, and for a digest where the message itself is signed.
pub fn sign(request: SignRequest) -> Result<(Algorithm, Order), KeyFailure> {
    let (algorithm, input) = input(&request.alg, request.digest, request.data)?;
    let scheme = algorithm.scheme().ok_or(KeyFailure::BadRequest)?;
    Ok((algorithm, Order::Sign { scheme, input }))
}

/// The order of a verification.
///
/// # Errors
/// As [`sign`].
pub fn verify(request: VerifyRequest) -> Result<(Algorithm, Order), KeyFailure> {
    let (algorithm, input) = input(&request.alg, request.digest, request.data)?;
    let scheme = algorithm.scheme().ok_or(KeyFailure::BadRequest)?;
    let order = Order::Verify {
        scheme,
        input,
        signature: request.sig,
    };
    Ok((algorithm, order))
}

fn input(
    alg: &str,
    digest: Option<Vec<u8>>,
    data: Option<Vec<u8>>,
) -> Result<(Algorithm, Vec<u8>), KeyFailure> {
    let algorithm = Algorithm::from_name(alg)
        .filter(|algorithm| algorithm.scheme().is_some())
        .ok_or(KeyFailure::BadRequest)?;
    let input = match (algorithm.digest(), digest, data) {
        (Some(hash), Some(digest), None) if digest.len() == digest_bytes(hash) => digest,
        (Some(Hash::Sha256), None, Some(data)) => Sha256::digest(&data).to_vec(),
        (Some(Hash::Sha384), None, Some(data)) => Sha384::digest(&data).to_vec(),
        (Some(Hash::Sha512), None, Some(data)) => Sha512::digest(&data).to_vec(),
        (None, None, Some(data)) => data,
        _ => return Err(KeyFailure::BadRequest),
    };
    Ok((algorithm, input))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::Scheme;

    fn request(alg: &str, digest: Option<usize>, data: Option<&[u8]>) -> SignRequest {
        SignRequest {
            alg: alg.into(),
            digest: digest.map(|bytes| vec![1; bytes]),
            data: data.map(<[u8]>::to_vec),
        }
    }

    #[test]
    fn a_digest_is_as_long_as_its_hash_and_messages_are_signed_whole() {
        for (alg, bytes) in [("ES256", 32), ("PS384", 48), ("RS512", 64), ("ES512", 64)] {
            assert!(sign(request(alg, Some(bytes), None)).is_ok(), "{alg}");
            assert!(sign(request(alg, Some(bytes - 1), None)).is_err(), "{alg}");
            let (_, order) = sign(request(alg, None, Some(b"m"))).unwrap();
            let Order::Sign { input, .. } = order else {
                panic!("{alg}")
            };
            assert_eq!(input.len(), bytes);
        }
        let (_, order) = sign(request("EdDSA", None, Some(b"m"))).unwrap();
        let whole = Order::Sign {
            scheme: Scheme::Ed25519,
            input: b"m".to_vec(),
        };
        assert_eq!(order, whole);
        assert!(sign(request("EdDSA", Some(32), None)).is_err());
        assert!(sign(request("HS256", None, Some(b"m"))).is_err());
    }

    #[test]
    fn a_truncated_mac_is_not_compared() {
        let request = |bytes| MacVerifyRequest {
            alg: "HS256".into(),
            data: Vec::new(),
            mac: vec![0; bytes],
        };
        assert!(mac_verify(request(32)).is_ok());
        for wrong in [0, 16, 31, 33, 64] {
            assert_eq!(mac_verify(request(wrong)), Err(KeyFailure::BadRequest));
        }
    }
}
