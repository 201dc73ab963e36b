//! Multipart bodies: the name, file name and content of each part as raw text.

use super::ExtractError;
use super::body::ContentType;
use crate::decode::percent_into;
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
    let (head, content) = match part {
        // No header line at all: the empty line comes first.
        [b'\r', b'\n', content @ ..] | [b'\n', content @ ..] => (&[][..], content),
        _ => head_and_content(part),
    };
    let mut buffer = Vec::new();
    for line in head.split(|&b| b == b'\n') {
        parameters(
            line,
            |value| sink.field(Field::name(location, value)),
            &mut buffer,
        );
    }
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

/// Splits at the first empty line, whose ends of line may be LF alone.
fn head_and_content(part: &[u8]) -> (&[u8], &[u8]) {
    for empty_line in [b"\r\n\r\n".as_slice(), b"\n\n"] {
        if let Some((head, rest)) = find(part, empty_line).and_then(|at| part.split_at_checked(at))
        {
            return (head, rest.get(empty_line.len()..).unwrap_or_default());
        }
    }
    (part, &[])
}

/// The parameter values of one header line: tokens, quoted strings (with `;` and `\"` inside), and
/// the percent-encoded text of `filename*=UTF-8''...` (RFC 8187).
fn parameters(line: &[u8], mut value: impl FnMut(&[u8]), buffer: &mut Vec<u8>) {
    let mut rest = line;
    while let Some(at) = rest.iter().position(|&b| b == b';') {
        rest = rest.get(at.saturating_add(1)..).unwrap_or_default();
        let start = rest.iter().take_while(|&&b| b != b'=' && b != b';').count();
        let Some((name, [b'=', after @ ..])) = rest.split_at_checked(start) else {
            continue;
        };
        buffer.clear();
        rest = match after {
            [b'"', quoted @ ..] => unquote(quoted, buffer),
            _ => {
                let end = after.iter().position(|&b| b == b';').unwrap_or(after.len());
                let (token, next) = after.split_at_checked(end).unwrap_or((after, &[]));
                let token = token.trim_ascii();
                match name.last() {
                    Some(b'*') => {
                        let encoded = token.splitn(3, |&b| b == b'\'').last().unwrap_or(token);
                        percent_into(encoded, false, buffer);
                    }
                    _ => buffer.extend_from_slice(token),
                }
                next
            }
        };
        if !buffer.is_empty() {
            value(buffer);
        }
    }
}

/// Copies up to the closing quote and returns what follows it.
fn unquote<'l>(quoted: &'l [u8], out: &mut Vec<u8>) -> &'l [u8] {
    let mut rest = quoted;
    loop {
        rest = match rest {
            [b'\\', escaped, next @ ..] => {
                // Windows clients send file paths with single backslashes: keep both readings apart
                // only where the escape means something.
                if !matches!(escaped, b'"' | b'\\') {
                    out.push(b'\\');
                }
                out.push(*escaped);
                next
            }
            [b'"', next @ ..] => return next,
            [byte, next @ ..] => {
                out.push(*byte);
                next
            }
            [] => return &[],
        };
    }
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
