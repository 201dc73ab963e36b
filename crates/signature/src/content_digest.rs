//! Digest fields (RFC 9530): `Content-Digest` over the content exactly as transferred,
//! `Repr-Digest` over the selected representation, and the `Want-*` fields that ask for them.

use base64ct::{Base64, Encoding};
use sfv::{BareItem, Dictionary, ListEntry, Parser};
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

use crate::SignatureError;
use crate::limits::MAX_FIELD_BYTES;
use crate::structured::{StructuredType, refuse_duplicates};

/// The header field over the content, lower case.
pub const HEADER: &str = "content-digest";
/// The header field over the selected representation, lower case; verified like the other, with
/// the representation in place of the content.
pub const REPR_DIGEST: &str = "repr-digest";
/// The header field that asks for `Content-Digest`, lower case.
pub const WANT_CONTENT_DIGEST: &str = "want-content-digest";
/// The header field that asks for `Repr-Digest`, lower case.
pub const WANT_REPR_DIGEST: &str = "want-repr-digest";

/// The digest algorithms with status "Active" in the registry (RFC 9530 section 5); all others are
/// unknown here, on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestAlgorithm {
    /// `sha-256`.
    Sha256,
    /// `sha-512`.
    Sha512,
}

impl DigestAlgorithm {
    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha-256",
            Self::Sha512 => "sha-512",
        }
    }

    /// The algorithm of a registered name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Sha256, Self::Sha512]
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    /// The value of a digest field for these octets.
    pub fn field(self, octets: &[u8]) -> String {
        let digest = Base64::encode_string(&self.digest(octets));
        format!("{}=:{digest}:", self.name())
    }

    fn digest(self, octets: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(octets).to_vec(),
            Self::Sha512 => Sha512::digest(octets).to_vec(),
        }
    }
}

/// Verifies every digest we know (`sha-256`, `sha-512`) in the lines of a digest field.
///
/// Unknown algorithms are ignored as RFC 9530 section 2 asks, but one known digest has to be
/// there, and all known ones have to match.
///
/// # Errors
/// [`SignatureError::Missing`] without a line, [`SignatureError::Malformed`],
/// [`SignatureError::DuplicateLabel`] when an algorithm is named twice,
/// [`SignatureError::DigestUnsupported`] when no algorithm is known,
/// [`SignatureError::DigestMismatch`].
pub fn verify(header_values: &[&[u8]], octets: &[u8]) -> Result<(), SignatureError> {
    if header_values.is_empty() {
        return Err(SignatureError::Missing);
    }
    let mut known = false;
    for (name, value) in members(header_values)? {
        let BareItem::ByteSequence(presented) = value else {
            return Err(SignatureError::Malformed);
        };
        let Some(algorithm) = DigestAlgorithm::from_name(&name) else {
            continue;
        };
        known = true;
        if !bool::from(algorithm.digest(octets).ct_eq(&presented)) {
            return Err(SignatureError::DigestMismatch);
        }
    }
    if known {
        Ok(())
    } else {
        Err(SignatureError::DigestUnsupported)
    }
}

/// The algorithm that the lines of a `Want-*` field prefer among those we know (RFC 9530
/// section 4): the highest weight from 1 to 10, the first of equals.
///
/// # Errors
/// [`SignatureError::Malformed`] and [`SignatureError::DuplicateLabel`]; weights outside 0 to 10.
pub fn preferred(header_values: &[&[u8]]) -> Result<Option<DigestAlgorithm>, SignatureError> {
    let mut best: Option<(i64, DigestAlgorithm)> = None;
    for (name, value) in members(header_values)? {
        let weight = value
            .as_integer()
            .map(i64::from)
            .filter(|weight| (0..=10).contains(weight))
            .ok_or(SignatureError::Malformed)?;
        let better = weight > best.map_or(0, |(weight, _)| weight);
        if let (Some(algorithm), true) = (DigestAlgorithm::from_name(&name), better) {
            best = Some((weight, algorithm));
        }
    }
    Ok(best.map(|(_, algorithm)| algorithm))
}

/// The value of a `Want-*` field that asks for these, the first most.
pub fn want(algorithms: &[DigestAlgorithm]) -> String {
    let weights = (1..=10).rev();
    let each = algorithms.iter().zip(weights);
    let each = each.map(|(algorithm, weight)| format!("{}={weight}", algorithm.name()));
    each.collect::<Vec<_>>().join(", ")
}

/// The header value with the SHA-256 of `body`.
pub fn sha256(body: &[u8]) -> String {
    DigestAlgorithm::Sha256.field(body)
}

/// The header value with the SHA-512 of `body`.
pub fn sha512(body: &[u8]) -> String {
    DigestAlgorithm::Sha512.field(body)
}

/// Name and value of every member, lines joined as one dictionary (RFC 9651 section 4.2).
fn members(header_values: &[&[u8]]) -> Result<Vec<(String, BareItem)>, SignatureError> {
    let joined = header_values.join(&b", "[..]);
    if joined.len() > MAX_FIELD_BYTES {
        return Err(SignatureError::TooLarge);
    }
    refuse_duplicates(StructuredType::Dictionary, &joined)?;
    let dictionary: Dictionary = Parser::new(&joined)
        .parse()
        .map_err(|_| SignatureError::Malformed)?;
    dictionary
        .into_iter()
        .map(|(name, member)| match member {
            ListEntry::Item(item) => Ok((name.as_str().to_owned(), item.bare_item)),
            ListEntry::InnerList(_) => Err(SignatureError::Malformed),
        })
        .collect()
}
