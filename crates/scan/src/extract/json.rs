//! A streaming JSON reader (RFC 8259): every key and leaf in order, nothing built in memory.
//!
//! Unlike a parser for applications it keeps what those throw away: both values of a repeated
//! key, numbers as text whatever their size, lone surrogates (as U+FFFD). It is as strict about
//! everything else: what follows the document, control characters in strings, leading zeros.

mod keys;
mod text;

use super::inside::Within;
use super::{ExtractError, graphql};
use crate::field::Frame;
use crate::{Class, Field, JsonPath, Limits, Location, Part, Sink, Structure};
use keys::Keys;

/// Hands on every key and every leaf of one JSON document; a byte order mark is skipped. Where a
/// member `query` is a GraphQL document, its strings and comments are handed on in its place.
///
/// # Errors
/// The first fault; fields before it have been handed on.
pub fn json(body: &[u8], limits: &Limits, sink: &mut impl Sink) -> Result<(), ExtractError> {
    let mut reader = Reader::new(body, limits, document_location)?;
    reader.document(sink)?;
    reader.end()
}

/// As [`json`], for the claims of a token: the fields say so in their location.
///
/// # Errors
/// The first fault.
pub fn claims(body: &[u8], limits: &Limits, sink: &mut impl Sink) -> Result<(), ExtractError> {
    let mut reader = Reader::new(body, limits, claim_location)?;
    reader.document(sink)?;
    reader.end()
}

/// As [`json`], for documents one after the other with white space, or the record separators of
/// RFC 7464, between them.
pub(super) fn lines(
    body: &[u8],
    limits: &Limits,
    sink: &mut impl Sink,
) -> Result<(), ExtractError> {
    let mut reader = Reader::new(body, limits, document_location)?;
    loop {
        while reader.end().is_err() && reader.peek() == Some(RECORD_SEPARATOR) {
            reader.bump();
        }
        if reader.end().is_ok() {
            return Ok(());
        }
        reader.document(sink)?;
    }
}

const RECORD_SEPARATOR: u8 = 0x1E;

fn document_location(path: JsonPath<'_>) -> Location<'_> {
    Location::Json(path)
}

fn claim_location(path: JsonPath<'_>) -> Location<'_> {
    Location::Claim(path)
}

struct Reader<'b> {
    body: &'b [u8],
    at: usize,
    frames: Vec<Frame>,
    keys: Keys,
    elements: usize,
    /// GraphQL documents so far.
    documents: usize,
    /// Where strings with escapes are unescaped.
    buffer: Vec<u8>,
    limits: &'b Limits,
    location: fn(JsonPath<'_>) -> Location<'_>,
}

/// What the grammar allows next.
enum Next {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    After,
}

impl<'b> Reader<'b> {
    fn new(
        body: &'b [u8],
        limits: &'b Limits,
        location: fn(JsonPath<'_>) -> Location<'_>,
    ) -> Result<Self, ExtractError> {
        core::str::from_utf8(body).map_err(|_| ExtractError::InvalidUtf8)?;
        let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
        let (frames, buffer) = (Vec::new(), Vec::new());
        Ok(Self {
            body,
            at: 0,
            frames,
            keys: Keys::default(),
            elements: 0,
            documents: 0,
            buffer,
            limits,
            location,
        })
    }

    /// One document. No recursion: the open containers are on a heap stack that `json_depth`
    /// bounds.
    fn document(&mut self, sink: &mut impl Sink) -> Result<(), ExtractError> {
        let mut next = Next::Value;
        loop {
            self.skip_space();
            next = match next {
                Next::Value => self.value(sink)?,
                Next::ValueOrEnd if self.peek() == Some(b']') => self.close()?,
                Next::ValueOrEnd => {
                    self.count_element()?;
                    self.value(sink)?
                }
                Next::KeyOrEnd if self.peek() == Some(b'}') => self.close()?,
                Next::Key | Next::KeyOrEnd => self.key(sink)?,
                Next::After if self.frames.is_empty() => return Ok(()),
                Next::After => self.after()?,
            };
        }
    }

    /// Whether only white space is left.
    fn end(&mut self) -> Result<(), ExtractError> {
        self.skip_space();
        if self.at >= self.body.len() {
            Ok(())
        } else {
            Err(ExtractError::MalformedJson)
        }
    }

    fn value(&mut self, sink: &mut impl Sink) -> Result<Next, ExtractError> {
        match self.peek() {
            Some(b'{') => {
                self.open(Frame::Object {
                    key_start: 0,
                    key_end: 0,
                    first_key: self.keys.open(),
                })?;
                Ok(Next::KeyOrEnd)
            }
            Some(b'[') => {
                self.open(Frame::Array { index: 0 })?;
                Ok(Next::ValueOrEnd)
            }
            Some(b'"') => {
                let (start, end) = self.string()?;
                self.emit(start, end, true, sink, Part::Value)?;
                Ok(Next::After)
            }
            Some(_) => {
                let start = self.at;
                let length = text::scalar(self.rest()).ok_or(ExtractError::MalformedJson)?;
                self.at = start.saturating_add(length);
                self.emit(start, self.at, false, sink, Part::Value)?;
                Ok(Next::After)
            }
            None => Err(ExtractError::MalformedJson),
        }
    }

    fn key(&mut self, sink: &mut impl Sink) -> Result<Next, ExtractError> {
        if self.keys.seen() >= self.limits.json_keys {
            return Err(ExtractError::TooLarge);
        }
        let (start, end) = self.string()?;
        if let Some(Frame::Object {
            key_start, key_end, ..
        }) = self.frames.last_mut()
        {
            (*key_start, *key_end) = (start, end);
        }
        self.emit(start, end, true, sink, Part::Name)?;
        self.skip_space();
        self.expect(b':')?;
        Ok(Next::Value)
    }

    fn after(&mut self) -> Result<Next, ExtractError> {
        match (self.peek(), self.frames.last_mut()) {
            (Some(b','), Some(Frame::Object { .. })) => {
                self.bump();
                Ok(Next::Key)
            }
            (Some(b','), Some(Frame::Array { index })) => {
                *index = index.saturating_add(1);
                self.bump();
                self.count_element()?;
                Ok(Next::Value)
            }
            (Some(b'}'), Some(Frame::Object { .. })) | (Some(b']'), Some(Frame::Array { .. })) => {
                self.close()
            }
            _ => Err(ExtractError::MalformedJson),
        }
    }

    /// Hands on the raw text from `start` to `end`, unescaped when it is a string with escapes.
    fn emit(
        &mut self,
        start: usize,
        end: usize,
        is_string: bool,
        sink: &mut impl Sink,
        part: Part,
    ) -> Result<(), ExtractError> {
        let raw = self.body.get(start..end).unwrap_or_default();
        let longest = if is_string {
            self.limits.string_bytes
        } else {
            self.limits.number_bytes
        };
        if raw.len() > longest {
            return Err(ExtractError::TooLarge);
        }
        let value = if is_string && raw.contains(&b'\\') {
            self.buffer.clear();
            text::unescape(raw, &mut self.buffer).ok_or(ExtractError::MalformedJson)?;
            self.buffer.as_slice()
        } else {
            raw
        };
        let path = JsonPath {
            body: self.body,
            frames: &self.frames,
        };
        let location = (self.location)(path);
        match part {
            Part::Name => self.keys.add(value),
            Part::Value if is_string && path.last_key() == Some(b"query") => {
                let mut within = Within {
                    outer: &location,
                    sink: &mut *sink,
                };
                if graphql::document(value, self.limits, &mut within)? {
                    self.documents = self.documents.saturating_add(1);
                    if self.documents > self.limits.graphql_batch {
                        let (class, rule) = (Class::Graphql, "graphql-batch");
                        sink.structure(Structure { class, rule }, location);
                    }
                    return Ok(());
                }
            }
            Part::Value => {}
        }
        sink.field(Field {
            location,
            part,
            value,
        });
        Ok(())
    }

    /// The bounds of a string's raw text; the reader is left behind the closing quote.
    fn string(&mut self) -> Result<(usize, usize), ExtractError> {
        self.expect(b'"')?;
        let start = self.at;
        let length = text::string_length(self.rest()).ok_or(ExtractError::MalformedJson)?;
        let end = start.saturating_add(length);
        self.at = end.saturating_add(1);
        Ok((start, end))
    }

    fn open(&mut self, frame: Frame) -> Result<(), ExtractError> {
        if self.frames.len() >= self.limits.json_depth {
            return Err(ExtractError::TooDeep);
        }
        self.bump();
        self.frames.push(frame);
        Ok(())
    }

    fn close(&mut self) -> Result<Next, ExtractError> {
        self.bump();
        match self.frames.pop() {
            Some(Frame::Object { first_key, .. }) => {
                let repeated = self.keys.close(first_key);
                if repeated && !self.limits.duplicate_keys {
                    return Err(ExtractError::DuplicateKey);
                }
                Ok(Next::After)
            }
            Some(Frame::Array { .. }) => Ok(Next::After),
            None => Err(ExtractError::MalformedJson),
        }
    }

    fn count_element(&mut self) -> Result<(), ExtractError> {
        self.elements = self.elements.saturating_add(1);
        if self.elements > self.limits.json_elements {
            return Err(ExtractError::TooLarge);
        }
        Ok(())
    }

    fn expect(&mut self, byte: u8) -> Result<(), ExtractError> {
        if self.peek() != Some(byte) {
            return Err(ExtractError::MalformedJson);
        }
        self.bump();
        Ok(())
    }

    fn rest(&self) -> &'b [u8] {
        self.body.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.body.get(self.at).copied()
    }

    fn bump(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.bump();
        }
    }
}
