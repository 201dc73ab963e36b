//! JavaScript, C and CSS-like escapes: `\xhh`, `\uhhhh`, `\u{h..}`.

use super::{hex, push_code_point};

/// Decodes the escapes above and leaves every other backslash alone; whether anything was there
/// to decode.
pub(super) fn decode(text: &[u8], out: &mut Vec<u8>) -> bool {
    if !text.contains(&b'\\') {
        return false;
    }
    let mut changed = false;
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match escaped(*first, tail) {
            Some((code, length)) => {
                push_code_point(code, out);
                rest = tail.get(length..).unwrap_or_default();
                changed = true;
            }
            None => out.push(*first),
        }
    }
    changed
}

/// The code point an escape stands for, and its length behind the backslash.
fn escaped(first: u8, tail: &[u8]) -> Option<(u32, usize)> {
    if first != b'\\' {
        return None;
    }
    match tail {
        [b'x' | b'X', digits @ ..] => Some((digits.get(..2).and_then(hex)?, 3)),
        [b'u' | b'U', b'{', digits @ ..] => {
            let length = digits.iter().take(8).position(|&b| b == b'}')?;
            Some((
                digits.get(..length).and_then(hex)?,
                length.saturating_add(3),
            ))
        }
        [b'u' | b'U', digits @ ..] => Some((digits.get(..4).and_then(hex)?, 5)),
        _ => None,
    }
}
