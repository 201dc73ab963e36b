//! Member names that clients may not set.
//!
//! What they are only the application knows, so the policy lists them (`role`, `isAdmin`); without a
//! list nothing is found. Names are compared without case, `-` and `_`, and the last step of a
//! parameter name counts (`user[is_admin]`, `user.isAdmin`).

use super::Hit;
use crate::Part;
use crate::text::{Text, tail};

pub(super) fn detect(text: &Text<'_>, protected: &[String]) -> Option<Hit> {
    if text.part != Part::Name {
        return None;
    }
    let name = text.bytes;
    let end = name
        .iter()
        .rposition(|b| !matches!(b, b']' | b'['))
        .map_or(0, |at| at.saturating_add(1));
    let name = name.get(..end).unwrap_or_default();
    let start = name
        .iter()
        .rposition(|b| matches!(b, b'[' | b'.'))
        .map_or(0, |at| at.saturating_add(1));
    let last = tail(name, start);
    protected
        .iter()
        .any(|protected| same(protected.as_bytes(), last))
        .then(|| Hit::at("mass-assignment-name", 10, start, last.len()))
}

/// Whether two names are the same but for case, `-` and `_`.
fn same(a: &[u8], b: &[u8]) -> bool {
    fn plain(name: &[u8]) -> impl Iterator<Item = u8> {
        let letters = name.iter().filter(|b| !matches!(b, b'-' | b'_'));
        letters.map(u8::to_ascii_lowercase)
    }
    !a.is_empty() && plain(a).eq(plain(b))
}
