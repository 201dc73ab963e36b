//! Parsing and verification of the compact serialization (RFC 7515 sections 5.2 and 7.1).

use core::fmt;

use serde_json::{Map, Value};

use super::{SignatureAlgorithm, VerifyKey};
use crate::{JoseError, Limits, Malformed, Unsupported, base64url, json, members};

/// A checked protected header.
///
/// `jku`, `x5u`, `x5c` and `jwk` are never read; `crit` and `b64` are refused.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Header {
    /// Signature algorithm.
    pub alg: SignatureAlgorithm,
    /// Key id as sent; untrusted text, compare it with configured ids only.
    pub kid: Option<String>,
    /// Type of the whole token.
    pub typ: Option<String>,
    /// Type of the payload.
    pub cty: Option<String>,
    members: Map<String, Value>,
}

impl Header {
    /// Any member as sent, authenticated only once the token has been verified.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    fn parse(octets: &[u8], limits: &Limits) -> Result<Self, JoseError> {
        let members = json::object(
            octets,
            json::Bounds {
                max_bytes: limits.max_header_bytes,
                max_depth: limits.max_header_depth,
            },
        )?;
        members::refuse_extensions(&members)?;
        Ok(Self {
            alg: SignatureAlgorithm::from_name(members::required(&members, "alg")?)
                .ok_or(Unsupported::Algorithm)?,
            kid: members::optional(&members, "kid")?,
            typ: members::optional(&members, "typ")?,
            cty: members::optional(&members, "cty")?,
            members,
        })
    }
}

/// A well-formed but not yet verified token. The payload is out of reach until it is.
pub struct Compact<'a> {
    header: Header,
    /// Header and payload segments with the dot between them, as received.
    signing_input: &'a [u8],
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> Compact<'a> {
    /// Parses `token` without copying it.
    ///
    /// # Errors
    /// [`JoseError::Malformed`] or [`JoseError::Unsupported`].
    pub fn parse(token: &'a [u8], limits: &Limits) -> Result<Self, JoseError> {
        if token.len() > limits.max_token_bytes {
            return Err(Malformed::TokenTooLong.into());
        }
        let (signing_input, signature) = split_last_dot(token).ok_or(Malformed::SegmentCount)?;
        let (header, payload) = split_last_dot(signing_input).ok_or(Malformed::SegmentCount)?;
        if header.contains(&b'.') {
            return Err(Malformed::SegmentCount.into());
        }
        let header = Header::parse(&base64url::decode(header)?, limits)?;
        let payload = base64url::decode(payload)?;
        let signature = base64url::decode(signature)?;
        if signature.len() != header.alg.signature_bytes() {
            return Err(Malformed::SignatureLength.into());
        }
        Ok(Self {
            header,
            signing_input,
            payload,
            signature,
        })
    }

    /// The protected header; unauthenticated until [`Compact::verify`] succeeds.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Verifies the signature with `key`.
    ///
    /// # Errors
    /// [`JoseError::Authentication`], also when the token's `alg` is not the key's.
    pub fn verify(self, key: &VerifyKey) -> Result<Verified, JoseError> {
        if self.header.alg != key.alg() {
            return Err(JoseError::Authentication);
        }
        key.check(self.signing_input, &self.signature)?;
        Ok(Verified {
            header: self.header,
            payload: self.payload,
        })
    }
}

impl fmt::Debug for Compact<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compact")
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

/// A payload whose signature verified. Only [`Compact::verify`] builds one.
pub struct Verified {
    header: Header,
    payload: Vec<u8>,
}

impl Verified {
    /// The protected header, authenticated.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The payload bytes, authenticated.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Gives the payload away.
    #[must_use]
    pub fn into_payload(self) -> Vec<u8> {
        self.payload
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

/// Parses and verifies in one step, for callers with a single key.
///
/// # Errors
/// As [`Compact::parse`] and [`Compact::verify`].
pub fn verify(token: &[u8], key: &VerifyKey, limits: &Limits) -> Result<Verified, JoseError> {
    Compact::parse(token, limits)?.verify(key)
}

fn split_last_dot(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut parts = text.rsplitn(2, |&byte| byte == b'.');
    let after = parts.next()?;
    Some((parts.next()?, after))
}
