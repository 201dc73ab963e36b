//! Parsing of the JSON serializations, general and flattened (RFC 7516 section 7.2).
//!
//! Stricter than the RFC in one point: `enc` must be protected, and `alg` too unless several
//! recipients share the protected header, so that nobody between sender and gate chooses either.

use core::fmt;
use std::borrow::Cow;

use serde_json::{Map, Value};

use super::header::{self, Unprotected};
use super::sealed::Content;
use super::{Header, Sealed};
use crate::{JoseError, Limits, Malformed, Profile, Unsupported, members};

/// A well-formed message in a JSON serialization, for one or several recipients.
pub struct Json {
    recipients: Vec<Recipient>,
    content: Content<'static>,
    aad: Option<Vec<u8>>,
}

struct Recipient {
    header: Header,
    encrypted_key: Vec<u8>,
}

impl Json {
    /// Parses `text`. A recipient whose `alg` is none of ours is left out, for it may be somebody
    /// else; every other fault refuses the message.
    ///
    /// # Errors
    /// [`JoseError::Malformed`]; [`JoseError::Unsupported`] also when no recipient is left.
    pub fn parse(text: &[u8], limits: &Limits) -> Result<Self, JoseError> {
        let mut members = members::of_serialization(text, limits)?;
        let segment = take_text(&mut members, "protected")?.ok_or(Malformed::Serialization)?;
        let protected = header::protected(&decode(&segment)?, limits)?;
        let aad = take_text(&mut members, "aad")?;
        let shared = take_object(&mut members, "unprotected")?;
        let entries = entries(&mut members, limits)?;

        let several = entries.len() > 1;
        let mut recipients = Vec::with_capacity(entries.len());
        for mut entry in entries {
            let of_recipient = take_object(&mut entry, "header")?;
            let encrypted_key = take_text(&mut entry, "encrypted_key")?;
            let unprotected = Unprotected {
                shared: &shared,
                of_recipient: &of_recipient,
                alg_of_recipient: several,
            };
            match Header::join(protected.clone(), Some(unprotected)) {
                Ok(header) => recipients.push(Recipient {
                    header,
                    // Absent where there is none (RFC 7516 section 7.2.1); some write "".
                    encrypted_key: decode(encrypted_key.as_deref().unwrap_or_default())?,
                }),
                Err(JoseError::Unsupported(Unsupported::Algorithm)) if several => {}
                Err(error) => return Err(error),
            }
        }
        if recipients.is_empty() {
            return Err(Unsupported::Algorithm.into());
        }
        // RFC 7516 section 5.1 step 4: a key that is the content key has no company.
        if several && recipients.iter().any(|one| one.header.alg.is_direct()) {
            return Err(Malformed::RecipientCount.into());
        }
        // Which of them may be empty, and then absent, the algorithms say.
        let mut field = |name| -> Result<Vec<u8>, Malformed> {
            let text = take_text(&mut members, name)?;
            decode(text.as_deref().unwrap_or_default())
        };
        let mut associated = segment.into_bytes();
        if let Some(aad) = &aad {
            associated.push(b'.');
            associated.extend_from_slice(aad.as_bytes());
        }
        Ok(Self {
            recipients,
            content: Content {
                associated: Cow::Owned(associated),
                iv: field("iv")?,
                ciphertext: field("ciphertext")?,
                tag: field("tag")?,
            },
            aad: aad.map(|aad| decode(&aad)).transpose()?,
        })
    }

    /// The header of each recipient, in the order of the message; at least one.
    pub fn headers(&self) -> impl Iterator<Item = &Header> {
        self.recipients.iter().map(|recipient| &recipient.header)
    }

    /// `aad`, decoded; authentic once the message has been opened.
    #[must_use]
    pub fn aad(&self) -> Option<&[u8]> {
        self.aad.as_deref()
    }

    /// The message as the first recipient sees it whose header `is_ours`.
    ///
    /// # Errors
    /// [`JoseError::Authentication`] when it is no one's; [`JoseError::Malformed`] when a length
    /// does not fit that recipient's algorithms.
    pub fn choose(
        self,
        mut is_ours: impl FnMut(&Header) -> bool,
    ) -> Result<Sealed<'static>, JoseError> {
        let ours = self
            .recipients
            .into_iter()
            .find(|recipient| is_ours(&recipient.header))
            .ok_or(JoseError::Authentication)?;
        Sealed::assemble(
            Profile::Strict,
            ours.header,
            ours.encrypted_key,
            self.content,
        )
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<&Header> = self.headers().collect();
        f.debug_struct("Json")
            .field("headers", &headers)
            .finish_non_exhaustive()
    }
}

/// One object per recipient: the members of `recipients`, or the message itself.
fn entries(
    members: &mut Map<String, Value>,
    limits: &Limits,
) -> Result<Vec<Map<String, Value>>, Malformed> {
    let flattened = members.contains_key("header") || members.contains_key("encrypted_key");
    let entries = match (members.remove("recipients"), flattened) {
        (None, _) => {
            let mut entry = Map::new();
            for name in ["header", "encrypted_key"] {
                if let Some(value) = members.remove(name) {
                    entry.insert(name.into(), value);
                }
            }
            return Ok(vec![entry]);
        }
        (Some(Value::Array(entries)), false) => entries,
        (Some(_), _) => return Err(Malformed::Serialization),
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

fn take_text(members: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Malformed> {
    match members.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Malformed::Serialization),
    }
}

fn take_object(
    members: &mut Map<String, Value>,
    name: &str,
) -> Result<Map<String, Value>, Malformed> {
    match members.remove(name) {
        None => Ok(Map::new()),
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(Malformed::Serialization),
    }
}

fn decode(text: &str) -> Result<Vec<u8>, Malformed> {
    crate::base64url::decode(text.as_bytes())
}
