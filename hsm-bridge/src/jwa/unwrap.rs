//! Recovering a content key: the order for the token, and what is left to do with its result.

use aes_kw::KeyInit;
use sealgate_wire::{EphemeralPublicKey, KeyFailure, UnwrapRequest};
use zeroize::Zeroizing;

use super::{Algorithm, concat_kdf};
use crate::token::{KeyKind, OaepHash, Order, Purpose};

/// What is left to do when the token has carried out its order.
pub struct Unwrapping {
    algorithm: Algorithm,
    enc: &'static Enc,
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
pub fn unwrap(request: UnwrapRequest, key: &KeyKind) -> Result<(Order, Unwrapping), KeyFailure> {
    let algorithm = Algorithm::from_name(&request.alg)
        .filter(|algorithm| algorithm.purpose() == Purpose::Unwrap)
        .ok_or(KeyFailure::BadRequest)?;
    let enc = ENCS
        .iter()
        .find(|enc| enc.name == request.enc)
        .ok_or(KeyFailure::BadRequest)?;
    let agreed = matches!(algorithm, Algorithm::EcdhEs | Algorithm::EcdhEsA256Kw);
    if !agreed && (request.epk.is_some() || request.apu.is_some() || request.apv.is_some()) {
        return Err(KeyFailure::BadRequest);
    }
    if !algorithm.fits(key) {
        return Err(KeyFailure::AlgUnsupported);
    }
    // Every wrapping below adds 8 bytes to the content key.
    let wrapped = request.ek.len() == enc.key_bytes.saturating_add(8);
    let order = match algorithm {
        Algorithm::EcdhEs if request.ek.is_empty() => agree(request.epk.as_ref())?,
        Algorithm::EcdhEsA256Kw if wrapped => agree(request.epk.as_ref())?,
        Algorithm::A256Kw if wrapped => Order::UnwrapAes {
            wrapped: request.ek.clone(),
        },
        Algorithm::RsaOaep => oaep(OaepHash::Sha1, &request.ek, key)?,
        Algorithm::RsaOaep256 => oaep(OaepHash::Sha256, &request.ek, key)?,
        _ => return Err(KeyFailure::BadRequest),
    };
    let rest = Unwrapping {
        algorithm,
        enc,
        ek: request.ek,
        apu: request.apu.unwrap_or_default(),
        apv: request.apv.unwrap_or_default(),
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
        let derive =
            |id: &str, bytes| concat_kdf::derive(&yielded, id, &self.apu, &self.apv, bytes);
        let cek = match self.algorithm {
            Algorithm::EcdhEs => derive(self.enc.name, self.enc.key_bytes),
            Algorithm::EcdhEsA256Kw => {
                let kek = derive(self.algorithm.name(), 32);
                let kek =
                    aes_kw::KwAes256::new_from_slice(&kek).map_err(|_| KeyFailure::Internal)?;
                let mut cek = Zeroizing::new(vec![0; self.enc.key_bytes]);
                kek.unwrap_key(&self.ek, &mut cek)
                    .map_err(|_| KeyFailure::CryptoFailed)?;
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

fn agree(epk: Option<&EphemeralPublicKey>) -> Result<Order, KeyFailure> {
    let epk = epk.ok_or(KeyFailure::BadRequest)?;
    let y = epk.y.as_deref().unwrap_or_default();
    if epk.kty != "EC" || epk.crv != "P-256" || epk.x.len() != 32 || y.len() != 32 {
        return Err(KeyFailure::BadRequest);
    }
    let point = [&[0x04], epk.x.as_slice(), y].concat();
    // A point off the curve would let the sender learn the private key piece by piece from tokens
    // that do not look. The reader of P-256 keys checks the equation and refuses infinity.
    p256::PublicKey::from_sec1_bytes(&point).map_err(|_| KeyFailure::BadRequest)?;
    Ok(Order::Agree { point })
}

fn oaep(hash: OaepHash, ek: &[u8], key: &KeyKind) -> Result<Order, KeyFailure> {
    match key {
        KeyKind::Rsa { modulus, .. } if modulus.len() == ek.len() => Ok(Order::DecryptOaep {
            hash,
            ciphertext: ek.to_vec(),
        }),
        _ => Err(KeyFailure::BadRequest),
    }
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
mod tests {
    use super::*;
    use crate::jwa::P256_BASE_POINT;

    const EC: KeyKind = KeyKind::EcP256 { point: None };

    fn request(alg: &str, ek: usize) -> UnwrapRequest {
        UnwrapRequest {
            alg: alg.into(),
            ek: vec![1; ek],
            epk: None,
            apu: None,
            apv: None,
            enc: "A256GCM".into(),
        }
    }

    fn base() -> EphemeralPublicKey {
        EphemeralPublicKey {
            kty: "EC".into(),
            crv: "P-256".into(),
            x: P256_BASE_POINT[1..33].to_vec(),
            y: Some(P256_BASE_POINT[33..].to_vec()),
        }
    }

    fn refused(request: UnwrapRequest, key: &KeyKind) -> KeyFailure {
        unwrap(request, key).err().expect("must be refused")
    }

    #[test]
    fn a_point_off_the_curve_never_becomes_an_order() {
        let good = UnwrapRequest {
            epk: Some(base()),
            ..request("ECDH-ES+A256KW", 40)
        };
        assert!(unwrap(good.clone(), &EC).is_ok());
        let mut off = base();
        off.x[31] ^= 1;
        let infinity = EphemeralPublicKey {
            x: vec![0; 32],
            y: Some(vec![0; 32]),
            ..base()
        };
        let large = EphemeralPublicKey {
            x: vec![0xff; 32],
            ..base()
        };
        let short = EphemeralPublicKey {
            x: vec![1; 31],
            ..base()
        };
        let half = EphemeralPublicKey { y: None, ..base() };
        let other = EphemeralPublicKey {
            crv: "P-384".into(),
            ..base()
        };
        let okp = EphemeralPublicKey {
            kty: "OKP".into(),
            ..base()
        };
        for epk in [off, infinity, large, short, half, other, okp] {
            let bad = UnwrapRequest {
                epk: Some(epk),
                ..good.clone()
            };
            assert_eq!(refused(bad, &EC), KeyFailure::BadRequest);
        }
        assert_eq!(
            refused(request("ECDH-ES+A256KW", 40), &EC),
            KeyFailure::BadRequest
        );
    }

    #[test]
    fn lengths_are_checked_before_the_token_is_asked() {
        let aes = KeyKind::Aes { bytes: 32 };
        for wrong in [0, 8, 32, 39, 41, 48, 72] {
            assert_eq!(
                refused(request("A256KW", wrong), &aes),
                KeyFailure::BadRequest,
                "{wrong}"
            );
        }
        assert!(unwrap(request("A256KW", 40), &aes).is_ok());
        let rsa = KeyKind::Rsa {
            modulus: vec![0x80; 256],
            exponent: vec![1, 0, 1],
        };
        for wrong in [0, 255, 257, 512] {
            let failure = refused(request("RSA-OAEP-256", wrong), &rsa);
            assert_eq!(failure, KeyFailure::BadRequest, "{wrong}");
        }
        let direct = UnwrapRequest {
            epk: Some(base()),
            ..request("ECDH-ES", 40)
        };
        assert_eq!(refused(direct, &EC), KeyFailure::BadRequest);
    }

    #[test]
    fn parts_of_another_algorithm_are_refused() {
        let aes = KeyKind::Aes { bytes: 32 };
        let mixed = UnwrapRequest {
            epk: Some(base()),
            ..request("A256KW", 40)
        };
        assert_eq!(refused(mixed, &aes), KeyFailure::BadRequest);
        assert_eq!(
            refused(request("A256KW", 40), &EC),
            KeyFailure::AlgUnsupported
        );
        assert_eq!(refused(request("RSA1_5", 256), &EC), KeyFailure::BadRequest);
        assert_eq!(refused(request("HS256", 40), &EC), KeyFailure::BadRequest);
        let odd = UnwrapRequest {
            enc: "none".into(),
            ..request("A256KW", 40)
        };
        assert_eq!(refused(odd, &aes), KeyFailure::BadRequest);
    }

    #[test]
    fn a_content_key_of_the_wrong_length_is_a_cryptographic_failure() {
        let rsa = KeyKind::Rsa {
            modulus: vec![0x80; 256],
            exponent: vec![1, 0, 1],
        };
        let (_, rest) = unwrap(request("RSA-OAEP", 256), &rsa).unwrap();
        let failure = rest.finish(Zeroizing::new(vec![0; 31])).unwrap_err();
        assert_eq!(failure, KeyFailure::CryptoFailed);
    }
}
