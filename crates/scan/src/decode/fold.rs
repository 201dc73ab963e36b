//! Characters that databases and browsers narrow to ASCII: full-width forms, typographic quotes,
//! look-alikes, overlong UTF-8.

/// Folds the characters above; whether there was one.
pub(super) fn decode(text: &[u8], out: &mut Vec<u8>) -> bool {
    if text.is_ascii() {
        return false;
    }
    let mut changed = false;
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let (byte, length) = match rest {
            // U+FF01 to U+FF3F and U+FF40 to U+FF5E, in the order of ASCII.
            [0xef, 0xbc, low @ 0x81..=0xbf, ..] => (low.wrapping_sub(0x60), 3),
            [0xef, 0xbd, low @ 0x80..=0x9e, ..] => (low.wrapping_sub(0x20), 3),
            // U+2018 to U+201B and U+2032, U+201C to U+201F and U+2033, U+02B9, U+02BC.
            [0xe2, 0x80, 0x98..=0x9b | 0xb2, ..] => (b'\'', 3),
            [0xe2, 0x80, 0x9c..=0x9f | 0xb3, ..] => (b'"', 3),
            [0xca, 0xb9 | 0xbc, ..] => (b'\'', 2),
            // The long s and the Kelvin sign are s and k to who compares without case.
            [0xc5, 0xbf, ..] => (b's', 2),
            [0xe2, 0x84, 0xaa, ..] => (b'k', 3),
            // What is left of < and > with the eighth bit set, and in the wrong byte order.
            [0xc2, 0xbc, ..] => (b'<', 2),
            [0xc2, 0xbe, ..] => (b'>', 2),
            [0xe3, 0xb0, 0x80, ..] => (b'<', 3),
            [0xe3, 0xb8, 0x80, ..] => (b'>', 3),
            // Angle quotation marks and slashes that best-fit code pages narrow.
            [0xe2, 0x80, 0xb9, ..] | [0xe3, 0x80, 0x88, ..] | [0xe2, 0x8c, 0xa9, ..] => (b'<', 3),
            [0xe2, 0x80, 0xba, ..] | [0xe3, 0x80, 0x89, ..] | [0xe2, 0x8c, 0xaa, ..] => (b'>', 3),
            [0xe2, 0x88, 0x95, ..] | [0xe2, 0x81, 0x84, ..] | [0xe2, 0x88, 0x96, ..] => (b'/', 3),
            // Digits and letters in circles, which host names are narrowed from, and the full stops of
            // Chinese, Japanese and half-width text.
            [0xe2, 0x91, low @ 0xa0..=0xa8, ..] => (low.wrapping_sub(0x6f), 3),
            [0xe2, 0x93, 0xaa, ..] => (b'0', 3),
            [0xe2, 0x93, low @ 0x90..=0xa9, ..] => (low.wrapping_sub(0x2f), 3),
            [0xe3, 0x80, 0x82, ..] | [0xef, 0xbd, 0xa1, ..] => (b'.', 3),
            // Two bytes for what takes one: only a lenient decoder reads it.
            [high @ 0xc0..=0xc1, low @ 0x80..=0xbf, ..] => ((high & 1) << 6 | (low & 0x3f), 2),
            // Three and four bytes for the same.
            [0xe0, high @ 0x80..=0x81, low @ 0x80..=0xbf, ..] => {
                ((high & 1) << 6 | (low & 0x3f), 3)
            }
            [0xf0, 0x80, high @ 0x80..=0x81, low @ 0x80..=0xbf, ..] => {
                ((high & 1) << 6 | (low & 0x3f), 4)
            }
            _ => {
                out.push(*first);
                rest = tail;
                continue;
            }
        };
        out.push(byte);
        changed = true;
        rest = rest.get(length..).unwrap_or_default();
    }
    changed
}
