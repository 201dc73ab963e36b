//! Which reader a body gets.

use super::{ExtractError, json, multipart};
use crate::{Field, Limits, Location, Sink};

/// What a body was read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extracted {
    /// The format whose fields the sink was given.
    pub format: Format,
}

/// A body format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// No byte.
    Empty,
    /// One JSON document.
    Json,
    /// JSON documents, one a line.
    JsonLines,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `multipart/*`.
    Multipart,
    /// Everything else, one opaque field.
    Text,
}

/// Takes a body apart by its content type, and by its look when the type is missing or may lie: a
/// body that starts like JSON and is JSON is read as JSON whatever its type says.
///
/// # Errors
/// A body that breaks the format it claims, or a limit. Fields handed to the sink before the
/// fault stay handed on.
pub fn body(
    content_type: &[u8],
    body: &[u8],
    limits: &Limits,
    sink: &mut impl Sink,
) -> Result<Extracted, ExtractError> {
    let format = read(content_type, body, limits, sink)?;
    Ok(Extracted { format })
}

fn read(
    content_type: &[u8],
    body: &[u8],
    limits: &Limits,
    sink: &mut impl Sink,
) -> Result<Format, ExtractError> {
    let declared = ContentType::parse(content_type);
    if body.is_empty() {
        return Ok(Format::Empty);
    }
    if !declared.charset_is_known() {
        return Err(ExtractError::UnsupportedCharset);
    }
    if declared.is_json() {
        return json::json(body, limits, sink).map(|()| Format::Json);
    }
    if declared.is_json_lines() {
        return json::lines(body, limits, sink).map(|()| Format::JsonLines);
    }
    if declared.essence.starts_with(b"multipart/") {
        return multipart::multipart(&declared, body, limits, sink).map(|()| Format::Multipart);
    }
    if looks_like_json(body) {
        match json::json(body, limits, sink) {
            Ok(()) => return Ok(Format::Json),
            // A limit holds whatever the type says; a body that is no JSON goes on as what it is.
            Err(limit @ (ExtractError::TooDeep | ExtractError::TooLarge)) => return Err(limit),
            Err(_) => {}
        }
    }
    if declared.essence == b"application/x-www-form-urlencoded" {
        super::form(body, sink);
        return Ok(Format::Form);
    }
    if declared.essence.is_empty() && looks_like_form(body) {
        super::form(body, sink);
        return Ok(Format::Form);
    }
    sink.field(Field::value(Location::Text, body));
    Ok(Format::Text)
}

/// A media type, lower case, and the two parameters that matter.
pub(super) struct ContentType {
    essence: Vec<u8>,
    charset: Option<Vec<u8>>,
    /// The boundary of a multipart type, case kept.
    pub(super) boundary: Option<Vec<u8>>,
}

impl ContentType {
    pub(super) fn parse(value: &[u8]) -> Self {
        let mut pieces = value.split(|&b| b == b';');
        let essence = pieces
            .next()
            .unwrap_or_default()
            .trim_ascii()
            .to_ascii_lowercase();
        let mut parsed = Self {
            essence,
            charset: None,
            boundary: None,
        };
        for piece in pieces {
            let mut halves = piece.splitn(2, |&b| b == b'=');
            let name = halves.next().unwrap_or_default().trim_ascii();
            let value = halves.next().unwrap_or_default().trim_ascii();
            let value = value.strip_prefix(b"\"").unwrap_or(value);
            let value = value.strip_suffix(b"\"").unwrap_or(value);
            if name.eq_ignore_ascii_case(b"charset") {
                parsed
                    .charset
                    .get_or_insert_with(|| value.to_ascii_lowercase());
            } else if name.eq_ignore_ascii_case(b"boundary") {
                parsed.boundary.get_or_insert_with(|| value.to_vec());
            }
        }
        parsed
    }

    fn is_json(&self) -> bool {
        matches!(self.essence.as_slice(), b"application/json" | b"text/json")
            || self.essence.ends_with(b"+json")
    }

    fn is_json_lines(&self) -> bool {
        matches!(
            self.essence.as_slice(),
            b"application/x-ndjson" | b"application/jsonl" | b"application/x-jsonlines"
        )
    }

    /// Whether the bytes mean to the application what they mean to us. Latin-1 and ASCII agree with
    /// UTF-8 on every byte a detector looks at; UTF-16 and UTF-7 do not.
    fn charset_is_known(&self) -> bool {
        self.charset.as_deref().is_none_or(|charset| {
            matches!(
                charset,
                b"" | b"utf-8" | b"utf8" | b"us-ascii" | b"ascii" | b"iso-8859-1" | b"latin1"
            )
        })
    }
}

fn looks_like_json(body: &[u8]) -> bool {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    matches!(body.trim_ascii_start().first(), Some(b'{' | b'[' | b'"'))
}

/// A name, an `=`, and no white space before it.
fn looks_like_form(body: &[u8]) -> bool {
    let name = body.iter().take_while(|&&b| b != b'=').take(256);
    let mut length = 0usize;
    for byte in name {
        if byte.is_ascii_whitespace() || byte.is_ascii_control() || *byte == b'<' {
            return false;
        }
        length = length.saturating_add(1);
    }
    length > 0 && body.get(length) == Some(&b'=')
}
