//! The boundary to a token: messages in, messages out.
//!
//! Nothing here names PKCS#11. An implementation could as well be a child process, which is the
//! way out for a module that crashes or cannot be initialised twice.

use std::fmt;

use zeroize::Zeroizing;

pub mod pkcs11;

/// One thing a token is asked to do with one key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Order {
    /// ECDH with an uncompressed P-256 point (65 bytes); yields the x coordinate of the shared
    /// point, 32 bytes. The point has been checked to be on the curve.
    Agree {
        /// `04 || x || y`.
        point: Vec<u8>,
    },
    /// RSA-OAEP with an empty label; the MGF1 hash is the same hash.
    DecryptOaep {
        /// Hash of the padding.
        hash: OaepHash,
        /// As long as the modulus.
        ciphertext: Vec<u8>,
    },
    /// AES key unwrap (RFC 3394).
    UnwrapAes {
        /// The wrapped key.
        wrapped: Vec<u8>,
    },
    /// HMAC.
    Mac {
        /// Hash of the HMAC.
        hash: MacHash,
        /// What is authenticated.
        data: Vec<u8>,
    },
    /// ECDSA over P-256; yields r and s, 32 bytes each.
    SignEs256 {
        /// SHA-256 of the message.
        digest: [u8; 32],
    },
    /// RSA-PSS with SHA-256 and a salt of 32 bytes.
    SignPs256 {
        /// SHA-256 of the message.
        digest: [u8; 32],
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
            Self::Mac { .. } => "mac",
            Self::SignEs256 { .. } => "sign-es256",
            Self::SignPs256 { .. } => "sign-ps256",
        }
    }
}

/// Hash of RSA-OAEP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OaepHash {
    /// JOSE `RSA-OAEP`.
    Sha1,
    /// JOSE `RSA-OAEP-256`.
    Sha256,
}

/// Hash of HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MacHash {
    /// JOSE `HS256`.
    Sha256,
    /// JOSE `HS512`.
    Sha512,
}

/// What an order yields.
pub struct Yield {
    /// A secret, a code or a signature, by the order. Wiped when dropped in every case.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Fingerprint of the key that did it.
    pub fingerprint: String,
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
    /// P-256, with the public point `04 || x || y` where the token shows it.
    EcP256 {
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
    /// AES; length in bytes.
    Aes {
        /// Length in bytes, 0 when the token does not say.
        bytes: usize,
    },
    /// A secret for HMAC.
    Hmac,
}

/// Kind of a key to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewKey {
    /// P-256.
    EcP256,
    /// RSA with exponent 65537; bits of the modulus.
    Rsa(u32),
    /// AES-256.
    Aes256,
    /// 32 random bytes for HMAC.
    Hmac256,
}

impl NewKey {
    /// A key of the same kind as one that is there; `None` when its kind is not made here.
    #[must_use]
    pub fn like(kind: &KeyKind) -> Option<Self> {
        Some(match kind {
            KeyKind::EcP256 { .. } => Self::EcP256,
            KeyKind::Rsa { modulus, .. } => {
                Self::Rsa(u32::try_from(modulus.len().checked_mul(8)?).ok()?)
            }
            KeyKind::Aes { .. } => Self::Aes256,
            KeyKind::Hmac => Self::Hmac256,
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
