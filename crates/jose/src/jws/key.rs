//! Verification keys, each bound to one algorithm.

use core::fmt;

use ed25519_dalek::VerifyingKey as EdVerifyingKey;
use p256::ecdsa::signature::Verifier;
use rsa::{Pkcs1v15Sign, Pss};
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::SignatureAlgorithm;
use super::algorithm::{Family, Hash};
use super::mac::MacKey;
use crate::jwk::{
    Curve, EcPublicJwk, Ed25519PublicJwk, OctJwk, PublicJwk, PublicKey, Purpose, RsaPublicJwk,
};
use crate::{JoseError, KeyFault};

/// A key that verifies signatures of one algorithm. Secrets are wiped on drop.
///
/// ECDSA signatures verify with `s` in both halves of the group order, as RFC 7518 section 3.4 has
/// it: what remembers tokens against replay goes by the signed octets, not by the signature.
pub struct VerifyKey {
    alg: SignatureAlgorithm,
    inner: Inner,
}

enum Inner {
    Mac(MacKey),
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    P521(p521::ecdsa::VerifyingKey),
    Ed25519(EdVerifyingKey),
    Rsa(RsaPublicJwk),
    #[cfg(feature = "pq")]
    MlDsa(super::ml_dsa::MlDsaKey),
}

impl VerifyKey {
    /// A key of `HS256`, `HS384` or `HS512`.
    ///
    /// # Errors
    /// [`KeyFault::Length`] for a secret shorter than the hash (RFC 7518 section 3.2),
    /// [`KeyFault::Purpose`] for another `alg`.
    pub fn mac(alg: SignatureAlgorithm, secret: &[u8]) -> Result<Self, KeyFault> {
        let Family::Hmac(hash) = alg.family() else {
            return Err(KeyFault::Purpose);
        };
        let inner = Inner::Mac(MacKey::new(hash, secret)?);
        Ok(Self { alg, inner })
    }

    /// An HS256 key.
    ///
    /// # Errors
    /// [`KeyFault::Length`] below 32 bytes (RFC 7518 section 3.2).
    pub fn hs256(secret: &[u8]) -> Result<Self, KeyFault> {
        Self::mac(SignatureAlgorithm::Hs256, secret)
    }

    /// The key of a public JWK: ES256, ES384 or ES512 by the curve, EdDSA, and for RSA the `alg`
    /// of the JWK, which must then be there.
    ///
    /// # Errors
    /// [`KeyFault::Purpose`] when the JWK's `alg`, `use` or `key_ops` forbid verification.
    pub fn from_jwk(jwk: &PublicJwk) -> Result<Self, KeyFault> {
        let alg = match &jwk.key {
            PublicKey::Ec(key) => match key.curve() {
                Curve::P256 => SignatureAlgorithm::Es256,
                Curve::P384 => SignatureAlgorithm::Es384,
                Curve::P521 => SignatureAlgorithm::Es512,
            },
            PublicKey::Ed25519(_) => SignatureAlgorithm::EdDsa,
            _ => {
                let named = jwk.metadata.alg.as_deref();
                named
                    .and_then(SignatureAlgorithm::from_name)
                    .ok_or(KeyFault::Purpose)?
            }
        };
        Self::public(alg, jwk)
    }

    /// The key of a public JWK for this `alg` and no other.
    ///
    /// # Errors
    /// [`KeyFault::UnsupportedType`] when the JWK's type or curve is not the one of `alg`,
    /// [`KeyFault::Purpose`] when its `alg`, `use` or `key_ops` forbid verification.
    pub fn public(alg: SignatureAlgorithm, jwk: &PublicJwk) -> Result<Self, KeyFault> {
        let inner = match (alg.family(), &jwk.key) {
            (Family::Ecdsa(curve), PublicKey::Ec(key)) if key.curve() == curve => ecdsa(key)?,
            (Family::Ed25519, PublicKey::Ed25519(key)) => ed25519(key)?,
            (Family::RsaV15(_) | Family::RsaPss(_), PublicKey::Rsa(key)) => Inner::Rsa(key.clone()),
            #[cfg(feature = "pq")]
            (Family::MlDsa(_), PublicKey::Akp(key)) => {
                Inner::MlDsa(super::ml_dsa::MlDsaKey::new(alg, key.public())?)
            }
            _ => return Err(KeyFault::UnsupportedType),
        };
        jwk.metadata.allow(Purpose::Verify, alg.name())?;
        Ok(Self { alg, inner })
    }

    /// The HS256 key of an `oct` JWK, or that of its `alg`.
    ///
    /// # Errors
    /// [`KeyFault::Purpose`] when the JWK forbids it, [`KeyFault::Length`] for a secret shorter
    /// than the hash.
    pub fn from_oct_jwk(jwk: &OctJwk) -> Result<Self, KeyFault> {
        let alg = match jwk.metadata.alg.as_deref() {
            None => SignatureAlgorithm::Hs256,
            Some(name) => SignatureAlgorithm::from_name(name).ok_or(KeyFault::Purpose)?,
        };
        jwk.metadata.allow(Purpose::Verify, alg.name())?;
        Self::mac(alg, jwk.expose())
    }

    /// The algorithm of this key.
    #[must_use]
    pub const fn alg(&self) -> SignatureAlgorithm {
        self.alg
    }

    /// Checks `signature` over `message`; a MAC is compared in constant time.
    pub(super) fn check(&self, message: &[u8], signature: &[u8]) -> Result<(), JoseError> {
        let verified = match &self.inner {
            Inner::Mac(key) => key.verifies(message, signature),
            Inner::P256(key) => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Inner::P384(key) => p384::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Inner::P521(key) => p521::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Inner::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            Inner::Rsa(key) => rsa_verifies(self.alg, key, message, signature),
            #[cfg(feature = "pq")]
            Inner::MlDsa(key) => key.verifies(message, signature),
        };
        if verified {
            Ok(())
        } else {
            Err(JoseError::Authentication)
        }
    }
}

impl fmt::Debug for VerifyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyKey")
            .field("alg", &self.alg())
            .finish_non_exhaustive()
    }
}

fn ecdsa(key: &EcPublicJwk) -> Result<Inner, KeyFault> {
    let point = key.to_sec1();
    match key.curve() {
        Curve::P256 => p256::ecdsa::VerifyingKey::from_sec1_bytes(point).map(Inner::P256),
        Curve::P384 => p384::ecdsa::VerifyingKey::from_sec1_bytes(point).map(Inner::P384),
        Curve::P521 => p521::ecdsa::VerifyingKey::from_sec1_bytes(point).map(Inner::P521),
    }
    .map_err(|_| KeyFault::InvalidPoint)
}

fn ed25519(key: &Ed25519PublicJwk) -> Result<Inner, KeyFault> {
    key.to_verifying_key().map(Inner::Ed25519)
}

/// PKCS #1 v1.5 padding is rebuilt and compared, never parsed; a PSS salt is exactly as long as
/// the hash.
fn rsa_verifies(
    alg: SignatureAlgorithm,
    key: &RsaPublicJwk,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let key = key.key();
    let sha_256 = || Sha256::digest(message);
    let sha_384 = || Sha384::digest(message);
    let sha_512 = || Sha512::digest(message);
    match alg.family() {
        Family::RsaV15(Hash::Sha256) => {
            key.verify(Pkcs1v15Sign::new::<Sha256>(), &sha_256(), signature)
        }
        Family::RsaV15(Hash::Sha384) => {
            key.verify(Pkcs1v15Sign::new::<Sha384>(), &sha_384(), signature)
        }
        Family::RsaV15(Hash::Sha512) => {
            key.verify(Pkcs1v15Sign::new::<Sha512>(), &sha_512(), signature)
        }
        Family::RsaPss(Hash::Sha256) => key.verify(Pss::<Sha256>::new(), &sha_256(), signature),
        Family::RsaPss(Hash::Sha384) => key.verify(Pss::<Sha384>::new(), &sha_384(), signature),
        Family::RsaPss(Hash::Sha512) => key.verify(Pss::<Sha512>::new(), &sha_512(), signature),
        _ => return false,
    }
    .is_ok()
}

#[cfg(test)]
mod tests;
