//! The lexical part: how long a string, number or literal is, and what a string's escapes mean.

/// Bytes up to the closing quote; `None` when there is none or a control character is inside.
pub(super) fn string_length(rest: &[u8]) -> Option<usize> {
    let mut at = 0usize;
    loop {
        match rest.get(at)? {
            b'"' => return Some(at),
            b'\\' => at = at.checked_add(2)?,
            0..=0x1f => return None,
            _ => at = at.checked_add(1)?,
        }
    }
}

/// Bytes of the number or literal that `rest` starts with.
pub(super) fn scalar(rest: &[u8]) -> Option<usize> {
    for literal in [b"true".as_slice(), b"false", b"null"] {
        if rest.starts_with(literal) {
            return Some(literal.len());
        }
    }
    number(rest)
}

/// `[ - ] int [ frac ] [ exp ]` (RFC 8259 section 6).
fn number(rest: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        rest.get(from..)
            .unwrap_or_default()
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count()
    };
    let mut at = usize::from(rest.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || (whole > 1 && rest.get(at) == Some(&b'0')) {
        return None;
    }
    at = at.checked_add(whole)?;
    if rest.get(at) == Some(&b'.') {
        let fraction = digits(at.checked_add(1)?);
        if fraction == 0 {
            return None;
        }
        at = at.checked_add(1)?.checked_add(fraction)?;
    }
    if matches!(rest.get(at), Some(b'e' | b'E')) {
        at = at.checked_add(1)?;
        at = at.checked_add(usize::from(matches!(rest.get(at), Some(b'+' | b'-'))))?;
        let exponent = digits(at);
        if exponent == 0 {
            return None;
        }
        at = at.checked_add(exponent)?;
    }
    Some(at)
}

/// Undoes the escapes of a string's raw text; `None` for an escape JSON does not have.
pub(super) fn unescape(raw: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut rest = raw;
    while let Some(at) = rest.iter().position(|&b| b == b'\\') {
        out.extend_from_slice(rest.get(..at)?);
        let tail = rest.get(at.checked_add(1)?..)?;
        let (&kind, mut after) = tail.split_first()?;
        let plain = match kind {
            b'"' | b'\\' | b'/' => kind,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let (c, length) = code_point(after)?;
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                after = after.get(length..)?;
                rest = after;
                continue;
            }
            _ => return None,
        };
        out.push(plain);
        rest = after;
    }
    out.extend_from_slice(rest);
    Some(())
}

/// The character behind `\u`, and the bytes it takes: 4, or 10 for a surrogate pair. A surrogate
/// without its other half becomes U+FFFD: parsers disagree about it, none makes it a quote.
fn code_point(after: &[u8]) -> Option<(char, usize)> {
    let high = four_hex(after)?;
    if let Some(c) = char::from_u32(high) {
        return Some((c, 4));
    }
    if let (0xD800..=0xDBFF, Some(low)) = (
        high,
        after
            .get(4..)
            .and_then(|t| t.strip_prefix(b"\\u"))
            .and_then(four_hex),
    ) && let 0xDC00..=0xDFFF = low
    {
        let code = (((high & 0x3FF) << 10) | (low & 0x3FF)).checked_add(0x10000)?;
        return Some((char::from_u32(code)?, 10));
    }
    Some((char::REPLACEMENT_CHARACTER, 4))
}

fn four_hex(digits: &[u8]) -> Option<u32> {
    digits.get(..4)?.iter().try_fold(0u32, |sum, &digit| {
        Some((sum << 4) | char::from(digit).to_digit(16)?)
    })
}
