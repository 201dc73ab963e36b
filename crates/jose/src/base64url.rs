//! base64url without padding, one spelling per value (RFC 7515 section 2, RFC 4648 section 5).

use base64ct::{Base64UrlUnpadded, Encoding};

use crate::Malformed;

/// Decodes `text`.
///
/// # Errors
/// [`Malformed::Base64`] on any byte outside the alphabet (padding, white space, `+`, `/`), on
/// length 1 mod 4, and on non-zero trailing bits.
pub(crate) fn decode(text: &[u8]) -> Result<Vec<u8>, Malformed> {
    // The library wants a str; base64url is ASCII, so anything else is refused here.
    let text = core::str::from_utf8(text).map_err(|_| Malformed::Base64)?;
    Base64UrlUnpadded::decode_vec(text).map_err(|_| Malformed::Base64)
}

/// Decodes `text` into exactly `N` bytes; `None` on any other length or spelling.
pub(crate) fn decode_array<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let decoded = Base64UrlUnpadded::decode(text, &mut bytes).ok()?;
    (decoded.len() == N).then_some(bytes)
}

/// Encodes `bytes`.
pub(crate) fn encode(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}
