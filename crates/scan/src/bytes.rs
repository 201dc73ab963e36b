//! The prefilter: which classes of bytes occur in a value.

/// A set of byte classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ByteClasses(u16);

impl ByteClasses {
    /// Letters, digits, underscore.
    pub(crate) const WORD: Self = Self(1);
    /// Whitespace and the separators `. - : / @ , ~`, harmless one by one.
    pub(crate) const LIGHT: Self = Self(1 << 1);
    /// Space, tab, line feeds.
    pub(crate) const SPACE: Self = Self(1 << 2);
    /// `'`, `"` and the back quote.
    pub(crate) const QUOTE: Self = Self(1 << 3);
    /// `<` and `>`.
    pub(crate) const ANGLE: Self = Self(1 << 4);
    /// `=`.
    pub(crate) const EQUALS: Self = Self(1 << 5);
    /// `(`, `)`, `;`, `#`, `*`, `|`, `!`, `^`, `+` and the rest of the operators.
    pub(crate) const OPERATOR: Self = Self(1 << 6);
    /// `%`.
    pub(crate) const PERCENT: Self = Self(1 << 7);
    /// `&`.
    pub(crate) const AMPERSAND: Self = Self(1 << 8);
    /// The backslash.
    pub(crate) const BACKSLASH: Self = Self(1 << 9);
    /// Control characters other than whitespace.
    pub(crate) const CONTROL: Self = Self(1 << 10);
    /// Bytes above ASCII.
    pub(crate) const HIGH: Self = Self(1 << 11);
    /// `:`, which ends a URI scheme.
    pub(crate) const COLON: Self = Self(1 << 12);
    /// `-`, which starts a comment when doubled.
    pub(crate) const DASH: Self = Self(1 << 13);

    /// `+`.
    pub(crate) const PLUS: Self = Self(1 << 14);

    /// What an encoding needs.
    pub(crate) const ENCODED: Self =
        Self(Self::PERCENT.0 | Self::AMPERSAND.0 | Self::BACKSLASH.0 | Self::HIGH.0 | Self::PLUS.0);

    /// The union.
    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether any class is in both.
    pub(crate) const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// The classes that occur in `value`.
pub(crate) fn classes(value: &[u8]) -> ByteClasses {
    let mut seen = 0;
    for &byte in value {
        seen |= TABLE.get(usize::from(byte)).copied().unwrap_or_default();
    }
    ByteClasses(seen)
}

static TABLE: [u16; 256] = table();

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated at compile time, over the table's length"
)]
const fn table() -> [u16; 256] {
    let mut table = [0u16; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = class_of(byte as u8).0;
        byte += 1;
    }
    table
}

const fn class_of(byte: u8) -> ByteClasses {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => ByteClasses::WORD,
        b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => ByteClasses::SPACE,
        b'.' | b'/' | b'@' | b',' | b'~' => ByteClasses::LIGHT,
        b':' => ByteClasses::LIGHT.with(ByteClasses::COLON),
        b'-' => ByteClasses::LIGHT.with(ByteClasses::DASH),
        b'\'' | b'"' | b'`' => ByteClasses::QUOTE,
        b'<' | b'>' => ByteClasses::ANGLE,
        b'=' => ByteClasses::EQUALS,
        b'%' => ByteClasses::PERCENT.with(ByteClasses::OPERATOR),
        b'&' => ByteClasses::AMPERSAND.with(ByteClasses::OPERATOR),
        b'+' => ByteClasses::PLUS.with(ByteClasses::OPERATOR),
        b'\\' => ByteClasses::BACKSLASH,
        0..=31 | 127 => ByteClasses::CONTROL,
        128..=255 => ByteClasses::HIGH,
        _ => ByteClasses::OPERATOR,
    }
}
