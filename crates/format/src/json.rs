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

/// Walks a text and replaces its members, for fuzzing: whatever the bytes are, there is no panic;
/// every value found is one JSON value, and putting each back changes no byte.
pub fn fuzz(data: &[u8]) {
    if check(data).is_err() {
        return;
    }
    let mut found = Vec::new();
    all_members(data, &mut |member| found.push(member.clone()));
    for member in found {
        let value = data.get(member.value).unwrap_or_default();
        assert!(is_value(value), "a member's value is a value");
        let whole = data.get(member.whole.clone()).unwrap_or_default().to_vec();
        let again = replace(data, vec![(member.whole, whole)]);
        assert_eq!(again.as_deref(), Ok(data), "putting back changes nothing");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_text_confuses_the_walk(text in "[\\{\\}\\[\\]:, \"a-c0-9\\\\u]{0,60}") {
            fuzz(text.as_bytes());
        }

        #[test]
        fn members_of_real_objects_are_put_back(
            names in prop::collection::btree_set("[a-z\u{e9}\"]{1,4}", 0..5),
            number in any::<i32>(),
        ) {
            let object: serde_json::Map<_, _> = names
                .into_iter()
                .map(|name| (name, serde_json::json!({ "x": [number, "}"], "y": null })))
                .collect();
            fuzz(serde_json::to_string(&object).unwrap().as_bytes());
        }
    }
}
