//! A dialect written down in a policy: one signed text from a template, one header that carries
//! the signature.
//!
//! The template is text with parts in braces: `{timestamp}`, `{id}`, `{method}`, `{path}`,
//! `{query}` (without `?`), `{target}` (path and query as on the wire), `{body}` and
//! `{header:name}`; `{{` and `}}` are braces. As in `{timestamp}.{method}.{target}` LF `{body}`.
//!
//! **One text, one message.** A template in which two parts can slide into each other is refused
//! when the scheme is built: what follows a part has to begin with an octet that the part cannot
//! hold. `{timestamp}.{body}` is one; `{target}{body}` is not, and neither is `{query}.{body}`,
//! because a query may hold a dot: octets could be moved from the query to the body under one
//! signature. A line feed fits behind every part but the body. What each part may hold, and what is
//! refused beyond it: see [`Part`].
//!
//! **What it covers** is computed from the template: [`Scheme::guarantees`]. A time and an id that
//! have a header must be in the template, otherwise anyone could change them.

mod template;

pub use template::{Part, Template, TemplateFault};

use super::{Coverage, Presented, Scheme, SignOrder, SignedOctets};
use crate::text::{base64, base64url, hex, number};
use crate::{Algorithm, Message, SignatureError, Signer};
use template::Values;

/// How the signature is written in its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Lower-case hexadecimal.
    Hex,
    /// Standard base64 with padding.
    Base64,
    /// The URL alphabet without padding (RFC 7515 section 2).
    Base64Url,
}

/// The unit of a timestamp on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    /// Seconds since the Unix epoch.
    Seconds,
    /// Milliseconds since the Unix epoch.
    Milliseconds,
}

/// What a policy says of a dialect; all header names are lower case.
#[derive(Debug, Clone)]
pub struct CustomSpec {
    /// The signed text.
    pub template: Template,
    /// The one algorithm.
    pub algorithm: Algorithm,
    /// The header that carries the signature.
    pub signature_header: String,
    /// What stands before the signature in its header: `sha256=`, or nothing.
    pub prefix: String,
    /// How the signature is written.
    pub encoding: Encoding,
    /// The header that carries the time, and its unit.
    pub timestamp: Option<(String, TimeUnit)>,
    /// The header that carries the message id; it serves as a nonce.
    pub id_header: Option<String>,
    /// The header that names the key. It need not be signed: another key does not verify.
    pub key_id_header: Option<String>,
}

/// A dialect whose template and headers fit together.
#[derive(Debug, Clone)]
pub struct Custom(CustomSpec);

impl Custom {
    /// Checks that headers and template fit together.
    ///
    /// # Errors
    /// [`TemplateFault::Headers`] for a part without its header, a time or id outside the template,
    /// header names that are not lower-case tokens or that stand for two things.
    pub fn new(spec: CustomSpec) -> Result<Self, TemplateFault> {
        let holds = |part: &Part| spec.template.parts().any(|one| one == part);
        let own: Vec<&str> = own_headers(&spec).collect();
        let distinct = own.iter().enumerate().all(|(at, name)| {
            template::is_header_name(name) && !own.iter().skip(at + 1).any(|other| other == name)
        });
        let read = spec.template.parts().filter_map(|part| match part {
            Part::Header(name) => Some(name.as_str()),
            _ => None,
        });
        // The time and the id have parts of their own; a signature cannot sign itself.
        let apart =
            |name: &str| Some(name) == spec.key_id_header.as_deref() || !own.contains(&name);
        let fits = holds(&Part::Timestamp) == spec.timestamp.is_some()
            && holds(&Part::Id) == spec.id_header.is_some()
            && spec
                .prefix
                .bytes()
                .all(|byte| (b' '..=b'~').contains(&byte));
        if distinct && fits && read.into_iter().all(apart) {
            Ok(Self(spec))
        } else {
            Err(TemplateFault::Headers)
        }
    }

    fn values<'m>(
        &self,
        message: &Message<'m>,
        body: &'m [u8],
    ) -> Result<Values<'m>, SignatureError> {
        let single = |name: &Option<&str>| match name {
            Some(name) => message.single(name).map_err(absent),
            None => Ok(&[][..]),
        };
        let timestamp = self.0.timestamp.as_ref().map(|(name, _)| name.as_str());
        Ok(Values {
            timestamp: single(&timestamp)?,
            id: single(&self.0.id_header.as_deref())?,
            body,
        })
    }

    fn decode(&self, text: &[u8]) -> Result<Vec<u8>, SignatureError> {
        match self.0.encoding {
            Encoding::Hex => hex::decode_exactly(text, text.len() / 2),
            Encoding::Base64 => base64::decode(text),
            Encoding::Base64Url => base64url::decode(text),
        }
    }

    fn encode(&self, signature: &[u8]) -> String {
        match self.0.encoding {
            Encoding::Hex => hex::encode(signature),
            Encoding::Base64 => base64::encode(signature),
            Encoding::Base64Url => base64url::encode(signature),
        }
    }
}

impl Scheme for Custom {
    fn name(&self) -> &'static str {
        "custom"
    }

    fn guarantees(&self) -> Coverage {
        let parts = self.0.template.parts();
        parts.fold(Coverage::NONE, |all, part| all.with(part.coverage()))
    }

    fn algorithms(&self) -> &'static [Algorithm] {
        static ALL: [Algorithm; Algorithm::ALL.len()] = Algorithm::ALL;
        let at = ALL.iter().position(|one| *one == self.0.algorithm);
        at.and_then(|at| ALL.get(at..=at)).unwrap_or_default()
    }

    fn signs_nonce(&self) -> bool {
        self.0.id_header.is_some()
    }

    fn headers(&self) -> Vec<&str> {
        own_headers(&self.0).collect()
    }

    fn present(&self, message: &Message<'_>) -> Result<Vec<Presented>, SignatureError> {
        let text = message
            .single(&self.0.signature_header)?
            .strip_prefix(self.0.prefix.as_bytes())
            .ok_or(SignatureError::Malformed)?;
        let signature = self.decode(text)?;
        if signature.is_empty() || signature.len() > crate::limits::MAX_SIGNATURE_BYTES {
            return Err(SignatureError::Malformed);
        }
        let values = self.values(message, &[])?;
        let created = match &self.0.timestamp {
            None => None,
            Some((_, TimeUnit::Seconds)) => Some(number::decimal(values.timestamp)?),
            Some((_, TimeUnit::Milliseconds)) => Some(number::decimal(values.timestamp)? / 1000),
        };
        let key_id = match &self.0.key_id_header {
            None => None,
            Some(name) => {
                let key_id = core::str::from_utf8(message.single(name)?);
                Some(key_id.map_err(|_| SignatureError::Malformed)?.to_owned())
            }
        };
        Ok(vec![Presented {
            key_id,
            created,
            nonce: self.0.id_header.as_ref().map(|_| values.id.to_vec()),
            signatures: vec![signature],
            needs_body: self.0.template.parts().any(|part| *part == Part::Body),
            covered: self.0.template.parts().map(Part::name).collect(),
            ..Default::default()
        }])
    }

    fn signed_octets<'m>(
        &self,
        message: &Message<'m>,
        _presented: &'m Presented,
        body: &'m [u8],
    ) -> Result<SignedOctets<'m>, SignatureError> {
        let values = self.values(message, body)?;
        self.0.template.fill(message, &values)
    }

    fn sign(
        &self,
        message: &Message<'_>,
        body: &[u8],
        order: &SignOrder<'_>,
        signer: &dyn Signer,
    ) -> Result<Vec<(String, String)>, SignatureError> {
        let mut lines = Vec::new();
        let mut timestamp = String::new();
        if let Some((name, unit)) = &self.0.timestamp {
            let factor = match unit {
                TimeUnit::Seconds => 1,
                TimeUnit::Milliseconds => 1000,
            };
            timestamp = order.created.saturating_mul(factor).to_string();
            number::decimal(timestamp.as_bytes()).map_err(|_| SignatureError::InvalidSpec)?;
            lines.push((name.clone(), timestamp.clone()));
        }
        let mut id = "";
        if let Some(name) = &self.0.id_header {
            id = order.nonce.ok_or(SignatureError::InvalidSpec)?;
            lines.push((name.clone(), id.to_owned()));
        }
        let mut headers = message.headers.to_vec();
        if let Some(name) = &self.0.key_id_header {
            let key_id = order.key_id.ok_or(SignatureError::InvalidSpec)?;
            headers.retain(|(line, _)| line != name.as_bytes());
            headers.push((name.clone().into_bytes(), key_id.into()));
            lines.push((name.clone(), key_id.to_owned()));
        }
        let message = Message {
            headers: &headers,
            ..*message
        };
        let values = Values {
            timestamp: timestamp.as_bytes(),
            id: id.as_bytes(),
            body,
        };
        let octets = self.0.template.fill(&message, &values)?;
        let signature = super::signed_by(self, signer, &octets.parts())?;
        let value = format!("{}{}", self.0.prefix, self.encode(&signature));
        lines.push((self.0.signature_header.clone(), value));
        Ok(lines)
    }
}

fn own_headers(spec: &CustomSpec) -> impl Iterator<Item = &str> {
    let timestamp = spec.timestamp.as_ref().map(|(name, _)| name.as_str());
    [
        Some(spec.signature_header.as_str()),
        timestamp,
        spec.id_header.as_deref(),
        spec.key_id_header.as_deref(),
    ]
    .into_iter()
    .flatten()
}

/// A signature is there, so what it covers and is not is absent, not the signature.
fn absent(error: SignatureError) -> SignatureError {
    match error {
        SignatureError::Missing => SignatureError::AbsentComponent,
        other => other,
    }
}

#[cfg(test)]
mod tests;
