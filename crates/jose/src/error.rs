//! What can go wrong, grouped by whose fault it is.

use core::fmt;

use crate::json::JsonFault;

/// Every failure of this crate.
///
/// Payloads are fixed words, never bytes of a token or key. [`JoseError::code`] is for logs and
/// metrics; an answer to a peer must not distinguish the variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JoseError {
    /// Peer: the bytes are not a well-formed token.
    Malformed(Malformed),
    /// Peer: well-formed, but asks for something this crate refuses.
    Unsupported(Unsupported),
    /// Peer: a tag, MAC or signature does not verify, or the key does not fit the token. One
    /// variant for all of them, so that no caller can build an oracle out of the difference.
    Authentication,
    /// Config: a key that must not be used.
    Key(KeyFault),
    /// Caller: the random source failed; nothing was produced.
    Random,
    /// Caller: the plaintext or a header value is too long to seal or sign.
    TooLongToSeal,
    /// Caller: the message cannot be made as asked: no recipient, several for a key that is the
    /// content key itself, or a header member that has another source.
    NotSealable,
}

/// How a token departs from its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformed {
    /// Longer than [`crate::Limits::max_token_bytes`].
    TokenTooLong,
    /// Not exactly five (JWE) or three (JWS) segments.
    SegmentCount,
    /// A segment is not base64url without padding and without stray bits (RFC 7515 section 2).
    Base64,
    /// The protected header or the claims set is not strict JSON.
    Json(JsonFault),
    /// A header member is missing, has the wrong type or stands where it is not protected.
    HeaderMember,
    /// A header member occurs in two of the three headers of a recipient (RFC 7516 section 4).
    HeaderOverlap,
    /// A member of the JSON serialization is missing, has the wrong type, or excludes another
    /// (RFC 7516 section 7.2).
    Serialization,
    /// More recipients than [`crate::Limits::max_recipients`], or none.
    RecipientCount,
    /// `epk` is not a public key on the curve (RFC 7518 section 4.6.1.1).
    EphemeralKey,
    /// `apu` or `apv` is not base64url, or too long.
    PartyInfo,
    /// The encrypted key has a length its algorithm cannot produce (RFC 7516 section 5.2).
    EncryptedKeyLength,
    /// The initialization vector is not as long as `enc` has it (RFC 7518 sections 5.2, 5.3).
    InitializationVectorLength,
    /// The ciphertext is not a positive number of blocks, where `enc` works in blocks.
    CiphertextLength,
    /// The authentication tag is not as long as `enc` has it (RFC 7518 sections 5.2, 5.3).
    TagLength,
    /// `iv` or `tag` of `A*GCMKW` is missing or not 96 and 128 bits (RFC 7518 section 4.7.1).
    KeyWrapParameter,
    /// The signature has a length its algorithm cannot produce (RFC 7518 sections 3.2, 3.4).
    SignatureLength,
}

/// What a well-formed token asks for in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unsupported {
    /// `alg` is none of ours; includes `none` and every other letter case.
    Algorithm,
    /// `enc` is none of ours.
    Encryption,
    /// `crit` is present; no extension is understood (RFC 7515 section 4.1.11).
    CriticalHeader,
    /// `zip` is present.
    Compression,
    /// `b64` is present (RFC 7797) where it was not asked for.
    UnencodedPayload,
    /// The header wants a pre-shared key mixed in (`psk_id` of JOSE HPKE).
    PreSharedKey,
    /// The header brings a key or says where to fetch one: `jwk`, `jku`, `x5u`, `x5c`.
    KeyInHeader,
}

/// Why a key was refused at load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyFault {
    /// Not a JSON object of the expected members.
    Malformed,
    /// The key type or curve is none of ours.
    UnsupportedType,
    /// A private or secret member where a public key is wanted.
    PrivateMember,
    /// The coordinates are not a point of the curve, or the point must not be used.
    InvalidPoint,
    /// Fewer bytes than the algorithm demands (RFC 7518 sections 3.2 and 4.4).
    Length,
    /// `alg`, `use` or `key_ops` of the JWK forbid this purpose.
    Purpose,
    /// An RSA modulus that a broken generator made (CVE-2017-15361).
    WeakModulus,
    /// The public members are not those of the private one.
    Mismatch,
    /// Two keys of a set have the same `kid`.
    DuplicateKeyId,
}

impl JoseError {
    /// Stable identifier for logs and metrics, kebab-case.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed(fault) => fault.code(),
            Self::Unsupported(what) => what.code(),
            Self::Authentication => "jose-authentication",
            Self::Key(fault) => fault.code(),
            Self::Random => "jose-random-source",
            Self::TooLongToSeal => "jose-too-long-to-seal",
            Self::NotSealable => "jose-not-sealable",
        }
    }
}

impl Malformed {
    const fn code(self) -> &'static str {
        match self {
            Self::TokenTooLong => "jose-token-too-long",
            Self::SegmentCount => "jose-segment-count",
            Self::Base64 => "jose-base64",
            Self::Json(fault) => fault.code(),
            Self::HeaderMember => "jose-header-member",
            Self::HeaderOverlap => "jose-header-overlap",
            Self::Serialization => "jose-serialization",
            Self::RecipientCount => "jose-recipient-count",
            Self::EphemeralKey => "jose-ephemeral-key",
            Self::PartyInfo => "jose-party-info",
            Self::EncryptedKeyLength => "jose-encrypted-key-length",
            Self::InitializationVectorLength => "jose-iv-length",
            Self::CiphertextLength => "jose-ciphertext-length",
            Self::TagLength => "jose-tag-length",
            Self::KeyWrapParameter => "jose-key-wrap-parameter",
            Self::SignatureLength => "jose-signature-length",
        }
    }
}

impl Unsupported {
    const fn code(self) -> &'static str {
        match self {
            Self::Algorithm => "jose-unsupported-alg",
            Self::Encryption => "jose-unsupported-enc",
            Self::CriticalHeader => "jose-critical-header",
            Self::Compression => "jose-compression",
            Self::UnencodedPayload => "jose-unencoded-payload",
            Self::PreSharedKey => "jose-pre-shared-key",
            Self::KeyInHeader => "jose-key-in-header",
        }
    }
}

impl KeyFault {
    /// Stable identifier for logs and policy faults, kebab-case.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "jose-key-malformed",
            Self::UnsupportedType => "jose-key-unsupported-type",
            Self::PrivateMember => "jose-key-private-member",
            Self::InvalidPoint => "jose-key-invalid-point",
            Self::Length => "jose-key-length",
            Self::Purpose => "jose-key-purpose",
            Self::WeakModulus => "jose-key-weak-modulus",
            Self::Mismatch => "jose-key-mismatch",
            Self::DuplicateKeyId => "jose-key-duplicate-id",
        }
    }
}

impl fmt::Display for JoseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for KeyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not a JWK with the members its type requires",
            Self::UnsupportedType => "key type or curve is not supported",
            Self::PrivateMember => "contains a private member where a public key is wanted",
            Self::InvalidPoint => "is not a valid point of its curve",
            Self::Length => "has the wrong length for its algorithm",
            Self::Purpose => "its alg, use or key_ops forbid this purpose",
            Self::WeakModulus => "its modulus was made by a broken generator",
            Self::Mismatch => "its public members are not those of the private one",
            Self::DuplicateKeyId => "one kid names two keys",
        })
    }
}

impl core::error::Error for JoseError {}
impl core::error::Error for KeyFault {}

impl From<Malformed> for JoseError {
    fn from(fault: Malformed) -> Self {
        Self::Malformed(fault)
    }
}

impl From<Unsupported> for JoseError {
    fn from(what: Unsupported) -> Self {
        Self::Unsupported(what)
    }
}

impl From<KeyFault> for JoseError {
    fn from(fault: KeyFault) -> Self {
        Self::Key(fault)
    }
}

impl From<JsonFault> for JoseError {
    fn from(fault: JsonFault) -> Self {
        Self::Malformed(Malformed::Json(fault))
    }
}

/// The random source given by the caller failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RandomError;

impl fmt::Display for RandomError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the random source failed")
    }
}

impl core::error::Error for RandomError {}

impl From<RandomError> for JoseError {
    fn from(RandomError: RandomError) -> Self {
        Self::Random
    }
}
