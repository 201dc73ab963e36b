//! The prefilter: which classes of bytes occur in a value.

/// A set of byte classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ByteClasses(u32);

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
    /// `$`.
    pub(crate) const DOLLAR: Self = Self(1 << 15);
    /// `{` and `}`.
    pub(crate) const BRACE: Self = Self(1 << 16);
    /// `(` and `)`.
    pub(crate) const PAREN: Self = Self(1 << 17);
    /// `[` and `]`.
    pub(crate) const BRACKET: Self = Self(1 << 18);
    /// `/`.
    pub(crate) const SLASH: Self = Self(1 << 19);
    /// `.`.
    pub(crate) const DOT: Self = Self(1 << 20);
    /// `|`.
    pub(crate) const PIPE: Self = Self(1 << 21);
    /// `;`.
    pub(crate) const SEMICOLON: Self = Self(1 << 22);
    /// The back quote.
    pub(crate) const BACK_QUOTE: Self = Self(1 << 23);
    /// Carriage return and line feed.
    pub(crate) const NEWLINE: Self = Self(1 << 24);
    /// `#`, `@`, `*`, `~`: marks before `{` in expression languages.
    pub(crate) const MARK: Self = Self(1 << 25);
    /// The byte `_`.
    pub(crate) const UNDERSCORE: Self = Self(1 << 26);

    /// What an encoding needs.
    pub(crate) const ENCODED: Self =
        Self(Self::PERCENT.0 | Self::AMPERSAND.0 | Self::BACKSLASH.0 | Self::HIGH.0 | Self::PLUS.0);

    /// Without one of these no language has more than a word or a number.
    pub(crate) const SYNTAX: Self = Self::SPACE
        .with(Self::QUOTE)
        .with(Self::ANGLE)
        .with(Self::EQUALS)
        .with(Self::OPERATOR)
        .with(Self::BACKSLASH)
        .with(Self::CONTROL)
        .with(Self::HIGH);

    /// Letters, digits and the underscore alone.
    pub(crate) const LETTERS: Self = Self::WORD.with(Self::UNDERSCORE);

    /// What no base64 of either alphabet has.
    pub(crate) const NOT_BASE64: Self = Self::SPACE
        .with(Self::QUOTE)
        .with(Self::ANGLE)
        .with(Self::DOT)
        .with(Self::COLON)
        .with(Self::PERCENT)
        .with(Self::AMPERSAND)
        .with(Self::BACKSLASH)
        .with(Self::CONTROL)
        .with(Self::HIGH)
        .with(Self::PAREN)
        .with(Self::BRACE)
        .with(Self::BRACKET)
        .with(Self::PIPE)
        .with(Self::SEMICOLON)
        .with(Self::DOLLAR)
        .with(Self::MARK);

    /// The union.
    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the class of that number is in the set.
    pub(crate) const fn has(self, number: usize) -> bool {
        self.0 >> number & 1 != 0
    }

    /// The numbers of the classes in the set.
    pub(crate) fn members(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        core::iter::from_fn(move || {
            let next = (left != 0).then(|| left.trailing_zeros() as usize);
            left &= left.wrapping_sub(1);
            next
        })
    }

    /// Whether every class here is in `other`, too.
    pub(crate) const fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
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

static TABLE: [u32; 256] = table();

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated at compile time, over the table's length"
)]
const fn table() -> [u32; 256] {
    let mut table = [0u32; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = class_of(byte as u8).0;
        byte += 1;
    }
    table
}

const fn class_of(byte: u8) -> ByteClasses {
    use ByteClasses as C;
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => C::WORD,
        b'_' => C::WORD.with(C::UNDERSCORE),
        b'\n' | b'\r' => C::SPACE.with(C::NEWLINE),
        b' ' | b'\t' | 0x0b | 0x0c => C::SPACE,
        b'.' => C::LIGHT.with(C::DOT),
        b'/' => C::LIGHT.with(C::SLASH),
        b'@' | b'~' => C::LIGHT.with(C::MARK),
        b',' => C::LIGHT,
        b':' => C::LIGHT.with(C::COLON),
        b'-' => C::LIGHT.with(C::DASH),
        b'`' => C::QUOTE.with(C::BACK_QUOTE),
        b'\'' | b'"' => C::QUOTE,
        b'<' | b'>' => C::ANGLE,
        b'=' => C::EQUALS,
        b'%' => C::PERCENT.with(C::OPERATOR),
        b'&' => C::AMPERSAND.with(C::OPERATOR),
        b'+' => C::PLUS.with(C::OPERATOR),
        b'$' => C::DOLLAR.with(C::OPERATOR),
        b'{' | b'}' => C::BRACE.with(C::OPERATOR),
        b'(' | b')' => C::PAREN.with(C::OPERATOR),
        b'[' | b']' => C::BRACKET.with(C::OPERATOR),
        b'|' => C::PIPE.with(C::OPERATOR),
        b';' => C::SEMICOLON.with(C::OPERATOR),
        b'#' | b'*' => C::MARK.with(C::OPERATOR),
        b'\\' => C::BACKSLASH,
        0..=31 | 127 => C::CONTROL,
        128..=255 => C::HIGH,
        _ => C::OPERATOR,
    }
}
