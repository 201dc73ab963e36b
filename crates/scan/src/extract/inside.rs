//! Containers inside values: JSON in a string, a URL with a query, JSON in base64, a JWT.
//!
//! An application that expects one will take it apart, so its parts are fields of their own beside
//! the value as a whole. What only looks like a container is no error: it has been scanned as the
//! text it is.

use super::{ExtractError, base64, json, urlencoded};
use crate::{Field, Limits, Location, Sink};

/// Shorter values hold nothing worth opening.
const MIN_BYTES: usize = 8;
/// A scheme ends within so many bytes.
const MAX_SCHEME_BYTES: usize = 12;

/// Hands on what is inside a value, at a location that names both places; nothing for most values,
/// at the cost of a look at their first bytes.
///
/// # Errors
/// A limit that the inner container exceeds, or containers nested deeper than `nesting`.
pub fn inside(field: &Field<'_>, limits: &Limits, sink: &mut dyn Sink) -> Result<(), ExtractError> {
    let value = field.value;
    let Some(kind) = Kind::of(value) else {
        return Ok(());
    };
    if field.location.nesting() >= limits.nesting {
        // Text that starts with a bracket is no container; only what is one is too deep.
        let mut nothing = |_: Field<'_>| {};
        return match kind {
            Kind::Json if read_json(value, limits, &mut nothing)? => Err(ExtractError::TooDeep),
            _ => Ok(()),
        };
    }
    let mut sink = Within {
        outer: &field.location,
        sink,
    };
    match kind {
        Kind::Json => read_json(value, limits, &mut sink).map(|_| ()),
        Kind::Url => {
            let query = value.splitn(2, |&b| b == b'?').nth(1).unwrap_or_default();
            let query = query.split(|&b| b == b'#').next().unwrap_or_default();
            urlencoded::query(query, &mut sink);
            Ok(())
        }
        Kind::Base64 => {
            for segment in value.split(|&b| b == b'.').take(2) {
                if let Some(bytes) = base64::decode(segment) {
                    read_json(&bytes, limits, &mut sink)?;
                }
            }
            Ok(())
        }
    }
}

/// Whether it was JSON; limits hold, anything else wrong makes it text.
fn read_json(value: &[u8], limits: &Limits, sink: &mut impl Sink) -> Result<bool, ExtractError> {
    let limits = Limits {
        duplicate_keys: true,
        ..*limits
    };
    match json::json(value, &limits, sink) {
        Ok(()) => Ok(true),
        Err(limit) if limit.is_limit() => Err(limit),
        Err(_) => Ok(false),
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Json,
    Url,
    Base64,
}

impl Kind {
    fn of(value: &[u8]) -> Option<Self> {
        if value.len() < MIN_BYTES {
            return None;
        }
        match *value {
            // Base64 of `{` and `[` (then any byte), in either alphabet.
            [
                b'e' | b'W',
                b'0'..=b'9' | b'w'..=b'z' | b'+' | b'/' | b'-' | b'_',
                ..,
            ] if value.iter().all(|&b| is_base64(b)) => Some(Self::Base64),
            [b'a'..=b'z' | b'A'..=b'Z', ..] => {
                let head = value.get(..MAX_SCHEME_BYTES.min(value.len()))?;
                let scheme = head.windows(3).any(|window| window == b"://");
                (scheme && value.contains(&b'?')).then_some(Self::Url)
            }
            _ => {
                matches!(value.trim_ascii_start().first(), Some(b'{' | b'[')).then_some(Self::Json)
            }
        }
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'+' | b'/' | b'-' | b'_' | b'=' | b'.' | b'\r' | b'\n'
        )
}

/// Names the outer place in front of the inner one.
pub(super) struct Within<'w> {
    pub(super) outer: &'w Location<'w>,
    pub(super) sink: &'w mut dyn Sink,
}

impl Sink for Within<'_> {
    fn field(&mut self, field: Field<'_>) {
        let location = Location::Inside {
            outer: self.outer,
            inner: &field.location,
        };
        self.sink.field(Field { location, ..field });
    }

    fn structure(&mut self, structure: crate::Structure, location: Location<'_>) {
        let location = Location::Inside {
            outer: self.outer,
            inner: &location,
        };
        self.sink.structure(structure, location);
    }
}
