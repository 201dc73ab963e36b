//! Multipart bodies (RFC 2046 section 5.1, RFC 7578): each part's header values and content.
//!
//! Parsers split these differently, so a body is read one way only: all line ends around
//! delimiters are of one kind, and the delimiter stands nowhere else. Anything else is refused.

use super::inside::Within;
use super::media_type::{MediaType, parameter};
use super::{ExtractError, base64, body};
use crate::decode::percent_into;
use crate::{Field, Limits, Location, Sink};

/// Longest boundary (RFC 2046 section 5.1.1).
const MAX_BOUNDARY_BYTES: usize = 70;

/// Hands on header values and content of every part; a part is read by its own type, parts in
/// parts as far as `nesting` allows.
pub(super) fn multipart(
    declared: &MediaType,
    body: &[u8],
    depth: usize,
    limits: &Limits,
    sink: &mut dyn Sink,
) -> Result<(), ExtractError> {
    if depth >= limits.nesting {
        return Err(ExtractError::TooDeep);
    }
    let boundary = declared
        .boundary
        .as_deref()
        .filter(|b| !b.is_empty() && b.len() <= MAX_BOUNDARY_BYTES);
    let boundary = boundary.ok_or(ExtractError::MalformedMultipart)?;
    let delimiter = [b"--", boundary].concat();
    let mut splitter = Splitter::new(body, &delimiter)?;
    outside(splitter.preamble, sink);
    let mut index = 0usize;
    while let Some(part) = splitter.next()? {
        if index >= limits.parts {
            return Err(ExtractError::TooLarge);
        }
        Part::read(part, index, splitter.line_end)?.hand_on(depth, limits, sink)?;
        index = index.saturating_add(1);
    }
    outside(splitter.rest, sink);
    Ok(())
}

/// Text before the first delimiter and behind the last: nobody should read it, and it is scanned
/// in case somebody does.
fn outside(text: &[u8], sink: &mut dyn Sink) {
    if !text.trim_ascii().is_empty() {
        sink.field(Field::value(Location::Text, text));
    }
}

/// Cuts a body at its delimiters.
struct Splitter<'b> {
    preamble: &'b [u8],
    delimiter: &'b [u8],
    /// `\r\n`, or `\n` throughout.
    line_end: &'static [u8],
    /// Behind the delimiter line of the next part, or behind the last delimiter.
    rest: &'b [u8],
    ended: bool,
}

impl<'b> Splitter<'b> {
    fn new(body: &'b [u8], delimiter: &'b [u8]) -> Result<Self, ExtractError> {
        let at = find(body, delimiter).ok_or(ExtractError::MalformedMultipart)?;
        let (preamble, rest) = body.split_at_checked(at).unwrap_or((body, &[]));
        let after = rest.get(delimiter.len()..).unwrap_or_default();
        let padding = after
            .iter()
            .take_while(|b| matches!(b, b' ' | b'\t'))
            .count();
        let line_end: &[u8] = match after.get(padding..).unwrap_or_default() {
            [b'\n', ..] => b"\n",
            _ => b"\r\n",
        };
        if !preamble.is_empty() && !preamble.ends_with(line_end) {
            return Err(ExtractError::MalformedMultipart);
        }
        let mut splitter = Self {
            preamble,
            delimiter,
            line_end,
            rest: after,
            ended: false,
        };
        splitter.end_delimiter()?;
        Ok(splitter)
    }

    /// The next part, headers and content; nothing behind the closing delimiter.
    fn next(&mut self) -> Result<Option<&'b [u8]>, ExtractError> {
        if self.ended {
            // Whoever looks for the delimiter only finds another part here.
            return match find(self.rest, self.delimiter) {
                Some(_) => Err(ExtractError::MalformedMultipart),
                None => Ok(None),
            };
        }
        let at = find(self.rest, self.delimiter).ok_or(ExtractError::MalformedMultipart)?;
        let (part, rest) = self.rest.split_at_checked(at).unwrap_or((self.rest, &[]));
        self.rest = rest.get(self.delimiter.len()..).unwrap_or_default();
        // The line end before a delimiter belongs to it.
        let part = match part.strip_suffix(self.line_end) {
            Some(part) if self.line_end.len() == 2 || !part.ends_with(b"\r") => part,
            _ => return Err(ExtractError::MalformedMultipart),
        };
        self.end_delimiter()?;
        Ok(Some(part))
    }

    /// Reads what stands behind a delimiter: `--`, or padding and the line end.
    fn end_delimiter(&mut self) -> Result<(), ExtractError> {
        if let Some(rest) = self.rest.strip_prefix(b"--") {
            let ends = rest.is_empty() || rest.trim_ascii_start().len() < rest.len();
            self.ended = true;
            self.rest = rest;
            return if ends {
                Ok(())
            } else {
                Err(ExtractError::MalformedMultipart)
            };
        }
        let padding = self.rest.iter().take_while(|b| matches!(b, b' ' | b'\t'));
        let padding = padding.count();
        let rest = self.rest.get(padding..).unwrap_or_default();
        self.rest = rest
            .strip_prefix(self.line_end)
            .ok_or(ExtractError::MalformedMultipart)?;
        Ok(())
    }
}

/// One part, its headers read.
struct Part<'b> {
    index: usize,
    name: Vec<u8>,
    /// Values of the headers: names of fields and files, and whatever else a sender put there.
    values: Vec<Vec<u8>>,
    media_type: Option<Vec<u8>>,
    encoding: Encoding,
    content: &'b [u8],
}

#[derive(Clone, Copy)]
enum Encoding {
    None,
    Base64,
    QuotedPrintable,
}

impl<'b> Part<'b> {
    fn read(part: &'b [u8], index: usize, line_end: &[u8]) -> Result<Self, ExtractError> {
        let empty_line = [line_end, line_end].concat();
        let (head, content) = if let Some(content) = part.strip_prefix(line_end) {
            // No headers; some look for the first empty line all the same, and take what is
            // before it for headers. The delimiter's own line end may make that line too.
            if content.is_empty()
                || content.starts_with(line_end)
                || content.ends_with(line_end)
                || find(content, &empty_line).is_some()
            {
                return Err(ExtractError::MalformedMultipart);
            }
            (&[][..], content)
        } else {
            match find(part, &empty_line).and_then(|at| part.split_at_checked(at)) {
                Some((head, rest)) => (head, rest.get(empty_line.len()..).unwrap_or_default()),
                // Some take the delimiter that follows for content.
                None => return Err(ExtractError::MalformedMultipart),
            }
        };
        let mut read = Self {
            index,
            name: Vec::new(),
            values: Vec::new(),
            media_type: None,
            encoding: Encoding::None,
            content,
        };
        let mut lines = Vec::new();
        for line in (Lines {
            rest: head,
            line_end,
        }) {
            match lines.last_mut() {
                // A folded line goes on with the one before it (RFC 5322 section 2.2.3).
                Some(last) if line.starts_with(b" ") || line.starts_with(b"\t") => {
                    let last: &mut Vec<u8> = last;
                    last.extend_from_slice(line);
                }
                _ => lines.push(line.to_vec()),
            }
        }
        for line in lines {
            read.header(&line)?;
        }
        Ok(read)
    }

    fn header(&mut self, line: &[u8]) -> Result<(), ExtractError> {
        // A lone CR or LF is a line end to some.
        if line.iter().any(|b| matches!(b, b'\r' | b'\n' | 0)) {
            return Err(ExtractError::MalformedMultipart);
        }
        let at = line.iter().position(|&b| b == b':');
        let (name, value) = at
            .and_then(|at| line.split_at_checked(at))
            .ok_or(ExtractError::MalformedMultipart)?;
        // Some parsers take a line whose name is none for the first line of the content.
        if name.is_empty() || !name.iter().all(|&b| is_token(b)) {
            return Err(ExtractError::MalformedMultipart);
        }
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if name.eq_ignore_ascii_case(b"content-disposition") {
            let mut rest = value;
            while let Some((name, text, next)) = parameter(rest) {
                rest = next;
                self.disposition(name, text);
            }
        } else if name.eq_ignore_ascii_case(b"content-type") {
            if self.media_type.replace(value.to_vec()).is_some() {
                return Err(ExtractError::MalformedMultipart);
            }
        } else if name.eq_ignore_ascii_case(b"content-transfer-encoding") {
            self.encoding = match value.to_ascii_lowercase().as_slice() {
                b"" | b"7bit" | b"8bit" | b"binary" => Encoding::None,
                b"base64" => Encoding::Base64,
                b"quoted-printable" => Encoding::QuotedPrintable,
                _ => return Err(ExtractError::UnsupportedPartEncoding),
            };
        } else {
            self.values.push(value.to_vec());
        }
        Ok(())
    }

    /// A parameter; `name*=UTF-8''...` is percent-encoded (RFC 8187).
    fn disposition(&mut self, name: &[u8], text: Vec<u8>) {
        let text = match name {
            [_, .., b'*'] => {
                let encoded = text.splitn(3, |&b| b == b'\'').last().unwrap_or(&text);
                let mut decoded = Vec::with_capacity(encoded.len());
                percent_into(encoded, false, &mut decoded);
                decoded
            }
            _ => text,
        };
        if name.eq_ignore_ascii_case(b"name") && self.name.is_empty() {
            self.name.clone_from(&text);
        }
        if !text.is_empty() {
            self.values.push(text);
        }
    }

    fn hand_on(
        &self,
        depth: usize,
        limits: &Limits,
        sink: &mut dyn Sink,
    ) -> Result<(), ExtractError> {
        let location = Location::Multipart {
            index: self.index,
            name: &self.name,
        };
        for value in &self.values {
            sink.field(Field::name(location, value));
        }
        let media_type = self.media_type.as_deref().unwrap_or_default();
        let decoded = match self.encoding {
            Encoding::None => None,
            Encoding::Base64 => base64::decode(self.content),
            Encoding::QuotedPrintable => Some(quoted_printable(self.content)),
        };
        // Whoever ignores the encoding reads it as it is.
        if decoded.is_some() || !matches!(self.encoding, Encoding::None) {
            sink.field(Field::value(location, self.content));
        }
        let content = decoded.as_deref().unwrap_or(self.content);
        if content.is_empty() {
            return Ok(());
        }
        if content.len() > limits.text_bytes {
            return Err(ExtractError::TooLarge);
        }
        // Without a type of its own a part is text (RFC 7578 section 4.4), whatever it looks like.
        let declared = MediaType::parse(media_type)?.is_structured();
        if !declared {
            sink.field(Field::value(location, content));
        }
        let kind = if media_type.is_empty() {
            b"text/plain"
        } else {
            media_type
        };
        let mut within = Within {
            outer: &location,
            sink: &mut *sink,
        };
        match body::structured(kind, content, depth.saturating_add(1), limits, &mut within) {
            // A file that is not what its type says: text, for whoever reads it so.
            Ok(None) | Err(ExtractError::MalformedJson | ExtractError::MalformedXml) => {
                if declared {
                    sink.field(Field::value(location, content));
                }
                Ok(())
            }
            Ok(Some(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Lines by one kind of line end.
struct Lines<'l> {
    rest: &'l [u8],
    line_end: &'l [u8],
}

impl<'l> Iterator for Lines<'l> {
    type Item = &'l [u8];

    fn next(&mut self) -> Option<&'l [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = find(self.rest, self.line_end).unwrap_or(self.rest.len());
        let (line, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest.get(self.line_end.len()..).unwrap_or_default();
        Some(line)
    }
}

/// `=XX` and soft line breaks undone; what is neither stays.
fn quoted_printable(text: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| {
        (byte as char)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return out,
            [b'=', b'\r', b'\n', next @ ..] | [b'=', b'\n', next @ ..] => next,
            [b'=', high, low, next @ ..] => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    out.push((high << 4) | low);
                    next
                }
                _ => {
                    out.push(b'=');
                    rest.get(1..).unwrap_or_default()
                }
            },
            [byte, next @ ..] => {
                out.push(*byte);
                next
            }
        };
    }
}

/// The first place of `needle`. At most `MAX_BOUNDARY_BYTES` comparisons a byte.
fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

/// Whether a byte may stand in a field name (RFC 9110 section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
