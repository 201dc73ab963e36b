//! Base64url as JOSE has it (RFC 7515 section 2), in its one spelling: no padding, spare bits zero.

use base64ct::{Base64UrlUnpadded, Encoding};

use crate::SignatureError;

/// Decodes a value of any length.
pub(crate) fn decode(text: &[u8]) -> Result<Vec<u8>, SignatureError> {
    let text = core::str::from_utf8(text).map_err(|_| SignatureError::Malformed)?;
    let bytes = Base64UrlUnpadded::decode_vec(text).map_err(|_| SignatureError::Malformed)?;
    if encode(&bytes) == text {
        Ok(bytes)
    } else {
        Err(SignatureError::Malformed)
    }
}

/// The URL alphabet without padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}
