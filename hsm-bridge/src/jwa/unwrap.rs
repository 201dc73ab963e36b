//! Recovering a content key: the order for the token, and what is left to do with its result.

use aes_kw::KeyInit;
use sealgate_wire::{KeyFailure, UnwrapRequest};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{Algorithm, concat_kdf, point};
use crate::token::{Curve, KeyKind, Order, Purpose};

/// Length of an ML-KEM-768 ciphertext, in bytes (FIPS 203, table 3).
const KEM_CIPHERTEXT_BYTES: usize = 1088;
/// Length of the tag of AES-GCM, in bytes.
const TAG_BYTES: usize = 16;

/// What is left to do when the token has carried out its order.
pub struct Unwrapping {
    algorithm: Algorithm,
    enc: &'static Enc,
    montgomery: bool,
    ek: Vec<u8>,
    apu: Vec<u8>,
    apv: Vec<u8>,
}

/// Checks a request against the key's public facts and makes the order.
///
/// # Errors
/// [`KeyFailure::BadRequest`] for an unknown `alg` or `enc`, parts that do not belong together,
/// wrong lengths, or a point that is not on the curve; [`KeyFailure::AlgUnsupported`] when the
/// key is of another kind. The token is not asked in any of these cases.
pub fn unwrap(request: &UnwrapRequest, key: &KeyKind) -> Result<(Order, Unwrapping), KeyFailure> {
    let algorithm = Algorithm::from_name(&request.alg)
        .filter(|algorithm| algorithm.purpose() == Purpose::Unwrap)
        .ok_or(KeyFailure::BadRequest)?;
    let enc = ENCS
        .iter()
        .find(|enc| enc.name == request.enc)
        .ok_or(KeyFailure::BadRequest)?;
    let stray = [
        !algorithm.agrees() && (request.epk.is_some() || request.apu.is_some()),
        !algorithm.agrees() && request.apv.is_some(),
        !algorithm.is_gcm() && (request.iv.is_some() || request.tag.is_some()),
    ];
    if stray.contains(&true) {
        return Err(KeyFailure::BadRequest);
    }
    if !algorithm.fits(key) {
        return Err(KeyFailure::AlgUnsupported);
    }
    let order = order(algorithm, enc, request, key).ok_or(KeyFailure::BadRequest)?;
    let rest = Unwrapping {
        algorithm,
        enc,
        montgomery: matches!(&order, Order::Agree { curve, .. } if !curve.has_y()),
        // Only what an agreement leads to is unwrapped here.
        ek: if algorithm.agrees() {
            request.ek.clone()
        } else {
            Vec::new()
        },
        apu: request.apu.clone().unwrap_or_default(),
        apv: request.apv.clone().unwrap_or_default(),
    };
    Ok((order, rest))
}

impl Unwrapping {
    /// The algorithm of the request.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Turns what the token yielded into the content key.
    ///
    /// # Errors
    /// [`KeyFailure::CryptoFailed`] when the key does not unwrap or has not the length `enc` asks.
    pub fn finish(self, yielded: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, KeyFailure> {
        // A point of small order: the "secret" is zero for every key (RFC 8037 section 4).
        // On the NIST curves zero is the x coordinate of points like any other.
        if self.montgomery && bool::from(yielded.ct_eq(&vec![0; yielded.len()])) {
            return Err(KeyFailure::CryptoFailed);
        }
        let derive =
            |id: &str, bytes| concat_kdf::derive(&yielded, id, &self.apu, &self.apv, bytes);
        let cek = match self.algorithm {
            Algorithm::EcdhEs => derive(self.enc.name, self.enc.key_bytes),
            _ if self.algorithm.agrees() => {
                let kek = derive(
                    self.algorithm.name(),
                    self.algorithm.kek_bytes().unwrap_or(0),
                );
                let mut cek = Zeroizing::new(vec![0; self.enc.key_bytes]);
                unwrap_aes(&kek, &self.ek, &mut cek)?;
                cek
            }
            _ => yielded,
        };
        if cek.len() == self.enc.key_bytes {
            Ok(cek)
        } else {
            Err(KeyFailure::CryptoFailed)
        }
    }
}

/// The order of a request whose lengths are right.
fn order(algorithm: Algorithm, enc: &Enc, request: &UnwrapRequest, key: &KeyKind) -> Option<Order> {
    let ek = &request.ek;
    // RFC 3394 adds 8 bytes to the content key.
    let wrapped = ek.len() == enc.key_bytes.saturating_add(8);
    match key {
        KeyKind::Rsa { modulus, .. } if modulus.len() == ek.len() => Some(Order::DecryptOaep {
            hash: algorithm.oaep_hash()?,
            ciphertext: ek.clone(),
        }),
        KeyKind::Ec { curve, .. } => {
            let direct = algorithm == Algorithm::EcdhEs;
            let fits = if direct { ek.is_empty() } else { wrapped };
            agree(*curve, request).filter(|_| fits)
        }
        KeyKind::MlKem768 { .. } if ek.len() == KEM_CIPHERTEXT_BYTES && enc.key_bytes == 32 => {
            Some(Order::Decapsulate {
                ciphertext: ek.clone(),
            })
        }
        KeyKind::Aes { .. } if algorithm.is_gcm() => {
            let iv = request.iv.as_deref()?.try_into().ok()?;
            let tag = request.tag.as_deref()?;
            let fits = tag.len() == TAG_BYTES && ek.len() == enc.key_bytes;
            fits.then(|| Order::UnwrapGcm {
                iv,
                wrapped: [ek, tag].concat(),
            })
        }
        KeyKind::Aes { .. } if wrapped => Some(Order::UnwrapAes {
            wrapped: ek.clone(),
        }),
        _ => None,
    }
}

fn agree(curve: Curve, request: &UnwrapRequest) -> Option<Order> {
    let point = point::of(request.epk.as_ref()?, curve).ok()?;
    Some(Order::Agree { curve, point })
}

fn unwrap_aes(kek: &[u8], wrapped: &[u8], key: &mut [u8]) -> Result<(), KeyFailure> {
    let unwrapped = match kek.len() {
        16 => aes_kw::KwAes128::new_from_slice(kek)
            .map_err(|_| KeyFailure::Internal)?
            .unwrap_key(wrapped, key),
        24 => aes_kw::KwAes192::new_from_slice(kek)
            .map_err(|_| KeyFailure::Internal)?
            .unwrap_key(wrapped, key),
        _ => aes_kw::KwAes256::new_from_slice(kek)
            .map_err(|_| KeyFailure::Internal)?
            .unwrap_key(wrapped, key),
    };
    unwrapped.map(drop).map_err(|_| KeyFailure::CryptoFailed)
}

/// A content encryption and the length of its key.
struct Enc {
    name: &'static str,
    key_bytes: usize,
}

/// RFC 7518 section 5.1.
const ENCS: [Enc; 6] = [
    Enc {
        name: "A128GCM",
        key_bytes: 16,
    },
    Enc {
        name: "A192GCM",
        key_bytes: 24,
    },
    Enc {
        name: "A256GCM",
        key_bytes: 32,
    },
    Enc {
        name: "A128CBC-HS256",
        key_bytes: 32,
    },
    Enc {
        name: "A192CBC-HS384",
        key_bytes: 48,
    },
    Enc {
        name: "A256CBC-HS512",
        key_bytes: 64,
    },
];

#[cfg(test)]
mod tests;
