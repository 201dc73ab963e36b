//! Escapes of JavaScript, C and CSS: `\xhh`, `\uhhhh`, `\u{h..}`, octal, CSS hexadecimal.

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
        [b'n', ..] => Some((10, 1)),
        [b'r', ..] => Some((13, 1)),
        [b't', ..] => Some((9, 1)),
        [b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F', ..] => digits(tail),
        _ => None,
    }
}

/// Octal of JavaScript and C (`\145`), or hexadecimal of CSS (`\0065`, `\28 `), told apart by
/// their length and digits.
fn digits(tail: &[u8]) -> Option<(u32, usize)> {
    let hexadecimal = tail
        .iter()
        .take(6)
        .take_while(|b| b.is_ascii_hexdigit())
        .count();
    let octal = tail
        .iter()
        .take(3)
        .take_while(|b| matches!(b, b'0'..=b'7'))
        .count();
    if octal == hexadecimal && octal >= 2 {
        let code = tail.get(..octal)?.iter().fold(0u32, |sum, &b| {
            sum.saturating_mul(8)
                .saturating_add(u32::from(b.saturating_sub(b'0')))
        });
        return (code < 0x80).then_some((code, octal));
    }
    let printable = |code: u32| (0x09..0x7f).contains(&code);
    // Directories escape with exactly two digits, whatever follows: `\28cn=`.
    let length = match tail.get(..hexadecimal).and_then(hex) {
        Some(code) if printable(code) => hexadecimal,
        _ => hexadecimal.min(2),
    };
    let code = tail.get(..length).and_then(hex)?;
    // One space behind it belongs to the escape.
    let space = usize::from(tail.get(length) == Some(&b' '));
    (length >= 2 && printable(code)).then_some((code, length.saturating_add(space)))
}
