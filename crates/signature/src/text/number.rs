//! Decimal numbers in their one spelling.

use crate::SignatureError;

/// Reads an unsigned decimal of 1 to 15 digits without leading zeros or sign.
pub(crate) fn decimal(text: &[u8]) -> Result<i64, SignatureError> {
    let plain = (1..=15).contains(&text.len())
        && text.iter().all(u8::is_ascii_digit)
        && (text.len() == 1 || text.first() != Some(&b'0'));
    core::str::from_utf8(text)
        .ok()
        .filter(|_| plain)
        .and_then(|text| text.parse().ok())
        .ok_or(SignatureError::Malformed)
}
