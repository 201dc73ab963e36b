//! Single values of a JSON text, replaced in place: every other byte stays as it was.
//!
//! A text is first read strictly as a whole (no repeated members, bounded depth), so that the walk
//! over its bytes need not judge it; and what comes out is read strictly again, so that a value put
//! in beside another of its name is refused.

mod path;
mod walk;

use core::ops::Range;

use sealgate_jose::json::{Bounds, object};
use serde::de::IgnoredAny;

pub(crate) use path::Step;
pub use path::{Path, PathFault};
pub(crate) use walk::{Match, all_members, find};

/// Deepest nesting of a JSON body with sealed members.
const MAX_DEPTH: usize = 64;

/// The text is not one JSON object without repeated members, or too deep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotJson;

/// Reads `text` as the strict reader of tokens does, and forgets what it read.
///
/// # Errors
/// [`NotJson`].
pub fn check(text: &[u8]) -> Result<(), NotJson> {
    let bounds = Bounds {
        max_bytes: text.len(),
        max_depth: MAX_DEPTH,
    };
    object(text, bounds).map(drop).map_err(|_| NotJson)
}

/// Whether `value` is one JSON value that may stand inside a checked text.
#[must_use]
pub fn is_value(value: &[u8]) -> bool {
    // Alone it is one value, so beside a name it is one value, too.
    serde_json::from_slice::<IgnoredAny>(value).is_ok()
        && check(&[b"{\"value\":".as_slice(), value, b"}"].concat()).is_ok()
}

/// Replaces the ranges of `text`, which must not overlap, by their new bytes.
///
/// # Errors
/// [`NotJson`] for overlapping ranges, or when the result is no strict JSON any more.
pub(crate) fn replace(
    text: &[u8],
    mut edits: Vec<(Range<usize>, Vec<u8>)>,
) -> Result<Vec<u8>, NotJson> {
    edits.sort_by_key(|(range, _)| range.start);
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    for (range, bytes) in edits {
        out.extend_from_slice(text.get(at..range.start).ok_or(NotJson)?);
        out.extend_from_slice(&bytes);
        at = range.end;
    }
    out.extend_from_slice(text.get(at..).ok_or(NotJson)?);
    check(&out)?;
    Ok(out)
}
