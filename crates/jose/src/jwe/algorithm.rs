//! The `alg` and `enc` values that are understood (RFC 7518 sections 4.1 and 5.1).

/// How the content-encryption key reaches the recipient: the JWE `alg`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum KeyManagement {
    /// `dir`: the shared key is the content-encryption key.
    Dir,
    /// `ECDH-ES`: the agreed key is the content-encryption key.
    EcdhEs,
    /// `ECDH-ES+A256KW`: the agreed key wraps the content-encryption key.
    EcdhEsA256Kw,
    /// `RSA-OAEP` with SHA-1; weak by name, still sound as OAEP, for peers that know no other.
    RsaOaep,
    /// `RSA-OAEP-256`.
    RsaOaep256,
    /// `A256KW`: a shared key wraps the content-encryption key.
    A256Kw,
}

impl KeyManagement {
    /// Every algorithm, in a stable order.
    pub const ALL: [Self; 6] = [
        Self::Dir,
        Self::EcdhEs,
        Self::EcdhEsA256Kw,
        Self::RsaOaep,
        Self::RsaOaep256,
        Self::A256Kw,
    ];

    /// The registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dir => "dir",
            Self::EcdhEs => "ECDH-ES",
            Self::EcdhEsA256Kw => "ECDH-ES+A256KW",
            Self::RsaOaep => "RSA-OAEP",
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::A256Kw => "A256KW",
        }
    }

    /// The algorithm of exactly this name; case counts (RFC 7515 section 4.1.1).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    /// Whether anybody holding only public material can produce such a token. If so, opening it
    /// proves nothing about who wrote it.
    #[must_use]
    pub const fn is_asymmetric(self) -> bool {
        match self {
            Self::EcdhEs | Self::EcdhEsA256Kw | Self::RsaOaep | Self::RsaOaep256 => true,
            Self::Dir | Self::A256Kw => false,
        }
    }

    /// Whether the header carries `epk`.
    #[must_use]
    pub const fn is_ecdh(self) -> bool {
        matches!(self, Self::EcdhEs | Self::EcdhEsA256Kw)
    }
}

/// The content encryption: the JWE `enc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ContentEncryption {
    /// `A256GCM`.
    A256Gcm,
}

impl ContentEncryption {
    /// Every content encryption, in a stable order.
    pub const ALL: [Self; 1] = [Self::A256Gcm];

    /// The registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::A256Gcm => "A256GCM",
        }
    }

    /// The content encryption of exactly this name; case counts.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|encryption| encryption.name() == name)
    }

    /// Length of its content-encryption key in bytes.
    #[must_use]
    pub const fn cek_bytes(self) -> usize {
        match self {
            Self::A256Gcm => 32,
        }
    }
}
