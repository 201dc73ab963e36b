//! `Digest` (RFC 3230, RFC 5843), the field that `Content-Digest` replaced and that most gateways
//! still read: `Digest: SHA-256=<base64>` over the body as received.

use sha2::{Digest as _, Sha256, Sha512};
use subtle::ConstantTimeEq;

use crate::text::base64;
use crate::{Message, SignatureError};

/// The header field, lower case.
pub const HEADER: &str = "digest";
/// More digests than that no sender has a reason to make.
const MAX_DIGESTS: usize = 8;

/// Holds the body against the one `Digest` line of the message.
///
/// Names of algorithms are read in any case (RFC 3230 section 4.1.1). One known one (`SHA-256`,
/// `SHA-512`) has to be there, and all known ones have to match; others are ignored.
///
/// # Errors
/// [`SignatureError::Missing`], [`SignatureError::Repeated`] for a second line,
/// [`SignatureError::Malformed`], [`SignatureError::DuplicateParameter`] when an algorithm is named
/// twice, [`SignatureError::TooLarge`] above 8 digests, [`SignatureError::DigestUnsupported`],
/// [`SignatureError::DigestMismatch`].
pub fn verify(message: &Message<'_>, body: &[u8]) -> Result<(), SignatureError> {
    let line = message.single(HEADER)?;
    let mut seen: Vec<Vec<u8>> = Vec::new();
    let mut known = false;
    for member in line.split(|&byte| byte == b',') {
        let member = member.trim_ascii();
        let mark = member.iter().position(|&byte| byte == b'=');
        let (name, value) = mark
            .and_then(|mark| Some((member.get(..mark)?, member.get(mark.saturating_add(1)..)?)))
            .ok_or(SignatureError::Malformed)?;
        let name = name.to_ascii_lowercase();
        if seen.contains(&name) {
            return Err(SignatureError::DuplicateParameter);
        }
        if seen.len() == MAX_DIGESTS {
            return Err(SignatureError::TooLarge);
        }
        let computed: Option<Vec<u8>> = match name.as_slice() {
            b"sha-256" => Some(Sha256::digest(body).to_vec()),
            b"sha-512" => Some(Sha512::digest(body).to_vec()),
            b"" => return Err(SignatureError::Malformed),
            _ => None,
        };
        seen.push(name);
        if let Some(computed) = computed {
            known = true;
            if !bool::from(computed.ct_eq(&base64::decode(value)?)) {
                return Err(SignatureError::DigestMismatch);
            }
        }
    }
    if known {
        Ok(())
    } else {
        Err(SignatureError::DigestUnsupported)
    }
}

/// The header value with the SHA-256 of `body`.
pub fn sha256(body: &[u8]) -> String {
    format!("SHA-256={}", base64::encode(&Sha256::digest(body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &[&str], body: &[u8]) -> Result<(), SignatureError> {
        let headers: Vec<_> = lines
            .iter()
            .map(|line| (HEADER.into(), line.as_bytes().to_vec()))
            .collect();
        let message = Message {
            headers: &headers,
            ..Default::default()
        };
        verify(&message, body)
    }

    /// Confirmed: RFC 5843 section 2.2 (SHA-256 of nothing is FIPS 180's), and the digest of `{}`
    /// in the README of Higress' hmac-auth-apisix plugin.
    const OF_NOTHING: &str = "SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    const OF_BRACES: &str = "SHA-256=RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=";

    #[test]
    fn published_digests() {
        assert_eq!(check(&[OF_NOTHING], b""), Ok(()));
        assert_eq!(check(&[OF_BRACES], b"{}"), Ok(()));
        assert_eq!(sha256(b"{}"), OF_BRACES);
        assert_eq!(
            check(&[OF_BRACES], b"{ }"),
            Err(SignatureError::DigestMismatch)
        );
        assert_eq!(check(&[&format!("MD5=AAAA, {OF_BRACES}")], b"{}"), Ok(()));
        assert_eq!(check(&[&OF_BRACES.replace("SHA", "sha")], b"{}"), Ok(()));
    }

    #[test]
    fn faults() {
        use SignatureError as E;
        let sha512 = format!("SHA-512={}", base64::encode(&Sha512::digest(b"{}")));
        assert_eq!(check(&[&format!("{OF_BRACES},{sha512}")], b"{}"), Ok(()));
        let both_wrong = format!("{sha512},{OF_NOTHING}");
        assert_eq!(check(&[&both_wrong], b"{}"), Err(E::DigestMismatch));
        for (lines, expected) in [
            (vec![], E::Missing),
            (vec![OF_BRACES, OF_BRACES], E::Repeated),
            (vec![""], E::Malformed),
            (vec!["SHA-256"], E::Malformed),
            (vec!["SHA-256="], E::Malformed),
            (vec!["=AAAA"], E::Malformed),
            (vec!["SHA-256=!"], E::Malformed),
            (vec!["SHA-256=AAAA"], E::DigestMismatch),
            (vec!["MD5=AAAA"], E::DigestUnsupported),
            (vec![&format!("{OF_BRACES},")[..]], E::Malformed),
            (
                vec![&format!("{OF_BRACES},sha-256=AAAA")[..]],
                E::DuplicateParameter,
            ),
        ] {
            assert_eq!(check(&lines, b"{}"), Err(expected), "{lines:?}");
        }
        let many: Vec<_> = (0..9).map(|n| format!("x{n}=AAAA")).collect();
        assert_eq!(check(&[&many.join(",")], b"{}"), Err(E::TooLarge));
    }
}
