//! The bytes of a document and a place in them.

use crate::extract::ExtractError;
use crate::field::Span;

/// Longest reference between `&` and `;`: `#x10FFFF` and leading zeros.
const MAX_REFERENCE_BYTES: usize = 32;

/// A place in a document. Every method moves forward only.
pub(super) struct Cursor<'b> {
    body: &'b [u8],
    at: usize,
}

impl<'b> Cursor<'b> {
    pub(super) fn new(body: &'b [u8]) -> Self {
        Self { body, at: 0 }
    }

    pub(super) fn body(&self) -> &'b [u8] {
        self.body
    }

    pub(super) fn rest(&self) -> &'b [u8] {
        self.body.get(self.at..).unwrap_or_default()
    }

    pub(super) fn bytes(&self, span: Span) -> &'b [u8] {
        self.body.get(span.start..span.end).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.body.get(self.at).copied()
    }

    pub(super) fn skip(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes).min(self.body.len());
    }

    /// Whether there was any.
    pub(super) fn skip_space(&mut self) -> bool {
        let start = self.at;
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.skip(1);
        }
        self.at > start
    }

    pub(super) fn expect(&mut self, byte: u8) -> Result<(), ExtractError> {
        if self.peek() != Some(byte) {
            return Err(ExtractError::MalformedXml);
        }
        self.skip(1);
        Ok(())
    }

    /// What is before the end mark; the cursor is left behind it.
    pub(super) fn until(&mut self, end: &[u8]) -> Result<Span, ExtractError> {
        let start = self.at;
        let rest = self.rest();
        let length = rest
            .windows(end.len())
            .position(|window| window == end)
            .ok_or(ExtractError::MalformedXml)?;
        self.skip(length.saturating_add(end.len()));
        Ok(Span::new(start, start.saturating_add(length)))
    }

    /// Character data: up to the next `<` or the end.
    pub(super) fn until_tag(&mut self) -> Span {
        let start = self.at;
        let rest = self.rest();
        let length = rest.iter().position(|&b| b == b'<').unwrap_or(rest.len());
        self.skip(length);
        Span::new(start, self.at)
    }

    pub(super) fn name(&mut self) -> Result<Span, ExtractError> {
        let start = self.at;
        let length = self.rest().iter().take_while(|&&b| is_name(b)).count();
        let starts = self
            .peek()
            .is_some_and(|b| is_name(b) && !b.is_ascii_digit() && !matches!(b, b'-' | b'.'));
        if !starts {
            return Err(ExtractError::MalformedXml);
        }
        self.skip(length);
        Ok(Span::new(start, self.at))
    }

    /// An attribute value, without its quotes.
    pub(super) fn quoted(&mut self) -> Result<Span, ExtractError> {
        let quote = self.peek().filter(|b| matches!(b, b'"' | b'\''));
        let quote = quote.ok_or(ExtractError::MalformedXml)?;
        self.skip(1);
        let start = self.at;
        let length = self.rest().iter().position(|&b| b == quote);
        self.skip(length.ok_or(ExtractError::MalformedXml)?);
        let span = Span::new(start, self.at);
        self.skip(1);
        Ok(span)
    }

    /// A `<!...>` with its internal subset: to the `>` outside of brackets, quotes and comments.
    pub(super) fn declaration(&mut self) -> Result<Span, ExtractError> {
        let start = self.at;
        let mut inside = false;
        self.skip(2);
        loop {
            match self.rest() {
                [] => return Err(ExtractError::MalformedXml),
                [b'<', b'!', b'-', b'-', ..] => {
                    self.skip(4);
                    self.until(b"-->")?;
                }
                [b'"' | b'\'', ..] => {
                    self.quoted()?;
                }
                [b'>', ..] if !inside => {
                    self.skip(1);
                    return Ok(Span::new(start, self.at));
                }
                [byte, ..] => {
                    inside = match byte {
                        b'[' => true,
                        b']' => false,
                        _ => inside,
                    };
                    self.skip(1);
                }
            }
        }
    }
}

/// A byte of a name; what is not ASCII is taken as one.
pub(super) fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'-' | b'.') || byte >= 0x80
}

/// Copies text with its references expanded once.
///
/// # Errors
/// An entity that nobody declared; with a document type (`declared`) it stays as it is written.
pub(super) fn references_into(
    text: &[u8],
    declared: bool,
    out: &mut Vec<u8>,
) -> Result<(), ExtractError> {
    let mut pieces = text.split(|&b| b == b'&');
    out.extend_from_slice(pieces.next().unwrap_or_default());
    for piece in pieces {
        let end = piece
            .iter()
            .take(MAX_REFERENCE_BYTES)
            .position(|&b| b == b';');
        let (name, rest) = end
            .and_then(|end| piece.split_at_checked(end))
            .ok_or(ExtractError::MalformedXml)?;
        let rest = rest.get(1..).unwrap_or_default();
        match character(name) {
            Some(character) => {
                let mut utf8 = [0; 4];
                out.extend_from_slice(character.encode_utf8(&mut utf8).as_bytes());
            }
            None if declared && name.first().is_some_and(|b| *b != b'#') => {
                out.push(b'&');
                out.extend_from_slice(name);
                out.push(b';');
            }
            None => return Err(ExtractError::MalformedXml),
        }
        out.extend_from_slice(rest);
    }
    Ok(())
}

fn character(name: &[u8]) -> Option<char> {
    let number = |digits: &[u8], radix| {
        let text = core::str::from_utf8(digits).ok()?;
        let plain = !text.is_empty() && !text.starts_with('+');
        char::from_u32(u32::from_str_radix(text, radix).ok().filter(|_| plain)?)
    };
    match name {
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"amp" => Some('&'),
        b"apos" => Some('\''),
        b"quot" => Some('"'),
        [b'#', b'x', digits @ ..] => number(digits, 16),
        [b'#', digits @ ..] => number(digits, 10),
        _ => None,
    }
}
