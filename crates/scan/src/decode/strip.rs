//! What interpreters skip: NUL bytes, invisible characters, comments inside of words.

use crate::text::is_word;

/// Takes out NUL bytes, zero-width characters, soft hyphens and byte order marks; whether there
/// was one.
pub(super) fn invisible(text: &[u8], out: &mut Vec<u8>) -> bool {
    let mut changed = false;
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let length = match rest {
            [0, ..] => 1,
            // U+00AD; U+200B to U+200F, U+2060 to U+2064; U+FEFF.
            [0xc2, 0xad, ..] => 2,
            [0xe2, 0x80, 0x8b..=0x8f, ..] | [0xe2, 0x81, 0xa0..=0xa4, ..] => 3,
            [0xef, 0xbb, 0xbf, ..] => 3,
            _ => {
                out.push(*first);
                rest = tail;
                continue;
            }
        };
        changed = true;
        rest = rest.get(length..).unwrap_or_default();
    }
    changed
}

/// Bytes a comment inside of a word may have.
const MAX_COMMENT: usize = 64;

/// Joins words that a comment cuts in two: `uni/**/on`, `scr/**/ipt`. Whether there was one.
pub(super) fn comments(text: &[u8], out: &mut Vec<u8>) -> bool {
    let mut changed = false;
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        if let [b'/', b'*', inside @ ..] = rest
            && out.last().is_some_and(|&b| is_word(b))
            && let Some(after) = behind_comment(inside)
            && after.first().is_some_and(|&b| is_word(b))
        {
            changed = true;
            rest = after;
            continue;
        }
        out.push(*first);
        rest = tail;
    }
    changed
}

/// What follows a short comment, whose `/*` was read.
fn behind_comment(inside: &[u8]) -> Option<&[u8]> {
    let near = inside.get(..inside.len().min(MAX_COMMENT))?;
    let end = near.windows(2).position(|pair| pair == b"*/")?;
    inside.get(end.saturating_add(2)..)
}
