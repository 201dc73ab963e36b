//! Base64 that holds text, and UTF-7, which is made of it.

/// Shortest text that is taken for base64: an identifier of that length is no text by chance.
const MIN_BASE64: usize = 16;

/// Decodes a text that is base64 as a whole, in either alphabet, when what comes out is printable
/// ASCII; whether it was.
pub(super) fn whole(text: &[u8], out: &mut Vec<u8>) -> bool {
    let padding = text
        .iter()
        .rev()
        .take(2)
        .take_while(|&&b| b == b'=')
        .count();
    let digits = text
        .get(..text.len().saturating_sub(padding))
        .unwrap_or_default();
    if digits.len() < MIN_BASE64 || digits.len() % 4 == 1 {
        return false;
    }
    let mut bits = 0u32;
    let mut held = 0u32;
    for &digit in digits {
        let Some(value) = sextet(digit) else {
            return false;
        };
        bits = bits << 6 | value;
        held = held.saturating_add(6);
        if held >= 8 {
            held = held.saturating_sub(8);
            let [.., byte] = (bits >> held).to_be_bytes();
            if !matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~') {
                return false;
            }
            out.push(byte);
        }
    }
    true
}

/// Decodes the `+..-` runs of UTF-7 (RFC 2152) that stand for ASCII; whether there was one.
pub(super) fn utf7(text: &[u8], out: &mut Vec<u8>) -> bool {
    let mut changed = false;
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let run = if *first == b'+' {
            tail.iter()
                .take(256)
                .take_while(|&&b| sextet(b).is_some() && !matches!(b, b'-' | b'_'))
                .count()
        } else {
            0
        };
        let from = out.len();
        // `+A` starts every ASCII character of UTF-7, and nothing shorter than three is one.
        let encoded = run >= 3
            && matches!(tail.first(), Some(b'A'))
            && characters(tail.get(..run).unwrap_or_default(), out);
        if encoded {
            changed = true;
            let after = tail.get(run..).unwrap_or_default();
            rest = after.strip_prefix(b"-").unwrap_or(after);
            continue;
        }
        out.truncate(from);
        out.push(*first);
        rest = tail;
    }
    changed
}

/// Appends the UTF-16 characters in base64, as long as all are ASCII.
fn characters(digits: &[u8], out: &mut Vec<u8>) -> bool {
    let mut bits = 0u32;
    let mut held = 0u32;
    for &digit in digits {
        bits = bits << 6 | sextet(digit).unwrap_or_default();
        held = held.saturating_add(6);
        if held >= 16 {
            held = held.saturating_sub(16);
            let unit = bits >> held & 0xffff;
            let Ok(byte) = u8::try_from(unit) else {
                return false;
            };
            if !matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~') {
                return false;
            }
            out.push(byte);
        }
    }
    // What is left over is padding.
    bits & (1u32 << held).saturating_sub(1) == 0
}

/// The value of a digit of either alphabet.
fn sextet(digit: u8) -> Option<u32> {
    Some(match digit {
        b'A'..=b'Z' => u32::from(digit).saturating_sub(65),
        b'a'..=b'z' => u32::from(digit).saturating_sub(71),
        b'0'..=b'9' => u32::from(digit).saturating_add(4),
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}
