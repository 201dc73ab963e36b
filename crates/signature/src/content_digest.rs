//! `Content-Digest` (RFC 9530): the digest of the content exactly as transferred.

use base64ct::{Base64, Encoding};
use sfv::{BareItem, Dictionary, ListEntry, Parser};
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

use crate::SignatureError;
use crate::limits::MAX_FIELD_BYTES;

/// The header field, lower case.
pub const HEADER: &str = "content-digest";

/// Verifies every digest we know (`sha-256`, `sha-512`) in the lines of `Content-Digest`.
///
/// Unknown algorithms are ignored as RFC 9530 section 2 asks, but one known digest has to be
/// there, and all known ones have to match.
///
/// # Errors
/// [`SignatureError::Missing`] without a line, [`SignatureError::Malformed`],
/// [`SignatureError::DuplicateParameter`] when an algorithm is named twice,
/// [`SignatureError::DigestUnsupported`] when no algorithm is known,
/// [`SignatureError::DigestMismatch`].
pub fn verify(header_values: &[&[u8]], body: &[u8]) -> Result<(), SignatureError> {
    let digests = parse(header_values)?;
    let mut known = false;
    for (algorithm, presented) in &digests {
        let computed: &[u8] = match algorithm.as_str() {
            "sha-256" => &Sha256::digest(body),
            "sha-512" => &Sha512::digest(body),
            _ => continue,
        };
        known = true;
        if !bool::from(computed.ct_eq(presented)) {
            return Err(SignatureError::DigestMismatch);
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
    format!("sha-256=:{}:", Base64::encode_string(&Sha256::digest(body)))
}

/// The header value with the SHA-512 of `body`.
pub fn sha512(body: &[u8]) -> String {
    format!("sha-512=:{}:", Base64::encode_string(&Sha512::digest(body)))
}

/// Algorithm and digest of every member, lines joined as one dictionary (RFC 9651 section 4.2).
fn parse(header_values: &[&[u8]]) -> Result<Vec<(String, Vec<u8>)>, SignatureError> {
    if header_values.is_empty() {
        return Err(SignatureError::Missing);
    }
    let joined = header_values.join(&b", "[..]);
    if joined.len() > MAX_FIELD_BYTES {
        return Err(SignatureError::TooLarge);
    }
    crate::rfc9421::refuse_duplicates(&joined)?;
    let dictionary: Dictionary = Parser::new(&joined)
        .parse()
        .map_err(|_| SignatureError::Malformed)?;
    let mut digests = Vec::with_capacity(dictionary.len());
    for (algorithm, member) in dictionary {
        let ListEntry::Item(item) = member else {
            return Err(SignatureError::Malformed);
        };
        let BareItem::ByteSequence(bytes) = item.bare_item else {
            return Err(SignatureError::Malformed);
        };
        digests.push((algorithm.as_str().to_owned(), bytes));
    }
    Ok(digests)
}
