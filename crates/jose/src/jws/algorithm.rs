//! The signature algorithms that are understood (RFC 7518 section 3.1, RFC 8037 section 3.1).

use crate::jwk::Curve;
use crate::limits::RSA_ENCRYPTED_KEY_BYTES;

/// The JWS `alg`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// `HS256`: HMAC with SHA-256.
    Hs256,
    /// `HS384`.
    Hs384,
    /// `HS512`.
    Hs512,
    /// `RS256`: RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// `RS384`.
    Rs384,
    /// `RS512`.
    Rs512,
    /// `PS256`: RSASSA-PSS with SHA-256, salt as long as the hash.
    Ps256,
    /// `PS384`.
    Ps384,
    /// `PS512`.
    Ps512,
    /// `ES256`: ECDSA on P-256 with SHA-256, signature `r || s`.
    Es256,
    /// `ES384`: on P-384 with SHA-384.
    Es384,
    /// `ES512`: on P-521 with SHA-512.
    Es512,
    /// `EdDSA` with Ed25519.
    EdDsa,
    /// `ML-DSA-44` (RFC 9964).
    #[cfg(feature = "pq")]
    MlDsa44,
    /// `ML-DSA-65`.
    #[cfg(feature = "pq")]
    MlDsa65,
    /// `ML-DSA-87`.
    #[cfg(feature = "pq")]
    MlDsa87,
}

/// The hash of an algorithm.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// What an algorithm computes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Hmac(Hash),
    RsaV15(Hash),
    RsaPss(Hash),
    Ecdsa(Curve),
    Ed25519,
    /// ML-DSA with signatures of this many bytes.
    #[cfg(feature = "pq")]
    MlDsa(usize),
}

impl SignatureAlgorithm {
    /// Every algorithm of RFC 7518 and RFC 8037, in a stable order.
    pub const ALL: [Self; 13] = [
        Self::Hs256,
        Self::Hs384,
        Self::Hs512,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::EdDsa,
    ];

    /// The registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::EdDsa => "EdDSA",
            #[cfg(feature = "pq")]
            Self::MlDsa44 => "ML-DSA-44",
            #[cfg(feature = "pq")]
            Self::MlDsa65 => "ML-DSA-65",
            #[cfg(feature = "pq")]
            Self::MlDsa87 => "ML-DSA-87",
        }
    }

    /// The algorithm of exactly this name; case counts.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let all = Self::ALL.into_iter();
        #[cfg(feature = "pq")]
        let all = all.chain(Self::POST_QUANTUM);
        all.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// Those that no quantum computer is known to break, in a stable order.
    #[cfg(feature = "pq")]
    pub const POST_QUANTUM: [Self; 3] = [Self::MlDsa44, Self::MlDsa65, Self::MlDsa87];

    /// Whether it is one of those that a policy has to allow as post-quantum.
    #[must_use]
    pub const fn is_post_quantum(self) -> bool {
        match self.family() {
            #[cfg(feature = "pq")]
            Family::MlDsa(_) => true,
            _ => false,
        }
    }

    /// Whether whoever verifies could also have signed.
    #[must_use]
    pub const fn is_mac(self) -> bool {
        matches!(self.family(), Family::Hmac(_))
    }

    /// Whether its signatures can be this many bytes long: one length each, but for RSA, where the
    /// key decides.
    #[must_use]
    pub fn fits_signature(self, bytes: usize) -> bool {
        match self.family() {
            Family::Hmac(hash) => bytes == hash.bytes(),
            Family::RsaV15(_) | Family::RsaPss(_) => RSA_ENCRYPTED_KEY_BYTES.contains(&bytes),
            Family::Ecdsa(curve) => Some(bytes) == curve.field_bytes().checked_mul(2),
            Family::Ed25519 => bytes == 64,
            #[cfg(feature = "pq")]
            Family::MlDsa(length) => bytes == length,
        }
    }

    pub(crate) const fn family(self) -> Family {
        match self {
            Self::Hs256 => Family::Hmac(Hash::Sha256),
            Self::Hs384 => Family::Hmac(Hash::Sha384),
            Self::Hs512 => Family::Hmac(Hash::Sha512),
            Self::Rs256 => Family::RsaV15(Hash::Sha256),
            Self::Rs384 => Family::RsaV15(Hash::Sha384),
            Self::Rs512 => Family::RsaV15(Hash::Sha512),
            Self::Ps256 => Family::RsaPss(Hash::Sha256),
            Self::Ps384 => Family::RsaPss(Hash::Sha384),
            Self::Ps512 => Family::RsaPss(Hash::Sha512),
            Self::Es256 => Family::Ecdsa(Curve::P256),
            Self::Es384 => Family::Ecdsa(Curve::P384),
            Self::Es512 => Family::Ecdsa(Curve::P521),
            Self::EdDsa => Family::Ed25519,
            #[cfg(feature = "pq")]
            Self::MlDsa44 => Family::MlDsa(2420),
            #[cfg(feature = "pq")]
            Self::MlDsa65 => Family::MlDsa(3309),
            #[cfg(feature = "pq")]
            Self::MlDsa87 => Family::MlDsa(4627),
        }
    }
}

impl Hash {
    /// Output length, and shortest key of its HMAC (RFC 7518 section 3.2).
    pub(crate) const fn bytes(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}
