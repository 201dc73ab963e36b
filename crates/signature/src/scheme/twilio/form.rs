//! The parameters of a form as Twilio signs them.

use crate::limits::MAX_FORM_PARAMETERS;
use crate::{Message, SignatureError};

const MEDIA_TYPE: &[u8] = b"application/x-www-form-urlencoded";

/// Whether the body is sent as a form; an upstream that reads it as anything else would see other
/// content than the one that was signed.
///
/// # Errors
/// [`SignatureError::NotCovered`] for every other media type, and for none.
pub(super) fn require_media_type(message: &Message<'_>) -> Result<(), SignatureError> {
    let value = message
        .single("content-type")
        .map_err(|_| SignatureError::NotCovered)?;
    let media_type = value.split(|&byte| byte == b';').next().unwrap_or_default();
    if media_type.trim_ascii().eq_ignore_ascii_case(MEDIA_TYPE) {
        Ok(())
    } else {
        Err(SignatureError::NotCovered)
    }
}

/// Name and value of every parameter, decoded, in the order of the names' octets.
///
/// # Errors
/// [`SignatureError::Malformed`] for a member that is not `name=value` or not percent-encoded,
/// [`SignatureError::DuplicateParameter`] for a name that occurs again (Twilio's libraries then sign
/// a set of values, which is the same for several bodies), [`SignatureError::TooLarge`].
pub(super) fn sorted(body: &[u8]) -> Result<Vec<u8>, SignatureError> {
    let mut parameters = Vec::new();
    for member in body.split(|&byte| byte == b'&') {
        if parameters.len() >= MAX_FORM_PARAMETERS {
            return Err(SignatureError::TooLarge);
        }
        let (name, value) =
            super::super::split_once(member, b'=').ok_or(SignatureError::Malformed)?;
        if name.is_empty() || value.contains(&b'=') {
            return Err(SignatureError::Malformed);
        }
        parameters.push((decode(name)?, decode(value)?));
    }
    parameters.sort_unstable();
    let twice = parameters
        .iter()
        .zip(parameters.iter().skip(1))
        .any(|((name, _), (next, _))| name == next);
    if twice {
        return Err(SignatureError::DuplicateParameter);
    }
    let mut signed = Vec::with_capacity(body.len());
    for (name, value) in parameters {
        signed.extend_from_slice(&name);
        signed.extend_from_slice(&value);
    }
    Ok(signed)
}

/// `+` is a space, `%` starts two hex digits of either case, all else is visible ASCII.
fn decode(text: &[u8]) -> Result<Vec<u8>, SignatureError> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut octets = text.iter().copied();
    while let Some(octet) = octets.next() {
        let octet = match octet {
            b'+' => b' ',
            b'%' => digit(octets.next())? << 4 | digit(octets.next())?,
            octet if octet.is_ascii_graphic() => octet,
            _ => return Err(SignatureError::Malformed),
        };
        decoded.push(octet);
    }
    Ok(decoded)
}

fn digit(octet: Option<u8>) -> Result<u8, SignatureError> {
    octet
        .and_then(|octet| char::from(octet).to_digit(16))
        .and_then(|value| u8::try_from(value).ok())
        .ok_or(SignatureError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_and_decodes() {
        let signed = sorted(b"To=%2B1&From=a+b&Body=&B2=%C3%A9").unwrap();
        assert_eq!(signed, "B2\u{e9}BodyFroma bTo+1".as_bytes());
    }

    #[test]
    fn refuses_what_has_no_single_reading() {
        let many = ["a=1"; MAX_FORM_PARAMETERS + 1].join("&");
        for (body, error) in [
            ("a", SignatureError::Malformed),
            ("a=1&", SignatureError::Malformed),
            ("=1", SignatureError::Malformed),
            ("a=b=c", SignatureError::Malformed),
            ("a=%2", SignatureError::Malformed),
            ("a=%zz", SignatureError::Malformed),
            ("a=b c", SignatureError::Malformed),
            ("a=1&a=2", SignatureError::DuplicateParameter),
            ("a=1&a=1", SignatureError::DuplicateParameter),
            ("a=1&%61=1", SignatureError::DuplicateParameter),
            (&many, SignatureError::TooLarge),
        ] {
            assert_eq!(sorted(body.as_bytes()), Err(error), "{body}");
        }
    }
}
