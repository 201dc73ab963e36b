//! The canonical request: method, path, query, header lines, their names, hash of the payload.

use sha2::{Digest, Sha256};

use crate::limits::MAX_BASE_BYTES;
use crate::scheme::listed;
use crate::text::hex;
use crate::{Message, SignatureError};

/// The query parameter that is not under the signature: the signature.
pub(super) const SIGNATURE: &str = "X-Amz-Signature";

/// What goes into one canonical request.
pub(super) struct Request<'a> {
    pub(super) message: &'a Message<'a>,
    /// Names of the signed header fields: lower case, in order.
    pub(super) signed: &'a [String],
    /// Whether the path is percent-encoded once more, as everywhere but in S3.
    pub(super) escape_path: bool,
    pub(super) presigned: bool,
    /// The hash of the payload, or what stands for it.
    pub(super) payload: &'a str,
}

impl Request<'_> {
    /// The text whose hash is signed.
    ///
    /// # Errors
    /// A request line or header field that has no canonical form, or shares it with another one.
    pub(super) fn text(&self) -> Result<Vec<u8>, SignatureError> {
        let mut text = listed::method(self.message)?.to_vec();
        text.push(b'\n');
        text.extend(self.path()?);
        text.push(b'\n');
        text.extend(self.query()?.into_bytes());
        text.push(b'\n');
        for name in self.signed {
            text.extend_from_slice(name.as_bytes());
            text.push(b':');
            text.extend(self.field(name)?);
            text.push(b'\n');
        }
        text.push(b'\n');
        text.extend_from_slice(self.signed.join(";").as_bytes());
        text.push(b'\n');
        text.extend_from_slice(self.payload.as_bytes());
        if text.len() > MAX_BASE_BYTES {
            return Err(SignatureError::TooLarge);
        }
        Ok(text)
    }

    /// Outside S3 AWS removes empty and dot segments and then encodes; a path that has them would
    /// share its signature with one that has not.
    fn path(&self) -> Result<Vec<u8>, SignatureError> {
        listed::target(self.message)?;
        let path = self.message.path();
        if !self.escape_path {
            return Ok(path.to_vec());
        }
        let mut segments = path.split(|&byte| byte == b'/').skip(1).peekable();
        while let Some(segment) = segments.next() {
            let last = segments.peek().is_none();
            if matches!(segment, b"." | b"..") || (segment.is_empty() && !last) {
                return Err(SignatureError::UnsupportedTarget);
            }
        }
        let mut escaped = Vec::with_capacity(path.len());
        for &byte in path {
            if byte == b'/' || is_unreserved(byte) {
                escaped.push(byte);
            } else {
                escaped.extend(format!("%{byte:02X}").into_bytes());
            }
        }
        Ok(escaped)
    }

    fn query(&self) -> Result<String, SignatureError> {
        let mut pairs = pairs(self.message)?;
        if self.presigned {
            pairs.retain(|(name, _)| *name != SIGNATURE);
        }
        // AWS sorts the values of one name as well, so their order has to be that one already.
        for (at, (name, value)) in pairs.iter().enumerate() {
            let mut behind = pairs.iter().skip(at.saturating_add(1));
            if behind.any(|(other, later)| other == name && later < value) {
                return Err(SignatureError::AmbiguousComponent);
            }
        }
        pairs.sort();
        let texts: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        Ok(texts.join("&"))
    }

    /// All lines of a field joined by commas, each trimmed, spaces in a row made one.
    fn field(&self, name: &str) -> Result<Vec<u8>, SignatureError> {
        if name == "host" {
            let host = listed::value(self.message, name)?;
            return host
                .map(<[u8]>::to_vec)
                .ok_or(SignatureError::AbsentComponent);
        }
        let mut joined: Option<Vec<u8>> = None;
        for line in self.message.values(name.as_bytes()) {
            if !line.iter().all(|&byte| listed::is_plain(byte)) {
                return Err(SignatureError::IllegalValue);
            }
            let words = line
                .split(|&byte| byte == b' ')
                .filter(|word| !word.is_empty());
            let line = words.collect::<Vec<_>>().join(&b' ');
            joined = Some(match joined {
                Some(before) => [&before[..], b",", &line].concat(),
                None => line,
            });
        }
        joined.ok_or(SignatureError::AbsentComponent)
    }
}

/// Lower-case hex of the SHA-256.
pub(super) fn hash(octets: &[u8]) -> String {
    hex::encode(&Sha256::digest(octets))
}

/// Names and values of a query in the canonical encoding: unreserved characters as they are,
/// everything else as `%` and two upper-case digits.
///
/// # Errors
/// [`SignatureError::IllegalValue`] for every other spelling, and for a `?` or `&` beside nothing.
pub(super) fn pairs<'m>(message: &Message<'m>) -> Result<Vec<(&'m str, &'m str)>, SignatureError> {
    let Some(query) = message.query() else {
        return Ok(Vec::new());
    };
    let query = core::str::from_utf8(query).map_err(|_| SignatureError::IllegalValue)?;
    query
        .split('&')
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if !name.is_empty() && is_canonical(name) && is_canonical(value) {
                Ok((name, value))
            } else {
                Err(SignatureError::IllegalValue)
            }
        })
        .collect()
}

/// A text in canonical encoding as it was before; what is not UTF-8 then is nothing.
pub(super) fn unescape(text: &str) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        match escape(rest) {
            Some(value) => {
                octets.push(value);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => {
                octets.push(byte);
                rest = behind;
            }
        }
    }
    String::from_utf8(octets).unwrap_or_default()
}

/// Whether it is the name of a header field in lower case.
pub(super) fn is_field_name(name: &str) -> bool {
    let lower = |byte: u8| listed::is_token(byte) && !byte.is_ascii_uppercase();
    !name.is_empty() && name.bytes().all(lower)
}

fn is_canonical(text: &str) -> bool {
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        rest = match escape(rest) {
            Some(value) if !is_unreserved(value) => behind.get(2..).unwrap_or_default(),
            None if is_unreserved(byte) => behind,
            _ => return false,
        };
    }
    true
}

/// The octet that three characters stand for, in upper-case digits.
fn escape(text: &[u8]) -> Option<u8> {
    let &[b'%', high, low, ..] = text else {
        return None;
    };
    let digit = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    };
    Some((digit(high)? << 4) | digit(low)?)
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}
