//! JOSE algorithms (RFC 7518) as orders to a token: checking what a caller sent before the token
//! is asked, and finishing what the token yields.

use std::fmt;

use crate::token::{Curve, Hash, KeyKind, Order, Purpose, Scheme};

mod concat_kdf;
mod jwk;
mod mac;
mod point;
mod unwrap;

pub use jwk::{jwk, thumbprint};
pub use mac::{mac, mac_verify, sign, verify};
pub use point::base_point;
pub use unwrap::{Unwrapping, unwrap};

/// An algorithm the bridge knows, by its name in JOSE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the standard's")]
pub enum Algorithm {
    RsaOaep,
    RsaOaep256,
    RsaOaep384,
    RsaOaep512,
    EcdhEs,
    EcdhEsA128Kw,
    EcdhEsA192Kw,
    EcdhEsA256Kw,
    A128Kw,
    A192Kw,
    A256Kw,
    A128GcmKw,
    A192GcmKw,
    A256GcmKw,
    MlKem768,
    Hs256,
    Hs384,
    Hs512,
    Es256,
    Es384,
    Es512,
    EdDsa,
    Ps256,
    Ps384,
    Ps512,
    Rs256,
    Rs384,
    Rs512,
    MlDsa65,
}

impl Algorithm {
    /// All of them, with their names.
    const NAMES: [(Self, &'static str); 29] = [
        (Self::RsaOaep, "RSA-OAEP"),
        (Self::RsaOaep256, "RSA-OAEP-256"),
        (Self::RsaOaep384, "RSA-OAEP-384"),
        (Self::RsaOaep512, "RSA-OAEP-512"),
        (Self::EcdhEs, "ECDH-ES"),
        (Self::EcdhEsA128Kw, "ECDH-ES+A128KW"),
        (Self::EcdhEsA192Kw, "ECDH-ES+A192KW"),
        (Self::EcdhEsA256Kw, "ECDH-ES+A256KW"),
        (Self::A128Kw, "A128KW"),
        (Self::A192Kw, "A192KW"),
        (Self::A256Kw, "A256KW"),
        (Self::A128GcmKw, "A128GCMKW"),
        (Self::A192GcmKw, "A192GCMKW"),
        (Self::A256GcmKw, "A256GCMKW"),
        (Self::MlKem768, "ML-KEM-768"),
        (Self::Hs256, "HS256"),
        (Self::Hs384, "HS384"),
        (Self::Hs512, "HS512"),
        (Self::Es256, "ES256"),
        (Self::Es384, "ES384"),
        (Self::Es512, "ES512"),
        (Self::EdDsa, "EdDSA"),
        (Self::Ps256, "PS256"),
        (Self::Ps384, "PS384"),
        (Self::Ps512, "PS512"),
        (Self::Rs256, "RS256"),
        (Self::Rs384, "RS384"),
        (Self::Rs512, "RS512"),
        (Self::MlDsa65, "ML-DSA-65"),
    ];

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::NAMES.into_iter().map(|(algorithm, _)| algorithm)
    }

    /// The name in JOSE, in the configuration and on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        let named = Self::NAMES
            .into_iter()
            .find(|(algorithm, _)| *algorithm == self);
        named.map_or("", |(_, name)| name)
    }

    /// The algorithm of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let named = Self::NAMES.into_iter().find(|(_, known)| *known == name);
        named.map(|(algorithm, _)| algorithm)
    }

    /// What a key of this algorithm is for.
    #[must_use]
    pub fn purpose(self) -> Purpose {
        if self.mac_hash().is_some() {
            Purpose::Mac
        } else if self.scheme().is_some() {
            Purpose::Sign
        } else {
            Purpose::Unwrap
        }
    }

    /// Whether it wraps with AES-GCM.
    #[must_use]
    pub fn is_gcm(self) -> bool {
        matches!(self, Self::A128GcmKw | Self::A192GcmKw | Self::A256GcmKw)
    }

    /// Whether a key of this kind can serve it.
    #[must_use]
    pub fn fits(self, kind: &KeyKind) -> bool {
        self.sample(kind).is_some()
    }

    /// An order of the kind this algorithm needs, for the self-test of such a key; its content is
    /// not used. `None` when a key of this kind cannot serve the algorithm.
    #[must_use]
    pub fn sample(self, kind: &KeyKind) -> Option<Order> {
        if let Some(hash) = self.mac_hash() {
            let data = Vec::new();
            return matches!(kind, KeyKind::Hmac { .. }).then_some(Order::Mac { hash, data });
        }
        if let Some(scheme) = self.scheme() {
            let input = vec![0; self.digest().map_or(32, digest_bytes)];
            let sign = Order::Sign { scheme, input };
            return self.signs_with(kind).then_some(sign);
        }
        match kind {
            KeyKind::Rsa { .. } => Some(Order::DecryptOaep {
                hash: self.oaep_hash()?,
                ciphertext: Vec::new(),
            }),
            KeyKind::Ec { curve, .. } if *curve != Curve::Ed25519 && self.agrees() => {
                Some(Order::Agree {
                    curve: *curve,
                    point: Vec::new(),
                })
            }
            KeyKind::MlKem768 { .. } if self == Self::MlKem768 => Some(Order::Decapsulate {
                ciphertext: Vec::new(),
            }),
            KeyKind::Aes { bytes } if *bytes == 0 || Some(*bytes) == self.kek_bytes() => {
                Some(if self.is_gcm() {
                    Order::UnwrapGcm {
                        iv: [0; 12],
                        wrapped: Vec::new(),
                    }
                } else {
                    self.kek_bytes().filter(|_| !self.agrees())?;
                    Order::UnwrapAes {
                        wrapped: Vec::new(),
                    }
                })
            }
            _ => None,
        }
    }

    /// Whether it agrees on a secret with the sender's ephemeral key.
    pub(crate) fn agrees(self) -> bool {
        matches!(
            self,
            Self::EcdhEs | Self::EcdhEsA128Kw | Self::EcdhEsA192Kw | Self::EcdhEsA256Kw
        )
    }

    /// Length of the AES key that wraps the content key, in bytes.
    pub(crate) fn kek_bytes(self) -> Option<usize> {
        match self {
            Self::EcdhEsA128Kw | Self::A128Kw | Self::A128GcmKw => Some(16),
            Self::EcdhEsA192Kw | Self::A192Kw | Self::A192GcmKw => Some(24),
            Self::EcdhEsA256Kw | Self::A256Kw | Self::A256GcmKw => Some(32),
            _ => None,
        }
    }

    pub(crate) fn oaep_hash(self) -> Option<Hash> {
        match self {
            Self::RsaOaep => Some(Hash::Sha1),
            Self::RsaOaep256 => Some(Hash::Sha256),
            Self::RsaOaep384 => Some(Hash::Sha384),
            Self::RsaOaep512 => Some(Hash::Sha512),
            _ => None,
        }
    }

    pub(crate) fn mac_hash(self) -> Option<Hash> {
        match self {
            Self::Hs256 => Some(Hash::Sha256),
            Self::Hs384 => Some(Hash::Sha384),
            Self::Hs512 => Some(Hash::Sha512),
            _ => None,
        }
    }

    /// The hash that a signature is over; `None` for those over the message itself.
    pub(crate) fn digest(self) -> Option<Hash> {
        match self {
            Self::Es256 | Self::Ps256 | Self::Rs256 => Some(Hash::Sha256),
            Self::Es384 | Self::Ps384 | Self::Rs384 => Some(Hash::Sha384),
            Self::Es512 | Self::Ps512 | Self::Rs512 => Some(Hash::Sha512),
            _ => None,
        }
    }

    pub(crate) fn scheme(self) -> Option<Scheme> {
        match self {
            Self::Es256 | Self::Es384 | Self::Es512 => Some(Scheme::Ecdsa),
            Self::EdDsa => Some(Scheme::Ed25519),
            Self::MlDsa65 => Some(Scheme::MlDsa65),
            Self::Ps256 | Self::Ps384 | Self::Ps512 => self.digest().map(Scheme::Pss),
            Self::Rs256 | Self::Rs384 | Self::Rs512 => self.digest().map(Scheme::Pkcs1),
            _ => None,
        }
    }

    fn signs_with(self, kind: &KeyKind) -> bool {
        match (self, kind) {
            (Self::Es256, KeyKind::Ec { curve, .. }) => *curve == Curve::P256,
            (Self::Es384, KeyKind::Ec { curve, .. }) => *curve == Curve::P384,
            (Self::Es512, KeyKind::Ec { curve, .. }) => *curve == Curve::P521,
            (Self::EdDsa, KeyKind::Ec { curve, .. }) => *curve == Curve::Ed25519,
            (Self::MlDsa65, KeyKind::MlDsa65 { .. }) => true,
            (_, KeyKind::Rsa { .. }) => {
                matches!(self.scheme(), Some(Scheme::Pss(_) | Scheme::Pkcs1(_)))
            }
            _ => false,
        }
    }
}

/// Length of a digest, in bytes.
pub(crate) fn digest_bytes(hash: Hash) -> usize {
    match hash {
        Hash::Sha1 => 20,
        Hash::Sha256 => 32,
        Hash::Sha384 => 48,
        Hash::Sha512 => 64,
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        for algorithm in Algorithm::all() {
            assert_eq!(Algorithm::from_name(algorithm.name()), Some(algorithm));
        }
        assert_eq!(Algorithm::from_name(""), None);
        assert_eq!(Algorithm::from_name("RSA1_5"), None);
    }

    #[test]
    fn a_key_serves_the_algorithms_of_its_kind_only() {
        let named = |kind: &KeyKind| -> Vec<&str> {
            let fitting = Algorithm::all().filter(|algorithm| algorithm.fits(kind));
            fitting.map(Algorithm::name).collect()
        };
        let ec = |curve| KeyKind::Ec { curve, point: None };
        let es = [
            "ECDH-ES",
            "ECDH-ES+A128KW",
            "ECDH-ES+A192KW",
            "ECDH-ES+A256KW",
        ];
        assert_eq!(named(&ec(Curve::X25519)), es);
        assert_eq!(named(&ec(Curve::P384)), [&es[..], &["ES384"]].concat());
        assert_eq!(named(&ec(Curve::Ed25519)), ["EdDSA"]);
        let aes = KeyKind::Aes { bytes: 16 };
        assert_eq!(named(&aes), ["A128KW", "A128GCMKW"]);
        let kem = KeyKind::MlKem768 { public: None };
        assert_eq!(named(&kem), ["ML-KEM-768"]);
        let mac = KeyKind::Hmac { bytes: 32 };
        assert_eq!(named(&mac), ["HS256", "HS384", "HS512"]);
    }
}
