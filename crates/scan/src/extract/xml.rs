//! A streaming XML reader (XML 1.0, fifth edition): element and attribute names, attribute values,
//! text, comments and processing instructions, nothing built in memory.
//!
//! It expands character references and the five predefined entities and no other. A document type
//! declaration is a finding of its own: what it declares is skipped, and never fetched or expanded.

mod cursor;

use super::{ExtractError, charset};
use crate::field::Span;
use crate::{Class, Field, Limits, Location, Part, Sink, Structure, XmlPath};

use cursor::{Cursor, is_name, references_into};

/// Hands on the names and values of one document, which is UTF-8 already.
///
/// # Errors
/// The first fault; fields before it have been handed on.
pub(super) fn xml(body: &[u8], limits: &Limits, sink: &mut impl Sink) -> Result<(), ExtractError> {
    if core::str::from_utf8(body).is_err() {
        return Err(ExtractError::MalformedCharset);
    }
    Reader {
        cursor: Cursor::new(body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body)),
        open: Vec::new(),
        attributes: Vec::new(),
        text: Text::default(),
        names: 0,
        root_seen: false,
        doctype_seen: false,
        limits,
    }
    .document(sink)
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

struct Reader<'b> {
    cursor: Cursor<'b>,
    /// Names of the open elements.
    open: Vec<Span>,
    /// Names of the attributes of the current tag.
    attributes: Vec<Span>,
    text: Text,
    names: usize,
    root_seen: bool,
    doctype_seen: bool,
    limits: &'b Limits,
}

/// Character data up to the next tag: one run of the body as long as that suffices.
#[derive(Default)]
struct Text {
    run: Option<Span>,
    buffer: Vec<u8>,
    joined: bool,
}

impl<'b> Reader<'b> {
    fn document(mut self, sink: &mut impl Sink) -> Result<(), ExtractError> {
        if self.cursor.rest().starts_with(b"<?xml")
            && self
                .cursor
                .rest()
                .get(5)
                .is_some_and(u8::is_ascii_whitespace)
        {
            self.declaration()?;
        }
        while let Some(byte) = self.cursor.peek() {
            if byte != b'<' {
                self.character_data()?;
                continue;
            }
            match self.cursor.rest() {
                [b'<', b'!', b'-', b'-', ..] => {
                    self.cursor.skip(4);
                    let comment = self.cursor.until(b"-->")?;
                    self.emit(comment, Part::Value, None, sink)?;
                }
                [b'<', b'!', b'[', b'C', b'D', b'A', b'T', b'A', b'[', ..] => {
                    self.cursor.skip(9);
                    let run = self.cursor.until(b"]]>")?;
                    self.add(run, false)?;
                }
                [b'<', b'!', ..] => self.doctype(sink)?,
                [b'<', b'?', ..] => {
                    self.cursor.skip(2);
                    let instruction = self.cursor.until(b"?>")?;
                    self.emit(instruction, Part::Value, None, sink)?;
                }
                [b'<', b'/', ..] => {
                    self.flush(sink)?;
                    self.end_tag()?;
                }
                _ => {
                    self.flush(sink)?;
                    self.start_tag(sink)?;
                }
            }
        }
        if self.open.is_empty() && self.root_seen {
            Ok(())
        } else {
            Err(ExtractError::MalformedXml)
        }
    }

    /// `<?xml version="1.0" encoding="..."?>`: the encoding must be one we are not fooled by.
    fn declaration(&mut self) -> Result<(), ExtractError> {
        let span = self.cursor.until(b"?>")?;
        let text = self.cursor.bytes(span).to_ascii_lowercase();
        let Some(at) = text.windows(8).position(|window| window == b"encoding") else {
            return Ok(());
        };
        let value = text.get(at.saturating_add(8)..).unwrap_or_default();
        let value: Vec<u8> = value
            .iter()
            .copied()
            .filter(|b| !b.is_ascii_whitespace())
            .skip_while(|b| matches!(b, b'=' | b'"' | b'\''))
            .take_while(|b| !matches!(b, b'"' | b'\''))
            .collect();
        // Transcoded text still says what it was.
        if charset::is_ascii_compatible(&value) || charset::is_wide(&value) {
            Ok(())
        } else {
            Err(ExtractError::UnsupportedCharset)
        }
    }

    /// Reported, and skipped with its internal subset.
    fn doctype(&mut self, sink: &mut impl Sink) -> Result<(), ExtractError> {
        let is_one = self
            .cursor
            .rest()
            .get(..9)
            .is_some_and(|start| start.eq_ignore_ascii_case(b"<!doctype"));
        if !is_one || self.root_seen || self.doctype_seen {
            return Err(ExtractError::MalformedXml);
        }
        self.doctype_seen = true;
        let (class, rule) = (Class::Xxe, "xml-doctype");
        sink.structure(Structure { class, rule }, Location::Xml(self.path(None)));
        let span = self.cursor.declaration()?;
        self.emit(span, Part::Value, None, sink)
    }

    fn start_tag(&mut self, sink: &mut impl Sink) -> Result<(), ExtractError> {
        if self.open.is_empty() && self.root_seen {
            return Err(ExtractError::MalformedXml);
        }
        self.root_seen = true;
        self.cursor.skip(1);
        let name = self.name()?;
        self.emit(name, Part::Name, None, sink)?;
        if self.open.len() >= self.limits.json_depth {
            return Err(ExtractError::TooDeep);
        }
        self.open.push(name);
        self.attributes.clear();
        loop {
            let spaced = self.cursor.skip_space();
            match self.cursor.rest() {
                [b'>', ..] => {
                    self.cursor.skip(1);
                    return Ok(());
                }
                [b'/', b'>', ..] => {
                    self.cursor.skip(2);
                    self.open.pop();
                    return Ok(());
                }
                _ if spaced => self.attribute(sink)?,
                _ => return Err(ExtractError::MalformedXml),
            }
        }
    }

    fn attribute(&mut self, sink: &mut impl Sink) -> Result<(), ExtractError> {
        let name = self.name()?;
        let bytes = self.cursor.bytes(name);
        if self.attributes.len() >= self.limits.xml_attributes {
            return Err(ExtractError::TooLarge);
        }
        if self
            .attributes
            .iter()
            .any(|other| self.cursor.bytes(*other) == bytes)
        {
            return Err(ExtractError::MalformedXml);
        }
        self.attributes.push(name);
        self.emit(name, Part::Name, None, sink)?;
        self.cursor.skip_space();
        self.cursor.expect(b'=')?;
        self.cursor.skip_space();
        let value = self.cursor.quoted()?;
        if self.cursor.bytes(value).contains(&b'<') {
            return Err(ExtractError::MalformedXml);
        }
        self.emit_text(value, Some(name), sink)
    }

    fn end_tag(&mut self) -> Result<(), ExtractError> {
        self.cursor.skip(2);
        let name = self.cursor.name()?;
        let open = self.open.pop().ok_or(ExtractError::MalformedXml)?;
        if self.cursor.bytes(name) != self.cursor.bytes(open) {
            return Err(ExtractError::MalformedXml);
        }
        self.cursor.skip_space();
        self.cursor.expect(b'>')
    }

    fn name(&mut self) -> Result<Span, ExtractError> {
        self.names = self.names.saturating_add(1);
        if self.names > self.limits.json_keys {
            return Err(ExtractError::TooLarge);
        }
        self.cursor.name()
    }

    fn character_data(&mut self) -> Result<(), ExtractError> {
        let run = self.cursor.until_tag();
        if self.open.is_empty() {
            let blank = self.cursor.bytes(run).iter().all(u8::is_ascii_whitespace);
            return if blank {
                Ok(())
            } else {
                Err(ExtractError::MalformedXml)
            };
        }
        self.add(run, true)
    }

    /// Adds a run of character data; `references` are expanded in text and not in CDATA.
    fn add(&mut self, run: Span, references: bool) -> Result<(), ExtractError> {
        if self.open.is_empty() {
            return Err(ExtractError::MalformedXml);
        }
        let bytes = self.cursor.bytes(run);
        let plain = !references || !bytes.contains(&b'&');
        match self.text.run {
            None if !self.text.joined && plain => {
                self.text.run = Some(run);
                return Ok(());
            }
            Some(first) => {
                self.text.buffer.extend_from_slice(self.cursor.bytes(first));
                self.text.run = None;
            }
            None => {}
        }
        self.text.joined = true;
        if references {
            references_into(bytes, self.doctype_seen, &mut self.text.buffer)
        } else {
            self.text.buffer.extend_from_slice(bytes);
            Ok(())
        }
    }

    /// Hands on the text read since the last tag.
    fn flush(&mut self, sink: &mut impl Sink) -> Result<(), ExtractError> {
        let mut buffer = core::mem::take(&mut self.text.buffer);
        let value = match self.text.run.take() {
            Some(run) => self.cursor.bytes(run),
            None => buffer.as_slice(),
        };
        self.hand_on(value, Part::Value, None, sink)?;
        buffer.clear();
        self.text = Text {
            buffer,
            ..Text::default()
        };
        Ok(())
    }

    fn emit_text(
        &mut self,
        span: Span,
        attribute: Option<Span>,
        sink: &mut impl Sink,
    ) -> Result<(), ExtractError> {
        let bytes = self.cursor.bytes(span);
        if !bytes.contains(&b'&') {
            return self.hand_on(bytes, Part::Value, attribute, sink);
        }
        let mut buffer = core::mem::take(&mut self.text.buffer);
        references_into(bytes, self.doctype_seen, &mut buffer)?;
        self.hand_on(&buffer, Part::Value, attribute, sink)?;
        buffer.clear();
        self.text.buffer = buffer;
        Ok(())
    }

    fn emit(
        &self,
        span: Span,
        part: Part,
        attribute: Option<Span>,
        sink: &mut impl Sink,
    ) -> Result<(), ExtractError> {
        self.hand_on(self.cursor.bytes(span), part, attribute, sink)
    }

    fn hand_on(
        &self,
        value: &[u8],
        part: Part,
        attribute: Option<Span>,
        sink: &mut impl Sink,
    ) -> Result<(), ExtractError> {
        if value.len() > self.limits.string_bytes {
            return Err(ExtractError::TooLarge);
        }
        if part == Part::Value && value.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        let location = Location::Xml(self.path(attribute));
        sink.field(Field {
            location,
            part,
            value,
        });
        Ok(())
    }

    fn path(&self, attribute: Option<Span>) -> XmlPath<'_> {
        XmlPath {
            body: self.cursor.body(),
            elements: &self.open,
            attribute,
        }
    }
}

/// Whether a body starts as XML does: a declaration, or a tag with a name.
pub(super) fn looks_like_xml(body: &[u8]) -> bool {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    match body.trim_ascii_start() {
        [b'<', b'?', b'x', b'm', b'l', ..] => true,
        [b'<', b'!', b'D' | b'd' | b'-', ..] => true,
        [b'<', first, ..] => is_name(*first) && !first.is_ascii_digit(),
        _ => false,
    }
}
