//! HTML character references.

use super::{hex, push_code_point};

/// The named references that browsers take with or without `;` or that attacks are written with.
/// The full list of HTML is 2,231 long; the others stand for characters no detector looks at.
const NAMED: [(&[u8], u8); 27] = [
    (b"lt", b'<'),
    (b"LT", b'<'),
    (b"gt", b'>'),
    (b"GT", b'>'),
    (b"quot", b'"'),
    (b"QUOT", b'"'),
    (b"apos", b'\''),
    (b"amp", b'&'),
    (b"AMP", b'&'),
    (b"lpar", b'('),
    (b"rpar", b')'),
    (b"colon", b':'),
    (b"semi", b';'),
    (b"comma", b','),
    (b"equals", b'='),
    (b"sol", b'/'),
    (b"bsol", b'\\'),
    (b"num", b'#'),
    (b"ast", b'*'),
    (b"plus", b'+'),
    (b"percnt", b'%'),
    (b"grave", b'`'),
    (b"period", b'.'),
    (b"excl", b'!'),
    (b"Tab", b'\t'),
    (b"NewLine", b'\n'),
    (b"nbsp", b' '),
];

/// Decodes numeric references with or without `;`, and the named ones above with it (the first
/// nine without, too, as browsers do); whether anything was there to decode.
pub(super) fn decode(text: &[u8], out: &mut Vec<u8>) -> bool {
    if !text.contains(&b'&') {
        return false;
    }
    let mut changed = false;
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'&' {
            out.push(*first);
            continue;
        }
        match reference(tail) {
            Some((code, length)) => {
                push_code_point(code, out);
                rest = tail.get(length..).unwrap_or_default();
                changed = true;
            }
            None => out.push(b'&'),
        }
    }
    changed
}

/// The code point behind an `&`, and how many bytes it takes.
fn reference(tail: &[u8]) -> Option<(u32, usize)> {
    if let [b'#', digits @ ..] = tail {
        return numeric(digits).map(|(code, length)| (code, length.saturating_add(1)));
    }
    if !tail.first().is_some_and(u8::is_ascii_alphabetic) {
        return None;
    }
    NAMED.iter().enumerate().find_map(|(i, (name, byte))| {
        let after = tail.strip_prefix(*name)?;
        match after.first() {
            Some(b';') => Some((u32::from(*byte), name.len().saturating_add(1))),
            _ if i < 9 && *name != b"apos" => Some((u32::from(*byte), name.len())),
            _ => None,
        }
    })
}

/// `123;`, `x7b;`, each also without the semicolon and with any number of leading zeros.
fn numeric(digits: &[u8]) -> Option<(u32, usize)> {
    let (radix, skipped) = match digits {
        [b'x' | b'X', ..] => (16, 1usize),
        _ => (10, 0),
    };
    let number = digits.get(skipped..)?;
    let length = number
        .iter()
        .take_while(|&&b| char::from(b).is_digit(radix))
        .count();
    let value = number.get(..length).filter(|run| !run.is_empty())?;
    let code = match radix {
        16 => hex(value.trim_ascii_start_zeros()).unwrap_or(u32::MAX),
        _ => value.iter().fold(0u32, |sum, &b| {
            sum.saturating_mul(10)
                .saturating_add(u32::from(b.saturating_sub(b'0')))
        }),
    };
    let semicolon = usize::from(number.get(length) == Some(&b';'));
    Some((
        code,
        skipped.saturating_add(length).saturating_add(semicolon),
    ))
}

/// Leading zeros mean nothing, and many of them must not overflow the number.
trait TrimZeros {
    fn trim_ascii_start_zeros(&self) -> &[u8];
}

impl TrimZeros for [u8] {
    fn trim_ascii_start_zeros(&self) -> &[u8] {
        let zeros = self.iter().take_while(|&&b| b == b'0').count();
        let zeros = zeros.min(self.len().saturating_sub(1));
        self.get(zeros..).unwrap_or_default()
    }
}
