//! Base64 in its one canonical spelling (RFC 4648 section 3.5): padded, spare bits zero.

use base64ct::{Base64, Encoding};

use crate::SignatureError;
use crate::limits::MAX_SIGNATURE_BYTES;

/// Decodes one signature value; 1 to 1024 bytes.
pub(crate) fn decode(text: &[u8]) -> Result<Vec<u8>, SignatureError> {
    let text = core::str::from_utf8(text).map_err(|_| SignatureError::Malformed)?;
    let bytes = Base64::decode_vec(text).map_err(|_| SignatureError::Malformed)?;
    // A second spelling of one value would pass a replay guard that goes by the text.
    if bytes.is_empty() || bytes.len() > MAX_SIGNATURE_BYTES || encode(&bytes) != text {
        return Err(SignatureError::Malformed);
    }
    Ok(bytes)
}

/// Standard base64 with padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}
