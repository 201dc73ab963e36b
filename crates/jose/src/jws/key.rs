//! Verification keys, each bound to one algorithm.

use core::fmt;

use ed25519_dalek::VerifyingKey as EdVerifyingKey;
use hmac::{Hmac, KeyInit, Mac};
use p256::ecdsa::VerifyingKey as EcVerifyingKey;
use p256::ecdsa::signature::Verifier;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::jwk::{EcPublicJwk, Ed25519PublicJwk, OctJwk, PublicJwk, PublicKey, Purpose};
use crate::{JoseError, KeyFault};

/// The shortest HS256 key, in bytes: the hash length (RFC 7518 section 3.2).
pub(super) const MIN_HS256_KEY_BYTES: usize = 32;

/// The signature algorithms that are understood (RFC 7518 section 3.1, RFC 8037 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// `HS256`: HMAC with SHA-256.
    Hs256,
    /// `ES256`: ECDSA on P-256 with SHA-256, signature `r || s`.
    Es256,
    /// `EdDSA` with Ed25519.
    EdDsa,
}

impl SignatureAlgorithm {
    /// Every algorithm, in a stable order.
    pub const ALL: [Self; 3] = [Self::Hs256, Self::Es256, Self::EdDsa];

    /// The registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of exactly this name; case counts.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    /// The only length its signatures have, in bytes.
    #[must_use]
    pub const fn signature_bytes(self) -> usize {
        match self {
            Self::Hs256 => 32,
            Self::Es256 | Self::EdDsa => 64,
        }
    }
}

/// A key that verifies signatures of one algorithm. Secrets are wiped on drop.
pub struct VerifyKey(Inner);

enum Inner {
    Hs256(Zeroizing<Vec<u8>>),
    Es256(EcVerifyingKey),
    EdDsa(EdVerifyingKey),
}

impl VerifyKey {
    /// An HS256 key.
    ///
    /// # Errors
    /// [`KeyFault::Length`] below 32 bytes (RFC 7518 section 3.2).
    pub fn hs256(secret: &[u8]) -> Result<Self, KeyFault> {
        if secret.len() < MIN_HS256_KEY_BYTES {
            return Err(KeyFault::Length);
        }
        Ok(Self(Inner::Hs256(Zeroizing::new(secret.to_vec()))))
    }

    /// An ES256 key.
    ///
    /// # Errors
    /// [`KeyFault::InvalidPoint`].
    pub fn es256(key: &EcPublicJwk) -> Result<Self, KeyFault> {
        Ok(Self(Inner::Es256(key.to_public_key()?.into())))
    }

    /// An EdDSA key.
    ///
    /// # Errors
    /// [`KeyFault::InvalidPoint`].
    pub fn ed25519(key: &Ed25519PublicJwk) -> Result<Self, KeyFault> {
        Ok(Self(Inner::EdDsa(key.to_verifying_key()?)))
    }

    /// The key of a public JWK: ES256 for EC, EdDSA for OKP.
    ///
    /// # Errors
    /// [`KeyFault::Purpose`] when the JWK's `alg`, `use` or `key_ops` forbid verification.
    pub fn from_jwk(jwk: &PublicJwk) -> Result<Self, KeyFault> {
        let key = match &jwk.key {
            PublicKey::Ec(key) => Self::es256(key)?,
            PublicKey::Ed25519(key) => Self::ed25519(key)?,
        };
        jwk.metadata.allow(Purpose::Verify, key.alg().name())?;
        Ok(key)
    }

    /// The HS256 key of an `oct` JWK.
    ///
    /// # Errors
    /// [`KeyFault::Purpose`] when the JWK forbids it, [`KeyFault::Length`] below 32 bytes.
    pub fn from_oct_jwk(jwk: &OctJwk) -> Result<Self, KeyFault> {
        jwk.metadata
            .allow(Purpose::Verify, SignatureAlgorithm::Hs256.name())?;
        Self::hs256(jwk.expose())
    }

    /// The algorithm of this key.
    #[must_use]
    pub const fn alg(&self) -> SignatureAlgorithm {
        match self.0 {
            Inner::Hs256(_) => SignatureAlgorithm::Hs256,
            Inner::Es256(_) => SignatureAlgorithm::Es256,
            Inner::EdDsa(_) => SignatureAlgorithm::EdDsa,
        }
    }

    /// Checks `signature` over `message`; the MAC is compared in constant time.
    pub(super) fn check(&self, message: &[u8], signature: &[u8]) -> Result<(), JoseError> {
        let verified = match &self.0 {
            Inner::Hs256(secret) => {
                let mut mac = Hmac::<Sha256>::new_from_slice(secret)
                    .map_err(|_| JoseError::Authentication)?;
                mac.update(message);
                mac.verify_slice(signature).is_ok()
            }
            Inner::Es256(key) => p256::ecdsa::Signature::from_slice(signature)
                .and_then(|signature| key.verify(message, &signature))
                .is_ok(),
            Inner::EdDsa(key) => ed25519_dalek::Signature::from_slice(signature)
                .and_then(|signature| key.verify_strict(message, &signature))
                .is_ok(),
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

#[cfg(test)]
mod tests;
