//! Public keys: verification only. No private key has a place in this crate.
//!
//! **ECDSA** signatures are the fixed-size `r || s` that RFC 9421 sections 3.3.4 and 3.3.5, JWS and
//! Web Crypto have; DER is refused. The texts allow `s` in both halves of the group order and
//! common signers emit both, so both verify. Anyone can turn one into the other without the key:
//! what remembers messages against replay has to go by the signed octets, not by the signature.
//!
//! **RSA** values are as long as the modulus and below it, a PSS salt is exactly as long as the
//! hash (RFC 9421 section 3.3.1, RFC 7518 section 3.5), and the padding of PKCS #1 v1.5 is rebuilt
//! and compared, never parsed.

use core::fmt;
use std::borrow::Cow;

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::{BoxedUint, Pkcs1v15Sign, Pss, RsaPublicKey};
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::limits::{MAX_RSA_EXPONENT_BYTES, RSA_MODULUS_BITS};
use crate::{Algorithm, SignatureError};

/// A public key with its algorithm, validated: the point is on its curve, the modulus is long enough.
pub struct PublicKey {
    kind: Kind,
}

enum Kind {
    Ed25519(ed25519_dalek::VerifyingKey),
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    Rsa(RsaPublicKey, RsaScheme),
}

/// An RSA key is pinned to one of these (RFC 8017 section 8).
#[derive(Clone, Copy)]
enum RsaScheme {
    PssSha256,
    PssSha512,
    V15Sha256,
}

impl PublicKey {
    /// An Ed25519 key from its 32 bytes (RFC 8032 section 5.1.5).
    ///
    /// # Errors
    /// [`SignatureError::WeakKey`] for what is no point, or a point of small order.
    pub fn ed25519(bytes: &[u8; 32]) -> Result<Self, SignatureError> {
        let key =
            ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| SignatureError::WeakKey)?;
        if key.is_weak() {
            return Err(SignatureError::WeakKey);
        }
        Ok(Self {
            kind: Kind::Ed25519(key),
        })
    }

    /// An ECDSA key on P-256 with SHA-256, from its SEC 1 point, compressed or not.
    ///
    /// # Errors
    /// [`SignatureError::WeakKey`] for what is no point of the curve.
    pub fn p256(sec1: &[u8]) -> Result<Self, SignatureError> {
        p256::ecdsa::VerifyingKey::from_sec1_bytes(sec1)
            .map(|key| Self {
                kind: Kind::P256(key),
            })
            .map_err(|_| SignatureError::WeakKey)
    }

    /// An ECDSA key on P-384 with SHA-384, from its SEC 1 point, compressed or not.
    ///
    /// # Errors
    /// [`SignatureError::WeakKey`] for what is no point of the curve.
    pub fn p384(sec1: &[u8]) -> Result<Self, SignatureError> {
        p384::ecdsa::VerifyingKey::from_sec1_bytes(sec1)
            .map(|key| Self {
                kind: Kind::P384(key),
            })
            .map_err(|_| SignatureError::WeakKey)
    }

    /// An RSA key from its big-endian modulus and public exponent, leading zeros allowed.
    ///
    /// # Errors
    /// [`SignatureError::WeakKey`] for a modulus outside 2048 to 8192 bits or even, an exponent that
    /// is even, below 3 or longer than 32 bits; [`SignatureError::InvalidSpec`] when the algorithm
    /// is not one of RSA.
    pub fn rsa(
        modulus: &[u8],
        exponent: &[u8],
        algorithm: Algorithm,
    ) -> Result<Self, SignatureError> {
        let scheme = match algorithm {
            Algorithm::RsaPssSha256 => RsaScheme::PssSha256,
            Algorithm::RsaPssSha512 => RsaScheme::PssSha512,
            Algorithm::RsaV15Sha256 => RsaScheme::V15Sha256,
            _ => return Err(SignatureError::InvalidSpec),
        };
        let modulus = without_leading_zeros(modulus);
        let exponent = without_leading_zeros(exponent);
        let longest = RSA_MODULUS_BITS.end().div_ceil(8);
        if modulus.len() > longest || exponent.len() > MAX_RSA_EXPONENT_BYTES {
            return Err(SignatureError::WeakKey);
        }
        // The library refuses even numbers and exponents below 3.
        RsaPublicKey::new_with_size_limits(
            BoxedUint::from_be_slice_vartime(modulus),
            BoxedUint::from_be_slice_vartime(exponent),
            RSA_MODULUS_BITS,
        )
        .map(|key| Self {
            kind: Kind::Rsa(key, scheme),
        })
        .map_err(|_| SignatureError::WeakKey)
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        match &self.kind {
            Kind::Ed25519(_) => Algorithm::Ed25519,
            Kind::P256(_) => Algorithm::EcdsaP256Sha256,
            Kind::P384(_) => Algorithm::EcdsaP384Sha384,
            Kind::Rsa(_, RsaScheme::PssSha256) => Algorithm::RsaPssSha256,
            Kind::Rsa(_, RsaScheme::PssSha512) => Algorithm::RsaPssSha512,
            Kind::Rsa(_, RsaScheme::V15Sha256) => Algorithm::RsaV15Sha256,
        }
    }

    /// Verifies `signature` over the concatenation of `parts`.
    ///
    /// # Errors
    /// [`SignatureError::Mismatch`], whatever the cause.
    pub fn verify(&self, parts: &[&[u8]], signature: &[u8]) -> Result<(), SignatureError> {
        let verified = match &self.kind {
            Kind::Ed25519(key) => {
                ed25519_dalek::Signature::from_slice(signature).is_ok_and(|signature| {
                    // Ed25519 hashes twice: it is the one that needs the message in one piece.
                    key.verify_strict(&whole(parts), &signature).is_ok()
                })
            }
            Kind::P256(key) => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|value| key.verify_prehash(&digest::<Sha256>(parts), &value).is_ok()),
            Kind::P384(key) => p384::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|value| key.verify_prehash(&digest::<Sha384>(parts), &value).is_ok()),
            Kind::Rsa(key, scheme) => match scheme {
                RsaScheme::PssSha256 => {
                    key.verify(Pss::<Sha256>::new(), &digest::<Sha256>(parts), signature)
                }
                RsaScheme::PssSha512 => {
                    key.verify(Pss::<Sha512>::new(), &digest::<Sha512>(parts), signature)
                }
                RsaScheme::V15Sha256 => {
                    let padding = Pkcs1v15Sign::new::<Sha256>();
                    key.verify(padding, &digest::<Sha256>(parts), signature)
                }
            }
            .is_ok(),
        };
        if verified {
            Ok(())
        } else {
            Err(SignatureError::Mismatch)
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.algorithm().name())
    }
}

fn digest<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
    let mut hash = D::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().to_vec()
}

fn whole<'p>(parts: &[&'p [u8]]) -> Cow<'p, [u8]> {
    match parts {
        [one] => Cow::Borrowed(one),
        several => Cow::Owned(several.concat()),
    }
}

fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|&&byte| byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}
