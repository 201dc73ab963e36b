//! A value and where it was found.

/// One decoded value on its way to the detectors.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// Where it is.
    pub location: Location<'a>,
    /// Whether it is the value there or the name itself.
    pub part: Part,
    /// The bytes, with the escapes of their container undone once.
    pub value: &'a [u8],
}

impl<'a> Field<'a> {
    /// The value at a location.
    pub fn value(location: Location<'a>, value: &'a [u8]) -> Self {
        Self {
            location,
            part: Part::Value,
            value,
        }
    }

    /// The name that a location has.
    pub fn name(location: Location<'a>, name: &'a [u8]) -> Self {
        Self {
            location,
            part: Part::Name,
            value: name,
        }
    }
}

/// Which half of a name and value pair a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A key or parameter name: attackers choose those too.
    Name,
    /// A value.
    Value,
}

/// Where a field was found; borrowed, and turned into text only for a finding.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Location<'a> {
    /// A segment of the path, counted from 0.
    PathSegment(usize),
    /// A query parameter, by its decoded name.
    Query(&'a [u8]),
    /// A header field, by name.
    Header(&'a [u8]),
    /// A cookie, by name.
    Cookie(&'a [u8]),
    /// A form field of an urlencoded body, by its decoded name.
    Form(&'a [u8]),
    /// A part of a multipart body, counted from 0.
    Multipart(usize),
    /// A member or element of a JSON body.
    Json(JsonPath<'a>),
    /// A claim of a token: a member of its JSON.
    Claim(JsonPath<'a>),
    /// A body without structure we know.
    Text,
}

/// The place of a JSON value: the open containers around it.
#[derive(Debug, Clone, Copy)]
pub struct JsonPath<'a> {
    pub(crate) body: &'a [u8],
    pub(crate) frames: &'a [Frame],
}

/// One open JSON container and the place inside it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Frame {
    /// An object, and where in the body the current key's raw bytes are.
    Object { key_start: usize, key_end: usize },
    /// An array, and the current index.
    Array { index: usize },
}

impl JsonPath<'_> {
    /// The place to report: a key that is itself the finding is not spelled out.
    pub(crate) fn of(self, part: Part) -> Self {
        match (part, self.frames.split_last()) {
            (Part::Name, Some((_, frames))) => Self { frames, ..self },
            _ => self,
        }
    }

    /// The RFC 6901 pointer, escapes in keys left as sent; empty for the whole document.
    pub fn pointer(&self) -> String {
        let mut pointer = String::new();
        for frame in self.frames {
            pointer.push('/');
            match frame {
                Frame::Array { index } => pointer.push_str(&index.to_string()),
                Frame::Object { key_start, key_end } => {
                    let key = self.body.get(*key_start..*key_end).unwrap_or_default();
                    let key = String::from_utf8_lossy(key);
                    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                }
            }
        }
        pointer
    }
}

/// Takes fields as extraction finds them.
pub trait Sink {
    /// One field; what it borrows is gone afterwards.
    fn field(&mut self, field: Field<'_>);
}

impl<F: FnMut(Field<'_>)> Sink for F {
    fn field(&mut self, field: Field<'_>) {
        self(field);
    }
}
