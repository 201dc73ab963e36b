//! Keys as Standard Webhooks hands them to people: `whsec_<base64>` and `whpk_<base64>`.

use base64ct::{Base64, Encoding};

use crate::{MacKey, PublicKey, SignatureError};

const SECRET_PREFIX: &str = "whsec_";
const PUBLIC_PREFIX: &str = "whpk_";
/// Bytes of a secret (specification, "Signature scheme").
const SECRET_BYTES: core::ops::RangeInclusive<usize> = 24..=64;

/// The secret in a text `whsec_<base64 of 24 to 64 bytes>`.
///
/// # Errors
/// [`SignatureError::InvalidSpec`] for another text, [`SignatureError::WeakKey`] for another size.
pub fn secret(text: &str) -> Result<MacKey, SignatureError> {
    let bytes = decode(text, SECRET_PREFIX)?;
    let length = bytes.len();
    let key = MacKey::new(bytes)?;
    if SECRET_BYTES.contains(&length) {
        Ok(key)
    } else {
        Err(SignatureError::WeakKey)
    }
}

/// The Ed25519 key in a text `whpk_<base64 of 32 bytes>`.
///
/// # Errors
/// [`SignatureError::InvalidSpec`] for another text, [`SignatureError::WeakKey`] for what is no
/// point of the curve, or one of small order.
pub fn public_key(text: &str) -> Result<PublicKey, SignatureError> {
    let bytes = decode(text, PUBLIC_PREFIX)?;
    let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| SignatureError::InvalidSpec)?;
    PublicKey::ed25519(&bytes)
}

fn decode(text: &str, prefix: &str) -> Result<Vec<u8>, SignatureError> {
    let text = text
        .strip_prefix(prefix)
        .ok_or(SignatureError::InvalidSpec)?;
    Base64::decode_vec(text).map_err(|_| SignatureError::InvalidSpec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_are_no_keys() {
        let of_bytes = |count: usize| format!("whsec_{}", Base64::encode_string(&vec![7; count]));
        assert!(secret(&of_bytes(24)).is_ok() && secret(&of_bytes(64)).is_ok());
        for (text, error) in [
            (of_bytes(23), SignatureError::WeakKey),
            (of_bytes(65), SignatureError::WeakKey),
            ("whsec_".into(), SignatureError::EmptyKey),
            (
                "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into(),
                SignatureError::InvalidSpec,
            ),
            (
                "whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into(),
                SignatureError::InvalidSpec,
            ),
            (
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS".into(),
                SignatureError::InvalidSpec,
            ),
        ] {
            assert_eq!(secret(&text).map(|_| ()), Err(error), "{text}");
        }
        let weak = format!("whpk_{}", Base64::encode_string(&[0; 32]));
        assert_eq!(public_key(&weak).map(|_| ()), Err(SignatureError::WeakKey));
        let short = public_key("whpk_AAAA").map(|_| ());
        assert_eq!(short, Err(SignatureError::InvalidSpec));
    }
}
