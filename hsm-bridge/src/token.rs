//! The boundary to a token: messages in, messages out.
//!
//! Nothing here names PKCS#11. An implementation could as well be a child process, which is the
//! way out for a module that crashes or cannot be initialised twice.

use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

mod curve;
pub mod pkcs11;

pub use curve::Curve;

/// One thing a token is asked to do with one key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Order {
    /// Key agreement with a point of the key's curve, as [`Curve`] writes points; yields the shared
    /// secret, [`Curve::secret_bytes`] long. The point has been checked to be on the curve.
    Agree {
        /// The curve of the key.
        curve: Curve,
        /// The other side's public point.
        point: Vec<u8>,
    },
    /// RSA-OAEP with an empty label; the MGF1 hash is the same hash.
    DecryptOaep {
        /// Hash of the padding.
        hash: Hash,
        /// As long as the modulus.
        ciphertext: Vec<u8>,
    },
    /// AES key unwrap (RFC 3394).
    UnwrapAes {
        /// The wrapped key.
        wrapped: Vec<u8>,
    },
    /// AES-GCM without additional data.
    UnwrapGcm {
        /// The nonce.
        iv: [u8; 12],
        /// The encrypted key with the tag of 16 bytes behind it.
        wrapped: Vec<u8>,
    },
    /// ML-KEM decapsulation (FIPS 203); yields the shared secret, 32 bytes.
    Decapsulate {
        /// The ciphertext of the parameter set.
        ciphertext: Vec<u8>,
    },
    /// HMAC.
    Mac {
        /// Hash of the HMAC.
        hash: Hash,
        /// What is authenticated.
        data: Vec<u8>,
    },
    /// A signature, written as JWS has it.
    Sign {
        /// Which one.
        scheme: Scheme,
        /// What [`Scheme`] says is signed.
        input: Vec<u8>,
    },
    /// Checks a signature with the public half; yields one byte, 1 when it is right, else 0.
    Verify {
        /// Which one.
        scheme: Scheme,
        /// As for [`Order::Sign`].
        input: Vec<u8>,
        /// The signature.
        signature: Vec<u8>,
    },
    /// Random bytes of the token's generator. Needs no key: its label is not looked at.
    Random {
        /// How many, at most 1,024.
        bytes: u16,
    },
}

impl Order {
    /// Name for metrics and logs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Agree { .. } => "agree",
            Self::DecryptOaep { .. } => "decrypt-oaep",
            Self::UnwrapAes { .. } => "unwrap-aes",
            Self::UnwrapGcm { .. } => "unwrap-gcm",
            Self::Decapsulate { .. } => "decapsulate",
            Self::Mac { .. } => "mac",
            Self::Sign { scheme, .. } => scheme.name(),
            Self::Verify { .. } => "verify",
            Self::Random { .. } => "random",
        }
    }
}

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// SHA-1: JOSE `RSA-OAEP` only.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// A signature scheme, and what it signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// ECDSA over a digest; yields r and s, each as long as the curve's order.
    Ecdsa,
    /// RSA-PSS over a digest by this hash, with a salt as long as it.
    Pss(Hash),
    /// RSASSA-PKCS1-v1_5 over a digest by this hash.
    Pkcs1(Hash),
    /// Ed25519 over the message.
    Ed25519,
    /// ML-DSA-65 (FIPS 204) with an empty context, over the message.
    MlDsa65,
}

impl Scheme {
    /// Name for metrics and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ecdsa => "sign-ecdsa",
            Self::Pss(_) => "sign-pss",
            Self::Pkcs1(_) => "sign-pkcs1",
            Self::Ed25519 => "sign-ed25519",
            Self::MlDsa65 => "sign-ml-dsa-65",
        }
    }
}

/// What an order yields.
pub struct Yield {
    /// A secret, a code or a signature, by the order. Wiped when dropped in every case.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Fingerprint of the key that did it.
    pub fingerprint: String,
    /// Time in the token, once the [`crate::service`] has measured it.
    pub spent: Duration,
}

/// What is known of a key without its secret part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFacts {
    /// Kind and public part.
    pub kind: KeyKind,
    /// Base64url of a SHA-256: the JWK thumbprint (RFC 7638) of a public key; for a secret key a
    /// hash over its identity, never its value.
    pub fingerprint: String,
}

/// Kind of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyKind {
    /// On a curve, with its public point where the token shows it, as [`Curve`] writes points.
    Ec {
        /// The curve.
        curve: Curve,
        /// The public point.
        point: Option<Vec<u8>>,
    },
    /// RSA: modulus and exponent, big-endian, without leading zeros.
    Rsa {
        /// The modulus.
        modulus: Vec<u8>,
        /// The public exponent.
        exponent: Vec<u8>,
    },
    /// ML-KEM-768, with its encapsulation key (1,184 bytes) where the token shows it.
    MlKem768 {
        /// The encapsulation key.
        public: Option<Vec<u8>>,
    },
    /// ML-DSA-65, with its public key (1,952 bytes) where the token shows it.
    MlDsa65 {
        /// The public key.
        public: Option<Vec<u8>>,
    },
    /// AES; length in bytes.
    Aes {
        /// Length in bytes, 0 when the token does not say.
        bytes: usize,
    },
    /// A secret for HMAC; length in bytes.
    Hmac {
        /// Length in bytes, 0 when the token does not say.
        bytes: usize,
    },
}

/// Kind of a key to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewKey {
    /// On this curve.
    Ec(Curve),
    /// RSA with exponent 65537; bits of the modulus.
    Rsa(u32),
    /// ML-KEM-768.
    MlKem768,
    /// ML-DSA-65.
    MlDsa65,
    /// AES of 16, 24 or 32 bytes, for RFC 3394 key wrap.
    Aes(u8),
    /// AES of 16, 24 or 32 bytes, for key wrap by AES-GCM: no key does both.
    AesGcm(u8),
    /// As many random bytes for HMAC.
    Hmac(u8),
}

impl NewKey {
    /// A key of the same kind as one that is there; `None` when its kind is not made here. `gcm`
    /// says what an AES key is for.
    #[must_use]
    pub fn like(kind: &KeyKind, gcm: bool) -> Option<Self> {
        // Tokens that do not tell a length get the longest.
        let length = |bytes: usize, longest: u8| match bytes {
            0 => Some(longest),
            bytes => u8::try_from(bytes).ok(),
        };
        Some(match kind {
            KeyKind::Ec { curve, .. } => Self::Ec(*curve),
            KeyKind::Rsa { modulus, .. } => {
                Self::Rsa(u32::try_from(modulus.len().checked_mul(8)?).ok()?)
            }
            KeyKind::MlKem768 { .. } => Self::MlKem768,
            KeyKind::MlDsa65 { .. } => Self::MlDsa65,
            KeyKind::Aes { bytes } if gcm => Self::AesGcm(length(*bytes, 32)?),
            KeyKind::Aes { bytes } => Self::Aes(length(*bytes, 32)?),
            KeyKind::Hmac { bytes } => Self::Hmac(length(*bytes, 64)?),
        })
    }
}

/// The one thing a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purpose {
    /// Recover content keys.
    Unwrap,
    /// Authenticate messages.
    Mac,
    /// Sign messages.
    Sign,
}

impl Purpose {
    /// The word in the configuration and in paths.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unwrap => "unwrap",
            Self::Mac => "mac",
            Self::Sign => "sign",
        }
    }
}

/// An order whose result is known, to prove that token and key work.
pub struct Rehearsal {
    /// The order.
    pub order: Order,
    /// Its result, where the result is fixed.
    pub expected: Option<Zeroizing<Vec<u8>>>,
}

/// What a fault means for the caller of the token. The cause is in [`TokenFault::detail`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FaultClass {
    /// The input is at fault, for certain.
    Input,
    /// The input or the token may be at fault: ask a canary.
    Unclear,
    /// The session or a handle was lost; trying again once was no help.
    Session,
    /// The token is gone or not initialised.
    Gone,
    /// The PIN was refused, or the token will not take another try.
    Pin,
    /// The token cannot do this.
    Unsupported,
    /// No key, or more than one, has this label.
    NoKey,
}

/// A fault of a token, for logs; only its class decides anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenFault {
    /// What it means.
    pub class: FaultClass,
    /// Call and return value, or a sentence.
    pub detail: String,
}

impl TokenFault {
    /// A fault of our own finding.
    #[must_use]
    pub fn new(class: FaultClass, detail: impl Into<String>) -> Self {
        Self {
            class,
            detail: detail.into(),
        }
    }
}

impl fmt::Display for TokenFault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.detail)
    }
}

impl std::error::Error for TokenFault {}

/// A token with its keys, used by several threads at once, one *lane* (session) each.
pub trait Token: Send + Sync {
    /// Starts over: drops every session, then finds the token and logs in once.
    ///
    /// # Errors
    /// [`FaultClass::Pin`] must never be followed by another try; every other class may.
    fn reopen(&self) -> Result<(), TokenFault>;

    /// Number of lanes that have a session.
    fn lanes(&self) -> usize;

    /// Reads what is known of a key.
    ///
    /// # Errors
    /// [`FaultClass::NoKey`] when the label names no key or several.
    fn describe(&self, lane: usize, label: &str) -> Result<KeyFacts, TokenFault>;

    /// Makes an order of this kind whose result is known, with a key's public or wrapping half.
    /// `None` when the key does not permit that.
    ///
    /// # Errors
    /// [`FaultClass::Unsupported`] when the token cannot do it.
    fn rehearse(
        &self,
        lane: usize,
        label: &str,
        sample: &Order,
    ) -> Result<Option<Rehearsal>, TokenFault>;

    /// Carries out an order. A lost session is opened again and the order tried once more.
    ///
    /// # Errors
    /// By class; see [`FaultClass`].
    fn perform(&self, lane: usize, label: &str, order: &Order) -> Result<Yield, TokenFault>;

    /// Makes a key: not extractable, for one purpose, its protection proven.
    ///
    /// # Errors
    /// Refuses a label that is in use.
    fn make(&self, label: &str, new: NewKey, purpose: Purpose) -> Result<KeyFacts, TokenFault>;

    /// Destroys the key with this label, both halves, if it has this fingerprint.
    ///
    /// # Errors
    /// [`FaultClass::NoKey`] when the label names another key.
    fn destroy(&self, label: &str, fingerprint: &str) -> Result<(), TokenFault>;

    /// Closes every session and lets go of the token.
    fn close(&self);
}
