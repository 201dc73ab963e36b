//! Percent-encoding, and the `%u` form of old Microsoft servers.

use super::{hex, push_code_point};

/// Decodes `%hh` and `%uhhhh`; whether anything was there to decode.
pub(super) fn decode(text: &[u8], out: &mut Vec<u8>) -> bool {
    if !text.contains(&b'%') {
        return false;
    }
    let mut changed = false;
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            out.push(*first);
            continue;
        }
        if let Some(code) = tail.get(..2).and_then(hex) {
            out.push(u8::try_from(code).unwrap_or(b'?'));
            rest = tail.get(2..).unwrap_or_default();
            changed = true;
        } else if let ([b'u' | b'U', ..], Some(code)) = (tail, tail.get(1..5).and_then(hex)) {
            push_code_point(code, out);
            rest = tail.get(5..).unwrap_or_default();
            changed = true;
        } else {
            out.push(b'%');
        }
    }
    changed
}

/// Reads `+` as the space of a form: in a text that has no other space, or where it stands between
/// words more than once.
pub(super) fn plus(text: &[u8], out: &mut Vec<u8>) -> bool {
    let joins = || {
        let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'\'' | b'"' | b'(' | b')');
        text.windows(3)
            .filter(|w| matches!(w, [a, b'+', b] if word(*a) && word(*b)))
            .count()
            >= 2
    };
    if !text.contains(&b'+') || text.iter().any(|b| b.is_ascii_whitespace()) && !joins() {
        return false;
    }
    out.extend(text.iter().map(|&b| if b == b'+' { b' ' } else { b }));
    true
}

/// Undoes percent-encoding once, and `+` for a space when `plus`, into `out`.
pub(crate) fn percent_into(text: &[u8], plus: bool, out: &mut Vec<u8>) {
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (*first, tail.get(..2).and_then(hex)) {
            (b'%', Some(code)) => {
                out.push(u8::try_from(code).unwrap_or(b'?'));
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'+', _) if plus => out.push(b' '),
            (byte, _) => out.push(byte),
        }
    }
}
