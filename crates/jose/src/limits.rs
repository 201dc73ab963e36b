//! Bounds on what a peer may send, each with its unit and its reason.

/// Largest encoded JWE/JWS header member `apu` or `apv`, in decoded bytes. RFC 7518 section
/// 4.6.1 gives no bound; both go into every KDF run and over the wire to the HSM.
pub(crate) const MAX_PARTY_INFO_BYTES: usize = 512;

/// RSA moduli from 2048 bit (RFC 7518 section 4.3) to 8192 bit, as encrypted-key lengths.
pub(crate) const RSA_ENCRYPTED_KEY_BYTES: core::ops::RangeInclusive<usize> = 256..=1024;

/// Levels of nesting that the JSON serialization puts around a header.
pub(crate) const JSON_LEVELS_ABOVE_HEADER: usize = 3;

/// Bounds applied while a token is parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest whole token in bytes, as received.
    pub max_token_bytes: usize,
    /// Longest decoded protected header in bytes.
    pub max_header_bytes: usize,
    /// Deepest nesting of the protected header; the header object itself is level 1.
    pub max_header_depth: usize,
    /// Most recipients of a message in the general JSON serialization.
    pub max_recipients: usize,
}

impl Limits {
    /// For a token in an HTTP header: 16 KiB, twice what common servers accept for one header.
    pub const TOKEN: Self = Self {
        max_token_bytes: 16 * 1024,
        max_header_bytes: 4 * 1024,
        max_header_depth: 8,
        max_recipients: 8,
    };

    /// For a body that is one token of at most `max_token_bytes` bytes.
    #[must_use]
    pub const fn body(max_token_bytes: usize) -> Self {
        Self {
            max_token_bytes,
            ..Self::TOKEN
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::TOKEN
    }
}
