//! Lower-case hexadecimal.

use crate::SignatureError;

/// Decodes exactly `bytes` bytes of lower-case hex, nothing around them.
pub(crate) fn decode_exactly(digits: &[u8], bytes: usize) -> Result<Vec<u8>, SignatureError> {
    let (pairs, rest) = digits.as_chunks::<2>();
    if pairs.len() != bytes || !rest.is_empty() {
        return Err(SignatureError::Malformed);
    }
    pairs
        .iter()
        .map(|&[high, low]| Ok((nibble(high)? << 4) | nibble(low)?))
        .collect()
}

/// Lower-case hex of the bytes.
pub(crate) fn encode(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|nibble| char::from_digit(nibble.into(), 16).unwrap_or('0'))
        .collect()
}

fn nibble(digit: u8) -> Result<u8, SignatureError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(SignatureError::Malformed),
    }
}
