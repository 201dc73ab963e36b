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
    /// A part of a multipart body, counted from 0, and the field name it gives itself.
    Multipart {
        /// Its place.
        index: usize,
        /// Its `name` parameter, or nothing.
        name: &'a [u8],
    },
    /// A member or element of a JSON body.
    Json(JsonPath<'a>),
    /// An element or attribute of an XML body.
    Xml(XmlPath<'a>),
    /// An argument, variable or input field of a GraphQL document, by name; a comment has none.
    Graphql(&'a [u8]),
    /// A claim of a token: a member of its JSON.
    Claim(JsonPath<'a>),
    /// A place inside a value that is a container itself.
    Inside {
        /// Where that value is.
        outer: &'a Location<'a>,
        /// The place in it.
        inner: &'a Location<'a>,
    },
    /// A body without structure we know.
    Text,
}

impl<'a> Location<'a> {
    /// How many containers this is inside of, beyond the first.
    pub(crate) fn nesting(&self) -> usize {
        match self {
            Location::Inside { outer, inner } => outer
                .nesting()
                .saturating_add(inner.nesting())
                .saturating_add(1),
            _ => 0,
        }
    }

    /// The place in the container that the value is in directly.
    pub(crate) fn innermost(self) -> Location<'a> {
        let mut here = self;
        while let Location::Inside { inner, .. } = here {
            here = *inner;
        }
        here
    }
}

/// A range of bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

/// The place of a value in XML: the names of the open elements, and of the attribute.
#[derive(Debug, Clone, Copy)]
pub struct XmlPath<'a> {
    pub(crate) body: &'a [u8],
    pub(crate) elements: &'a [Span],
    pub(crate) attribute: Option<Span>,
}

impl XmlPath<'_> {
    /// `/order/line/@id`, names as written.
    pub fn path(&self) -> String {
        let mut path = String::new();
        for (mark, span) in self
            .elements
            .iter()
            .map(|span| ("/", *span))
            .chain(self.attribute.map(|span| ("/@", span)))
        {
            let name = self.body.get(span.start..span.end).unwrap_or_default();
            path.push_str(mark);
            path.push_str(&String::from_utf8_lossy(name));
        }
        path
    }
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
    Object {
        key_start: usize,
        key_end: usize,
        /// Where its keys begin among those of all open objects.
        first_key: usize,
    },
    /// An array, and the current index.
    Array { index: usize },
}

impl<'a> JsonPath<'a> {
    /// The raw text of the innermost key, when the value is a member.
    pub(crate) fn last_key(&self) -> Option<&'a [u8]> {
        match self.frames.last()? {
            Frame::Object {
                key_start, key_end, ..
            } => self.body.get(*key_start..*key_end),
            Frame::Array { .. } => None,
        }
    }

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
                Frame::Object {
                    key_start, key_end, ..
                } => {
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

    /// Something about the shape of a container that is a finding, whatever its values are.
    fn structure(&mut self, structure: Structure, location: Location<'_>) {
        let _ = (structure, location);
    }
}

/// A finding about a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Structure {
    /// What it is for.
    pub class: crate::Class,
    /// What was seen, a stable kebab-case name.
    pub rule: &'static str,
}

impl<F: FnMut(Field<'_>)> Sink for F {
    fn field(&mut self, field: Field<'_>) {
        self(field);
    }
}
