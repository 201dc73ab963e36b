//! GitHub's webhook signature: `X-Hub-Signature-256: sha256=<64 lower-case hex>` over the raw body.

use crate::mac::HS256_BYTES;
use crate::{MacKey, SignatureError, mac};

/// The header field, lower case.
pub const HEADER: &str = "x-hub-signature-256";

/// A presented MAC, not yet verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mac32([u8; HS256_BYTES]);

impl Mac32 {
    /// The presented bytes, for a comparison with a MAC computed in a token.
    pub fn as_bytes(&self) -> &[u8; HS256_BYTES] {
        &self.0
    }
}

/// Reads the header value: the prefix and exactly 64 lower-case hex digits, nothing around them.
///
/// # Errors
/// [`SignatureError::Malformed`], also for the legacy `sha1=` form.
pub fn parse(value: &[u8]) -> Result<Mac32, SignatureError> {
    let hex = value
        .strip_prefix(b"sha256=")
        .ok_or(SignatureError::Malformed)?;
    let (pairs, rest) = hex.as_chunks::<2>();
    if pairs.len() != HS256_BYTES || !rest.is_empty() {
        return Err(SignatureError::Malformed);
    }
    let mut bytes = [0u8; HS256_BYTES];
    for (to, &[high, low]) in bytes.iter_mut().zip(pairs) {
        *to = (nibble(high)? << 4) | nibble(low)?;
    }
    Ok(Mac32(bytes))
}

/// Verifies the MAC of the body exactly as received.
///
/// # Errors
/// [`SignatureError::Mismatch`].
pub fn verify(key: &MacKey, body: &[u8], presented: &Mac32) -> Result<(), SignatureError> {
    mac::verify_hs256(key, body, &presented.0)
}

/// The header value for a body.
pub fn sign(key: &MacKey, body: &[u8]) -> String {
    let mut value = String::from("sha256=");
    for byte in mac::hs256(key, body) {
        value.extend([byte >> 4, byte & 15].map(|n| char::from_digit(n.into(), 16).unwrap_or('0')));
    }
    value
}

fn nibble(digit: u8) -> Result<u8, SignatureError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(SignatureError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> MacKey {
        MacKey::new(b"It's a Secret to Everybody".to_vec()).unwrap()
    }

    /// The example of GitHub's documentation, "Validating webhook deliveries".
    const DOCUMENTED: &str =
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    #[test]
    fn documented_example_verifies_and_is_what_we_sign() {
        let presented = parse(DOCUMENTED.as_bytes()).unwrap();
        assert_eq!(verify(&key(), b"Hello, World!", &presented), Ok(()));
        assert_eq!(sign(&key(), b"Hello, World!"), DOCUMENTED);
        assert_eq!(
            verify(&key(), b"Hello, World?", &presented),
            Err(SignatureError::Mismatch)
        );
    }

    #[test]
    fn anything_but_the_exact_form_is_malformed() {
        for value in [
            "",
            "sha256=",
            "sha1=757107ea0eb2509fc211221cce984b8a37570b6d",
            &DOCUMENTED.to_uppercase(),
            &DOCUMENTED.replace("757", "75"),
            &format!("{DOCUMENTED}0"),
            &format!("{DOCUMENTED}00"),
            &format!(" {DOCUMENTED}"),
            &format!("{DOCUMENTED}, {DOCUMENTED}"),
            &DOCUMENTED.replace('e', "E"),
            &DOCUMENTED.replace('e', "g"),
        ] {
            assert_eq!(
                parse(value.as_bytes()),
                Err(SignatureError::Malformed),
                "{value}"
            );
        }
    }
}
