//! Keys with the one algorithm each is pinned to.

pub mod mac;
pub mod public;

use core::fmt;

pub use mac::MacKey;
pub use public::PublicKey;

use crate::SignatureError;

/// A signature algorithm. The key decides which one is run; a message can only agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with MD5 (RFC 2104): legacy dialects only, by name.
    HmacMd5,
    /// HMAC with SHA-1: legacy dialects only, by name.
    HmacSha1,
    /// HMAC with SHA-256.
    HmacSha256,
    /// HMAC with SHA-384.
    HmacSha384,
    /// HMAC with SHA-512.
    HmacSha512,
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// ECDSA on P-256 with SHA-256; the signature is r and s, 64 bytes.
    EcdsaP256Sha256,
    /// ECDSA on P-384 with SHA-384; the signature is r and s, 96 bytes.
    EcdsaP384Sha384,
    /// RSASSA-PSS with SHA-256 and a salt of 32 bytes (JWS `PS256`).
    RsaPssSha256,
    /// RSASSA-PSS with SHA-512 and a salt of 64 bytes.
    RsaPssSha512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaV15Sha256,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 11] = [
        Self::HmacMd5,
        Self::HmacSha1,
        Self::HmacSha256,
        Self::HmacSha384,
        Self::HmacSha512,
        Self::Ed25519,
        Self::EcdsaP256Sha256,
        Self::EcdsaP384Sha384,
        Self::RsaPssSha256,
        Self::RsaPssSha512,
        Self::RsaV15Sha256,
    ];

    /// The name in the policy file: a JWS name (RFC 7518, RFC 8037) where there is one.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HmacMd5 => "HMAC-MD5",
            Self::HmacSha1 => "HMAC-SHA1",
            Self::HmacSha256 => "HS256",
            Self::HmacSha384 => "HS384",
            Self::HmacSha512 => "HS512",
            Self::Ed25519 => "EdDSA",
            Self::EcdsaP256Sha256 => "ES256",
            Self::EcdsaP384Sha384 => "ES384",
            Self::RsaPssSha256 => "PS256",
            Self::RsaPssSha512 => "PS512",
            Self::RsaV15Sha256 => "RS256",
        }
    }

    /// The algorithm of a policy name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    /// Whether the key is a shared secret.
    pub const fn is_mac(self) -> bool {
        matches!(
            self,
            Self::HmacMd5 | Self::HmacSha1 | Self::HmacSha256 | Self::HmacSha384 | Self::HmacSha512
        )
    }

    /// Whether the hash is one that no new design may use (SHA-1, MD5).
    pub const fn is_legacy(self) -> bool {
        matches!(self, Self::HmacMd5 | Self::HmacSha1)
    }
}

/// What verifies signatures: a secret or a public key.
pub enum VerificationKey {
    /// A shared secret.
    Mac(MacKey),
    /// A public key.
    Public(PublicKey),
}

impl VerificationKey {
    /// The one algorithm of this key.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Mac(key) => key.algorithm(),
            Self::Public(key) => key.algorithm(),
        }
    }

    /// Whether one of `signatures` is right for the concatenation of `parts`; a MAC is computed
    /// once, however many there are.
    ///
    /// Which one it was is not said: an ECDSA value has a second spelling that anybody can make, so
    /// what remembers messages against replay has to go by the signed octets.
    ///
    /// # Errors
    /// [`SignatureError::Mismatch`], whatever the cause.
    pub fn verify_any(
        &self,
        parts: &[&[u8]],
        signatures: &[Vec<u8>],
    ) -> Result<(), SignatureError> {
        let found = match self {
            Self::Mac(key) => {
                let computed = key.compute(parts);
                let mut each = signatures.iter();
                each.any(|signature| mac::matches(&computed, signature).is_ok())
            }
            Self::Public(key) => {
                let mut each = signatures.iter();
                each.any(|signature| key.verify(parts, signature).is_ok())
            }
        };
        if found {
            Ok(())
        } else {
            Err(SignatureError::Mismatch)
        }
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerificationKey({})", self.algorithm().name())
    }
}

/// What makes signatures: a secret here, or a private key that the caller keeps elsewhere.
pub trait Signer {
    /// The one algorithm of the key.
    fn algorithm(&self) -> Algorithm;

    /// The shared secret, where there is one: some schemes derive a key of the day from it.
    fn mac_key(&self) -> Option<&MacKey> {
        None
    }

    /// Signs the concatenation of `parts`.
    ///
    /// # Errors
    /// [`SignatureError::SigningFailed`].
    fn sign(&self, parts: &[&[u8]]) -> Result<Vec<u8>, SignatureError>;
}

impl Signer for MacKey {
    fn algorithm(&self) -> Algorithm {
        MacKey::algorithm(self)
    }

    fn mac_key(&self) -> Option<&MacKey> {
        Some(self)
    }

    fn sign(&self, parts: &[&[u8]]) -> Result<Vec<u8>, SignatureError> {
        Ok(self.compute(parts))
    }
}
