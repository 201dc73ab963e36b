//! Multipart bodies: the name, file name and content of each part as raw text.

use super::ExtractError;
use super::body::ContentType;
use crate::{Field, Limits, Location, Sink};

/// Hands on each part's `name` and `filename` and its content. A part that looks like JSON and is
/// JSON is read as JSON.
pub(super) fn multipart(
    declared: &ContentType,
    body: &[u8],
    limits: &Limits,
    sink: &mut impl Sink,
) -> Result<(), ExtractError> {
    let boundary = declared
        .boundary
        .as_deref()
        .filter(|b| !b.is_empty() && b.len() <= 70);
    let boundary = boundary.ok_or(ExtractError::MalformedMultipart)?;
    let delimiter = [b"--", boundary].concat();
    let mut rest = after(body, &delimiter).ok_or(ExtractError::MalformedMultipart)?;
    for index in 0.. {
        if rest.starts_with(b"--") {
            return Ok(());
        }
        if index >= limits.parts {
            return Err(ExtractError::TooLarge);
        }
        let end = find(rest, &delimiter).ok_or(ExtractError::MalformedMultipart)?;
        let (part, next) = rest
            .split_at_checked(end)
            .ok_or(ExtractError::MalformedMultipart)?;
        one(index, part, limits, sink)?;
        rest = next.get(delimiter.len()..).unwrap_or_default();
    }
    Ok(())
}

/// One part: header lines, an empty line, content.
fn one(
    index: usize,
    part: &[u8],
    limits: &Limits,
    sink: &mut impl Sink,
) -> Result<(), ExtractError> {
    let location = Location::Multipart(index);
    let part = part
        .strip_prefix(b"\r\n")
        .or(part.strip_prefix(b"\n"))
        .unwrap_or(part);
    let (head, content) = match find(part, b"\r\n\r\n") {
        Some(at) => (part.get(..at), part.get(at.saturating_add(4)..)),
        None => match find(part, b"\n\n") {
            Some(at) => (part.get(..at), part.get(at.saturating_add(2)..)),
            None => (Some(part), None),
        },
    };
    for line in head.unwrap_or_default().split(|&b| b == b'\n') {
        // The whole value is handed on as well: parsers differ in what they take for the name.
        for parameter in line.split(|&b| b == b';').skip(1) {
            let value = parameter
                .splitn(2, |&b| b == b'=')
                .nth(1)
                .unwrap_or(parameter);
            let value = value.trim_ascii();
            let value = value.strip_prefix(b"\"").unwrap_or(value);
            let value = value.strip_suffix(b"\"").unwrap_or(value);
            sink.field(Field::name(location, value));
        }
    }
    let content = content.unwrap_or_default();
    let content = content.strip_suffix(b"\n").unwrap_or(content);
    let content = content.strip_suffix(b"\r").unwrap_or(content);
    if content.is_empty() {
        return Ok(());
    }
    if matches!(content.trim_ascii_start().first(), Some(b'{' | b'[')) {
        match super::json(content, limits, sink) {
            Ok(()) => return Ok(()),
            Err(limit @ (ExtractError::TooDeep | ExtractError::TooLarge)) => return Err(limit),
            Err(_) => {}
        }
    }
    sink.field(Field::value(location, content));
    Ok(())
}

fn after<'b>(body: &'b [u8], delimiter: &[u8]) -> Option<&'b [u8]> {
    let at = find(body, delimiter)?;
    body.get(at.saturating_add(delimiter.len())..)
}

/// The first place of `needle`; linear in practice because a boundary's first byte is rare.
fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}
