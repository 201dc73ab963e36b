//! Which reader a body gets.

use super::media_type::MediaType;
use super::{ExtractError, charset, graphql, json, multipart, urlencoded, xml};
use crate::{Field, Limits, Location, Sink, Structure};

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
    /// One XML document.
    Xml,
    /// A GraphQL document that is a body of its own.
    Graphql,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `multipart/*`.
    Multipart,
    /// Everything else, one opaque field.
    Text,
}

/// Takes a body apart by its content type, and by its look when the type is missing or may lie: a
/// body that starts like JSON or XML and is that is read so whatever its type says.
///
/// The body is without content coding ([`super::decoded`]); UTF-16 and UTF-32 are transcoded.
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
    if body.is_empty() {
        return Ok(Extracted {
            format: Format::Empty,
        });
    }
    let format = match structured(content_type, body, 0, limits, sink)? {
        Some(format) => format,
        None => {
            if body.len() > limits.text_bytes {
                return Err(ExtractError::TooLarge);
            }
            let declared = MediaType::parse(content_type)?;
            let text = charset::normalised(declared.charset.as_deref(), body)?;
            sink.field(Field::value(Location::Text, &text));
            Format::Text
        }
    };
    Ok(Extracted { format })
}

/// As [`body`], where text without structure is the caller's to hand on.
pub(super) fn structured(
    content_type: &[u8],
    body: &[u8],
    depth: usize,
    limits: &Limits,
    sink: &mut dyn Sink,
) -> Result<Option<Format>, ExtractError> {
    let declared = MediaType::parse(content_type)?;
    if declared.is_multipart() {
        return multipart::multipart(&declared, body, depth, limits, sink)
            .map(|()| Some(Format::Multipart));
    }
    let body = &*charset::normalised(declared.charset.as_deref(), body)?;
    let sink = &mut Borrowed(sink);
    if declared.is_json() {
        return json::json(body, limits, sink).map(|()| Some(Format::Json));
    }
    if declared.is_json_lines() {
        return json::lines(body, limits, sink).map(|()| Some(Format::JsonLines));
    }
    if declared.is_xml() {
        return xml::xml(body, limits, sink).map(|()| Some(Format::Xml));
    }
    if declared.is_graphql() {
        let is_one = graphql::document(body, limits, sink)?;
        return Ok(is_one.then_some(Format::Graphql));
    }
    if looks_like_json(body) && tried(json::json(body, limits, sink))? {
        if declared.is_form() {
            urlencoded::form_values(body, sink);
        }
        return Ok(Some(Format::Json));
    }
    if declared.essence != b"text/html"
        && xml::looks_like_xml(body)
        && tried(xml::xml(body, limits, sink))?
    {
        return Ok(Some(Format::Xml));
    }
    if declared.is_form() || (declared.essence.is_empty() && looks_like_form(body)) {
        urlencoded::form(body, sink);
        return Ok(Some(Format::Form));
    }
    if let Some(boundary) = undeclared_boundary(body) {
        let guess = MediaType {
            boundary: Some(boundary.to_vec()),
            ..MediaType::default()
        };
        let is_one = multipart::multipart(&guess, body, depth, limits, sink);
        return Ok(tried(is_one)?.then_some(Format::Multipart));
    }
    Ok(None)
}

/// A sink behind a pointer, for readers that take any sink.
struct Borrowed<'s>(&'s mut dyn Sink);

impl Sink for Borrowed<'_> {
    fn field(&mut self, field: Field<'_>) {
        self.0.field(field);
    }

    fn structure(&mut self, structure: Structure, location: Location<'_>) {
        self.0.structure(structure, location);
    }
}

/// Whether a reader that was tried on a guess fits. A limit holds whatever the type says; a body
/// that breaks the guessed format goes on as what it is.
fn tried(read: Result<(), ExtractError>) -> Result<bool, ExtractError> {
    match read {
        Ok(()) => Ok(true),
        Err(limit) if limit.is_limit() => Err(limit),
        Err(_) => Ok(false),
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

/// The boundary of a body that starts as a multipart one does: a line of `--` and a token, then a
/// `Content-` header.
fn undeclared_boundary(body: &[u8]) -> Option<&[u8]> {
    let after = body.strip_prefix(b"--")?;
    let end = after.iter().take(72).position(|&b| b == b'\n')?;
    let (line, rest) = after.split_at_checked(end)?;
    let header = rest.get(1..9)?;
    let boundary = line.trim_ascii_end();
    (!boundary.is_empty() && header.eq_ignore_ascii_case(b"content-")).then_some(boundary)
}
