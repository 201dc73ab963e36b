//! A media type and the parameters that matter.

use super::ExtractError;

/// A media type, lower case.
#[derive(Debug, Default)]
pub(super) struct MediaType {
    pub(super) essence: Vec<u8>,
    /// Lower case.
    pub(super) charset: Option<Vec<u8>>,
    /// The boundary of a multipart type, case kept.
    pub(super) boundary: Option<Vec<u8>>,
}

impl MediaType {
    /// Reads a `Content-Type` value. A quoted parameter may contain semicolons.
    ///
    /// # Errors
    /// A character set or boundary that is written twice and differs: readers choose differently.
    pub(super) fn parse(value: &[u8]) -> Result<Self, ExtractError> {
        let end = position(value, b';').unwrap_or(value.len());
        let (essence, mut rest) = value.split_at_checked(end).unwrap_or((value, &[]));
        let essence = essence.trim_ascii().to_ascii_lowercase();
        let (mut charset, mut boundary) = (None, None);
        while let Some((name, text, next)) = parameter(rest) {
            rest = next;
            if name.eq_ignore_ascii_case(b"charset") {
                set(&mut charset, text.to_ascii_lowercase())
                    .ok_or(ExtractError::UnsupportedCharset)?;
            } else if name.eq_ignore_ascii_case(b"boundary") {
                set(&mut boundary, text).ok_or(ExtractError::MalformedMultipart)?;
            }
        }
        Ok(Self {
            essence,
            charset,
            boundary,
        })
    }

    pub(super) fn is_json(&self) -> bool {
        matches!(self.essence.as_slice(), b"application/json" | b"text/json")
            || self.essence.ends_with(b"+json")
    }

    pub(super) fn is_json_lines(&self) -> bool {
        matches!(
            self.essence.as_slice(),
            b"application/x-ndjson"
                | b"application/ndjson"
                | b"application/jsonl"
                | b"application/x-jsonlines"
                | b"application/json-seq"
        )
    }

    pub(super) fn is_xml(&self) -> bool {
        matches!(self.essence.as_slice(), b"application/xml" | b"text/xml")
            || self.essence.ends_with(b"+xml")
    }

    pub(super) fn is_form(&self) -> bool {
        self.essence == b"application/x-www-form-urlencoded"
    }

    /// Whether the type says that there is more than text.
    pub(super) fn is_structured(&self) -> bool {
        self.is_json()
            || self.is_json_lines()
            || self.is_xml()
            || self.is_form()
            || self.is_multipart()
            || self.is_graphql()
    }

    pub(super) fn is_graphql(&self) -> bool {
        self.essence == b"application/graphql"
    }

    pub(super) fn is_multipart(&self) -> bool {
        self.essence.starts_with(b"multipart/")
    }
}

/// The next `; name=value`, and what follows it.
pub(super) fn parameter(rest: &[u8]) -> Option<(&[u8], Vec<u8>, &[u8])> {
    let mut rest = rest;
    loop {
        let after = rest.get(position(rest, b';')?.saturating_add(1)..)?;
        let end = after
            .iter()
            .take_while(|&&b| b != b'=' && b != b';')
            .count();
        let (name, next) = after.split_at_checked(end)?;
        let [b'=', value @ ..] = next else {
            rest = next;
            continue;
        };
        let mut text = Vec::new();
        let next = match value.trim_ascii_start() {
            [b'"', quoted @ ..] => unquote(quoted, &mut text),
            _ => {
                let end = position(value, b';').unwrap_or(value.len());
                let (token, next) = value.split_at_checked(end)?;
                text.extend_from_slice(token.trim_ascii());
                next
            }
        };
        return Some((name.trim_ascii(), text, next));
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

fn set(place: &mut Option<Vec<u8>>, value: Vec<u8>) -> Option<()> {
    match place {
        Some(earlier) if *earlier != value => None,
        _ => {
            *place = Some(value);
            Some(())
        }
    }
}

fn position(bytes: &[u8], wanted: u8) -> Option<usize> {
    bytes.iter().position(|&b| b == wanted)
}
