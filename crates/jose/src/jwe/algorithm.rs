//! The `alg` and `enc` values that are understood (RFC 7518 sections 4.1 and 5.1).

#[cfg(feature = "pq")]
use super::HpkeSuite;

/// How the content-encryption key reaches the recipient: the JWE `alg`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum KeyManagement {
    /// `dir`: the shared key is the content-encryption key.
    Dir,
    /// `A128KW`: a shared key wraps the content-encryption key.
    A128Kw,
    /// `A192KW`.
    A192Kw,
    /// `A256KW`.
    A256Kw,
    /// `A128GCMKW`: a shared key encrypts the content-encryption key.
    A128GcmKw,
    /// `A192GCMKW`.
    A192GcmKw,
    /// `A256GCMKW`.
    A256GcmKw,
    /// `RSA-OAEP` with SHA-1; weak by name, still sound as OAEP, for peers that know no other.
    RsaOaep,
    /// `RSA-OAEP-256`.
    RsaOaep256,
    /// `RSA-OAEP-384`.
    RsaOaep384,
    /// `RSA-OAEP-512`.
    RsaOaep512,
    /// `ECDH-ES`: the agreed key is the content-encryption key.
    EcdhEs,
    /// `ECDH-ES+A128KW`: the agreed key wraps the content-encryption key.
    EcdhEsA128Kw,
    /// `ECDH-ES+A192KW`.
    EcdhEsA192Kw,
    /// `ECDH-ES+A256KW`.
    EcdhEsA256Kw,
    /// `HPKE-n`: HPKE encrypts the content; there is no `enc`.
    #[cfg(feature = "pq")]
    Hpke(HpkeSuite),
    /// `HPKE-n-KE`: HPKE encrypts the content-encryption key.
    #[cfg(feature = "pq")]
    HpkeKe(HpkeSuite),
}

/// What an algorithm does with the content-encryption key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Direct,
    /// AES Key Wrap with a shared key of this many bytes.
    Wrap(usize),
    /// AES-GCM with a shared key of this many bytes.
    GcmWrap(usize),
    RsaOaep,
    /// Key agreement whose result is the content-encryption key.
    Agree,
    /// Key agreement whose result, of this many bytes, wraps the content-encryption key.
    AgreeWrap(usize),
    #[cfg(feature = "pq")]
    Hpke(HpkeSuite),
    #[cfg(feature = "pq")]
    HpkeKe(HpkeSuite),
}

impl KeyManagement {
    /// Every algorithm of RFC 7518, in a stable order.
    pub const ALL: [Self; 15] = [
        Self::Dir,
        Self::A128Kw,
        Self::A192Kw,
        Self::A256Kw,
        Self::A128GcmKw,
        Self::A192GcmKw,
        Self::A256GcmKw,
        Self::RsaOaep,
        Self::RsaOaep256,
        Self::RsaOaep384,
        Self::RsaOaep512,
        Self::EcdhEs,
        Self::EcdhEsA128Kw,
        Self::EcdhEsA192Kw,
        Self::EcdhEsA256Kw,
    ];

    /// The registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dir => "dir",
            Self::A128Kw => "A128KW",
            Self::A192Kw => "A192KW",
            Self::A256Kw => "A256KW",
            Self::A128GcmKw => "A128GCMKW",
            Self::A192GcmKw => "A192GCMKW",
            Self::A256GcmKw => "A256GCMKW",
            Self::RsaOaep => "RSA-OAEP",
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::RsaOaep384 => "RSA-OAEP-384",
            Self::RsaOaep512 => "RSA-OAEP-512",
            Self::EcdhEs => "ECDH-ES",
            Self::EcdhEsA128Kw => "ECDH-ES+A128KW",
            Self::EcdhEsA192Kw => "ECDH-ES+A192KW",
            Self::EcdhEsA256Kw => "ECDH-ES+A256KW",
            #[cfg(feature = "pq")]
            Self::Hpke(suite) => suite.names()[0],
            #[cfg(feature = "pq")]
            Self::HpkeKe(suite) => suite.names()[1],
        }
    }

    /// The algorithm of exactly this name; case counts (RFC 7515 section 4.1.1).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let all = Self::ALL.into_iter();
        #[cfg(feature = "pq")]
        let all = all.chain(
            HpkeSuite::ALL
                .into_iter()
                .flat_map(|suite| [Self::Hpke(suite), Self::HpkeKe(suite)]),
        );
        all.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// Whether it is JOSE HPKE, which a policy has to allow as post-quantum or draft.
    #[must_use]
    pub const fn is_hpke(self) -> bool {
        match self.family() {
            #[cfg(feature = "pq")]
            Family::Hpke(_) | Family::HpkeKe(_) => true,
            _ => false,
        }
    }

    /// Whether anybody holding only public material can produce such a token. If so, opening it
    /// proves nothing about who wrote it.
    #[must_use]
    pub const fn is_asymmetric(self) -> bool {
        match self.family() {
            Family::RsaOaep | Family::Agree | Family::AgreeWrap(_) => true,
            Family::Direct | Family::Wrap(_) | Family::GcmWrap(_) => false,
            #[cfg(feature = "pq")]
            Family::Hpke(_) | Family::HpkeKe(_) => true,
        }
    }

    /// Whether no content-encryption key travels, so that a message has one recipient only.
    #[must_use]
    pub const fn is_direct(self) -> bool {
        match self.family() {
            Family::Direct | Family::Agree => true,
            #[cfg(feature = "pq")]
            Family::Hpke(_) => true,
            _ => false,
        }
    }

    /// Whether the header carries `epk`.
    #[must_use]
    pub const fn is_ecdh(self) -> bool {
        matches!(self.family(), Family::Agree | Family::AgreeWrap(_))
    }

    /// Whether the private operation is RSA's, which never happens in this crate.
    #[must_use]
    pub const fn is_rsa(self) -> bool {
        matches!(self.family(), Family::RsaOaep)
    }

    /// Length in bytes of the shared key of `A*KW` and `A*GCMKW`; `None` for the others.
    #[must_use]
    pub const fn shared_key_bytes(self) -> Option<usize> {
        match self.family() {
            Family::Wrap(bytes) | Family::GcmWrap(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(crate) const fn family(self) -> Family {
        match self {
            Self::Dir => Family::Direct,
            Self::A128Kw => Family::Wrap(16),
            Self::A192Kw => Family::Wrap(24),
            Self::A256Kw => Family::Wrap(32),
            Self::A128GcmKw => Family::GcmWrap(16),
            Self::A192GcmKw => Family::GcmWrap(24),
            Self::A256GcmKw => Family::GcmWrap(32),
            Self::RsaOaep | Self::RsaOaep256 | Self::RsaOaep384 | Self::RsaOaep512 => {
                Family::RsaOaep
            }
            Self::EcdhEs => Family::Agree,
            Self::EcdhEsA128Kw => Family::AgreeWrap(16),
            Self::EcdhEsA192Kw => Family::AgreeWrap(24),
            Self::EcdhEsA256Kw => Family::AgreeWrap(32),
            #[cfg(feature = "pq")]
            Self::Hpke(suite) => Family::Hpke(suite),
            #[cfg(feature = "pq")]
            Self::HpkeKe(suite) => Family::HpkeKe(suite),
        }
    }
}

/// The content encryption: the JWE `enc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ContentEncryption {
    /// `A128GCM`.
    A128Gcm,
    /// `A192GCM`.
    A192Gcm,
    /// `A256GCM`.
    A256Gcm,
    /// `A128CBC-HS256`.
    A128CbcHs256,
    /// `A192CBC-HS384`.
    A192CbcHs384,
    /// `A256CBC-HS512`.
    A256CbcHs512,
    /// None of its own: `HPKE-n` encrypts the content. It has no name, no key, no IV and no tag, and
    /// no header can ask for it.
    #[cfg(feature = "pq")]
    Integrated,
}

impl ContentEncryption {
    /// Every content encryption, in a stable order.
    pub const ALL: [Self; 6] = [
        Self::A128Gcm,
        Self::A192Gcm,
        Self::A256Gcm,
        Self::A128CbcHs256,
        Self::A192CbcHs384,
        Self::A256CbcHs512,
    ];

    /// The registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::A128Gcm => "A128GCM",
            Self::A192Gcm => "A192GCM",
            Self::A256Gcm => "A256GCM",
            Self::A128CbcHs256 => "A128CBC-HS256",
            Self::A192CbcHs384 => "A192CBC-HS384",
            Self::A256CbcHs512 => "A256CBC-HS512",
            #[cfg(feature = "pq")]
            Self::Integrated => "",
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
            Self::A128Gcm => 16,
            Self::A192Gcm => 24,
            Self::A256Gcm | Self::A128CbcHs256 => 32,
            Self::A192CbcHs384 => 48,
            Self::A256CbcHs512 => 64,
            #[cfg(feature = "pq")]
            Self::Integrated => 0,
        }
    }

    /// Length of its initialization vector in bytes: 96 bits for GCM, a block for CBC.
    #[must_use]
    pub const fn iv_bytes(self) -> usize {
        match self {
            #[cfg(feature = "pq")]
            Self::Integrated => 0,
            _ if self.is_gcm() => 12,
            _ => 16,
        }
    }

    /// Length of its authentication tag in bytes.
    #[must_use]
    pub const fn tag_bytes(self) -> usize {
        match self {
            Self::A128Gcm | Self::A192Gcm | Self::A256Gcm | Self::A128CbcHs256 => 16,
            Self::A192CbcHs384 => 24,
            Self::A256CbcHs512 => 32,
            #[cfg(feature = "pq")]
            Self::Integrated => 0,
        }
    }

    pub(crate) const fn is_gcm(self) -> bool {
        matches!(self, Self::A128Gcm | Self::A192Gcm | Self::A256Gcm)
    }
}
