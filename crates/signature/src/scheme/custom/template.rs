//! The template of a signed text: parsed once, and refused when a text could be read in two ways.

use core::fmt;

use crate::limits::MAX_PARAM_BYTES;
use crate::scheme::{Coverage, SignedOctets};
use crate::text::number;
use crate::{Message, SignatureError};

use super::absent;

/// Parts of one template; more than any dialect has.
const MAX_PARTS: usize = 32;

/// Why a template cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TemplateFault {
    /// A brace without its partner, an empty template, or more than 32 parts.
    Syntax,
    /// A name in braces that we do not know.
    UnknownPart,
    /// What follows a part may begin with an octet that the part may hold.
    Ambiguous,
    /// The parts and the configured headers do not fit together.
    Headers,
}

impl TemplateFault {
    /// A stable kebab-case name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Syntax => "template-syntax",
            Self::UnknownPart => "template-part-unknown",
            Self::Ambiguous => "template-ambiguous",
            Self::Headers => "template-headers",
        }
    }
}

impl fmt::Display for TemplateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl core::error::Error for TemplateFault {}

/// A parsed template in which every part ends where it has to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// Text as it stands.
    Literal(Vec<u8>),
    /// A value of the message.
    Part(Part),
}

/// A value of the message, and the octets it may hold; others are refused when a text is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Digits, one spelling.
    Timestamp,
    /// Letters, digits, `-` and `_`; 1 to 256 of them.
    Id,
    /// Letters and `-`.
    Method,
    /// The raw path: `/`, then printable ASCII without space, `#` and `?`.
    Path,
    /// The raw query without its `?`: printable ASCII without space and `#`. A bare `?` is refused:
    /// it would be signed like no query at all.
    Query,
    /// The raw request target: path, `?` and query as they are.
    Target,
    /// The body as received: any octet.
    Body,
    /// The one line of a header: printable ASCII, space and tab.
    Header(String),
}

/// What a text is made of beside the message.
pub(super) struct Values<'m> {
    pub(super) timestamp: &'m [u8],
    pub(super) id: &'m [u8],
    pub(super) body: &'m [u8],
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    /// [`TemplateFault`].
    pub fn parse(text: &str) -> Result<Self, TemplateFault> {
        let mut pieces = Vec::new();
        let mut literal = Vec::new();
        let mut rest = text.as_bytes();
        while let [byte, tail @ ..] = rest {
            rest = tail;
            match (byte, tail) {
                (b'{', [b'{', tail @ ..]) | (b'}', [b'}', tail @ ..]) => {
                    literal.push(*byte);
                    rest = tail;
                }
                (b'{', _) => {
                    let end = tail
                        .iter()
                        .position(|&byte| byte == b'}')
                        .ok_or(TemplateFault::Syntax)?;
                    let (name, tail) = tail.split_at(end);
                    rest = tail.get(1..).unwrap_or_default();
                    if !literal.is_empty() {
                        pieces.push(Piece::Literal(core::mem::take(&mut literal)));
                    }
                    pieces.push(Piece::Part(Part::named(name)?));
                }
                (b'}', _) => return Err(TemplateFault::Syntax),
                _ => literal.push(*byte),
            }
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        let template = Self(pieces);
        if template.parts().next().is_none() || template.0.len() > MAX_PARTS {
            return Err(TemplateFault::Syntax);
        }
        template.refuse_ambiguity()?;
        Ok(template)
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = &Part> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Part(part) => Some(part),
            Piece::Literal(_) => None,
        })
    }

    /// The signed text of a message.
    pub(super) fn fill<'m>(
        &self,
        message: &Message<'m>,
        values: &Values<'m>,
    ) -> Result<SignedOctets<'m>, SignatureError> {
        self.0
            .iter()
            .try_fold(SignedOctets::default(), |octets, piece| {
                Ok(match piece {
                    Piece::Literal(text) => octets.owned(text.clone()),
                    Piece::Part(part) => octets.borrowed(part.value(message, values)?),
                })
            })
    }

    /// Each part has to end before the first octet of what follows, whatever follows: then a text
    /// can be taken apart from the left in one way only.
    fn refuse_ambiguity(&self) -> Result<(), TemplateFault> {
        for (at, piece) in self.0.iter().enumerate() {
            let Piece::Part(part) = piece else { continue };
            let following = self.0.get(at.saturating_add(1)..).unwrap_or_default();
            if (0..=u8::MAX).any(|octet| part.may_hold(octet) && may_begin(following, octet)) {
                return Err(TemplateFault::Ambiguous);
            }
        }
        Ok(())
    }
}

/// Whether a text of these pieces may begin with the octet.
fn may_begin(pieces: &[Piece], octet: u8) -> bool {
    for piece in pieces {
        match piece {
            Piece::Literal(text) => return text.first() == Some(&octet),
            Piece::Part(part) => {
                if part.may_begin(octet) {
                    return true;
                }
                if !part.may_be_empty() {
                    return false;
                }
            }
        }
    }
    false
}

impl Part {
    /// The part as a template writes it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Timestamp => "timestamp".into(),
            Self::Id => "id".into(),
            Self::Method => "method".into(),
            Self::Path => "path".into(),
            Self::Query => "query".into(),
            Self::Target => "target".into(),
            Self::Body => "body".into(),
            Self::Header(name) => format!("header:{name}"),
        }
    }

    pub(super) fn coverage(&self) -> Coverage {
        match self {
            Self::Timestamp => Coverage::FRESHNESS,
            Self::Method => Coverage::METHOD,
            Self::Path => Coverage::PATH,
            Self::Query => Coverage::QUERY,
            Self::Target => Coverage::PATH.with(Coverage::QUERY),
            Self::Body => Coverage::BODY,
            Self::Id | Self::Header(_) => Coverage::NONE,
        }
    }

    fn named(name: &[u8]) -> Result<Self, TemplateFault> {
        let plain = [
            Self::Timestamp,
            Self::Id,
            Self::Method,
            Self::Path,
            Self::Query,
            Self::Target,
            Self::Body,
        ];
        let header = || {
            let name = core::str::from_utf8(name.strip_prefix(b"header:")?).ok()?;
            is_header_name(name).then(|| Self::Header(name.to_owned()))
        };
        plain
            .into_iter()
            .find(|part| part.name().as_bytes() == name)
            .or_else(header)
            .ok_or(TemplateFault::UnknownPart)
    }

    fn may_hold(&self, octet: u8) -> bool {
        match self {
            Self::Timestamp => octet.is_ascii_digit(),
            Self::Id => octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_'),
            Self::Method => octet.is_ascii_alphabetic() || octet == b'-',
            Self::Path => octet.is_ascii_graphic() && !matches!(octet, b'#' | b'?'),
            Self::Query | Self::Target => octet.is_ascii_graphic() && octet != b'#',
            Self::Header(_) => octet.is_ascii_graphic() || matches!(octet, b' ' | b'\t'),
            Self::Body => true,
        }
    }

    fn may_begin(&self, octet: u8) -> bool {
        match self {
            Self::Path | Self::Target => octet == b'/',
            _ => self.may_hold(octet),
        }
    }

    fn may_be_empty(&self) -> bool {
        matches!(self, Self::Query | Self::Body | Self::Header(_))
    }

    fn value<'m>(
        &self,
        message: &Message<'m>,
        values: &Values<'m>,
    ) -> Result<&'m [u8], SignatureError> {
        let value = match self {
            Self::Timestamp => {
                number::decimal(values.timestamp)?;
                values.timestamp
            }
            Self::Id => match values.id.len() {
                0..=MAX_PARAM_BYTES => values.id,
                _ => return Err(SignatureError::TooLarge),
            },
            Self::Method => message.method,
            Self::Path => message.path(),
            Self::Query => match message.query() {
                Some([]) => return Err(SignatureError::IllegalValue),
                query => query.unwrap_or_default(),
            },
            Self::Target => message.target,
            Self::Body => values.body,
            Self::Header(name) => message.single(name).map_err(absent)?,
        };
        let first = value.first();
        if first.is_some_and(|&octet| !self.may_begin(octet)) {
            return Err(match self {
                Self::Path | Self::Target => SignatureError::UnsupportedTarget,
                _ => SignatureError::IllegalValue,
            });
        }
        if first.is_none() && !self.may_be_empty() {
            return Err(SignatureError::AbsentComponent);
        }
        if value.iter().all(|&octet| self.may_hold(octet)) {
            Ok(value)
        } else {
            Err(SignatureError::IllegalValue)
        }
    }
}

/// A field name in lower case (RFC 9110 section 5.6.2).
pub(super) fn is_header_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9') || b"!#$%&'*+-.^_`|~".contains(&b))
}
