//! Parsing and verification: compact (RFC 7515 section 7.1), JSON (section 7.2), detached
//! (appendix F) and unencoded (RFC 7797).

use core::fmt;
use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{Header, VerifyKey};
use crate::{JoseError, Limits, Malformed, Unsupported, base64url, members};

/// A well-formed but not yet verified token. The payload is out of reach until it is.
pub struct Signed<'a> {
    header: Header,
    /// Header and payload segments with the dot between them, as received.
    signing_input: Cow<'a, [u8]>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> Signed<'a> {
    /// Parses a compact token without copying it.
    ///
    /// # Errors
    /// [`JoseError::Malformed`] or [`JoseError::Unsupported`].
    pub fn compact(token: &'a [u8], limits: &Limits) -> Result<Self, JoseError> {
        let [header, payload, signature] = segments(token, limits)?;
        let signing_input = token
            .get(
                ..token
                    .len()
                    .saturating_sub(signature.len())
                    .saturating_sub(1),
            )
            .ok_or(Malformed::SegmentCount)?;
        let header = Header::parse(&base64url::decode(header)?, limits)?;
        let payload = base64url::decode(payload)?;
        let signature = signature_of(&header, signature)?;
        Ok(Self {
            header,
            signing_input: Cow::Borrowed(signing_input),
            payload,
            signature,
        })
    }

    /// Parses a message in the JSON serialization, general or flattened, and takes the first
    /// signature whose header `is_ours`. A signature whose `alg` is none of ours is passed over.
    ///
    /// # Errors
    /// [`JoseError::Malformed`] or [`JoseError::Unsupported`]; [`JoseError::Authentication`] when
    /// no signature is ours.
    pub fn json(
        text: &[u8],
        limits: &Limits,
        mut is_ours: impl FnMut(&Header) -> bool,
    ) -> Result<Signed<'static>, JoseError> {
        let mut members = members::of_serialization(text, limits)?;
        let entries = entries(&mut members, limits)?;
        let payload_segment = string(&members, "payload")?;
        let payload = base64url::decode(payload_segment.as_bytes())?;
        let mut chosen = None;
        for entry in &entries {
            let protected = string(entry, "protected")?;
            let signature = string(entry, "signature")?;
            let none = Map::new();
            let unprotected = match entry.get("header") {
                None => &none,
                Some(Value::Object(header)) => header,
                Some(_) => return Err(Malformed::Serialization.into()),
            };
            let header = match Header::parse(&base64url::decode(protected.as_bytes())?, limits) {
                Err(JoseError::Unsupported(Unsupported::Algorithm)) if entries.len() > 1 => {
                    continue;
                }
                parsed => parsed?.with_unprotected(unprotected)?,
            };
            let signature = signature_of(&header, signature.as_bytes())?;
            if chosen.is_none() && is_ours(&header) {
                chosen = Some((protected, header, signature));
            }
        }
        let (protected, header, signature) = chosen.ok_or(JoseError::Authentication)?;
        let signing_input = [protected, payload_segment].join(".");
        Ok(Signed {
            header,
            signing_input: Cow::Owned(signing_input.into_bytes()),
            payload,
            signature,
        })
    }

    /// The header; unauthenticated until [`Signed::verify`] succeeds.
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
        key.check(&self.signing_input, &self.signature)?;
        Ok(Verified {
            header: self.header,
            payload: self.payload,
        })
    }
}

impl fmt::Debug for Signed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed")
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

/// A payload whose signature verified. Only [`Signed::verify`] builds one.
pub struct Verified {
    header: Header,
    payload: Vec<u8>,
}

impl Verified {
    /// The header; its protected members are authentic.
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

/// A well-formed token `header..signature` whose payload travels elsewhere.
pub struct Detached {
    header: Header,
    /// The encoded header and the dot behind it.
    prefix: Vec<u8>,
    signature: Vec<u8>,
    encoded: bool,
}

impl Detached {
    /// Parses a token that signs its payload in base64url (RFC 7515 appendix F).
    ///
    /// # Errors
    /// [`JoseError::Malformed`] or [`JoseError::Unsupported`].
    pub fn parse(token: &[u8], limits: &Limits) -> Result<Self, JoseError> {
        Self::read(token, limits, true)
    }

    /// Parses a token that signs its payload as it is: `b64` must be false and `crit` name it and
    /// nothing else (RFC 7797).
    ///
    /// # Errors
    /// [`JoseError::Malformed`] or [`JoseError::Unsupported`].
    pub fn unencoded(token: &[u8], limits: &Limits) -> Result<Self, JoseError> {
        Self::read(token, limits, false)
    }

    fn read(token: &[u8], limits: &Limits, encoded: bool) -> Result<Self, JoseError> {
        let [header_segment, payload, signature] = segments(token, limits)?;
        if !payload.is_empty() {
            return Err(Malformed::SegmentCount.into());
        }
        let octets = base64url::decode(header_segment)?;
        let header = match encoded {
            true => Header::parse(&octets, limits)?,
            false => Header::parse_unencoded(&octets, limits)?,
        };
        let signature = signature_of(&header, signature)?;
        Ok(Self {
            header,
            prefix: [header_segment, b"."].concat(),
            signature,
            encoded,
        })
    }

    /// The header; unauthenticated until [`Detached::verify`] succeeds.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Verifies the signature over `payload` with `key`, and gives the header, now authentic.
    ///
    /// # Errors
    /// [`JoseError::Authentication`], also when the token's `alg` is not the key's.
    pub fn verify(self, payload: &[u8], key: &VerifyKey) -> Result<Header, JoseError> {
        if self.header.alg != key.alg() {
            return Err(JoseError::Authentication);
        }
        let mut signing_input = self.prefix;
        match self.encoded {
            true => signing_input.extend_from_slice(base64url::encode(payload).as_bytes()),
            false => signing_input.extend_from_slice(payload),
        }
        key.check(&signing_input, &self.signature)?;
        Ok(self.header)
    }
}

impl fmt::Debug for Detached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Detached")
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

/// Parses a compact token and verifies it in one step, for callers with a single key.
///
/// # Errors
/// As [`Signed::compact`] and [`Signed::verify`].
pub fn verify(token: &[u8], key: &VerifyKey, limits: &Limits) -> Result<Verified, JoseError> {
    Signed::compact(token, limits)?.verify(key)
}

/// Exactly three segments; stops at the fourth, so a million dots cost nothing.
fn segments<'a>(token: &'a [u8], limits: &Limits) -> Result<[&'a [u8]; 3], Malformed> {
    if token.len() > limits.max_token_bytes {
        return Err(Malformed::TokenTooLong);
    }
    let mut parts = token.split(|&byte| byte == b'.');
    let mut next = || parts.next().ok_or(Malformed::SegmentCount);
    let segments = [next()?, next()?, next()?];
    match parts.next() {
        None => Ok(segments),
        Some(_) => Err(Malformed::SegmentCount),
    }
}

fn signature_of(header: &Header, segment: &[u8]) -> Result<Vec<u8>, Malformed> {
    let signature = base64url::decode(segment)?;
    if header.alg.fits_signature(signature.len()) {
        Ok(signature)
    } else {
        Err(Malformed::SignatureLength)
    }
}

/// One object per signature: the members of `signatures`, or the message itself.
fn entries(
    members: &mut Map<String, Value>,
    limits: &Limits,
) -> Result<Vec<Map<String, Value>>, Malformed> {
    const OF_ONE: [&str; 3] = ["protected", "header", "signature"];
    let flattened = OF_ONE.iter().any(|name| members.contains_key(*name));
    let entries = match (members.remove("signatures"), flattened) {
        (None, true) => return Ok(vec![members.clone()]),
        (Some(Value::Array(entries)), false) => entries,
        _ => return Err(Malformed::Serialization),
    };
    if entries.is_empty() || entries.len() > limits.max_recipients {
        return Err(Malformed::RecipientCount);
    }
    entries
        .into_iter()
        .map(|entry| match entry {
            Value::Object(entry) => Ok(entry),
            _ => Err(Malformed::Serialization),
        })
        .collect()
}

fn string<'m>(members: &'m Map<String, Value>, name: &str) -> Result<&'m str, Malformed> {
    members
        .get(name)
        .and_then(Value::as_str)
        .ok_or(Malformed::Serialization)
}
