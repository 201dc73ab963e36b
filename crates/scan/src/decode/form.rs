//! Which decodings led to a text.

use core::fmt;

/// The decodings that were undone before a detector saw the text: its provenance. Empty for the
/// value as it was extracted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct NormalForm(u16);

impl NormalForm {
    /// The value as extracted.
    pub const RAW: Self = Self(0);
    /// Percent-encoding, `%u` included.
    pub const PERCENT: Self = Self(1);
    /// HTML character references.
    pub const ENTITY: Self = Self(1 << 1);
    /// Backslash escapes of JavaScript, C and CSS.
    pub const ESCAPE: Self = Self(1 << 2);
    /// Full width, look-alike and overlong characters.
    pub const FOLD: Self = Self(1 << 3);
    /// `+` for a space.
    pub const PLUS: Self = Self(1 << 4);
    /// NUL bytes and invisible characters taken out.
    pub const STRIP: Self = Self(1 << 5);
    /// Base64 that held text.
    pub const BASE64: Self = Self(1 << 6);

    /// UTF-7.
    pub const UTF7: Self = Self(1 << 7);
    /// Comments inside of words taken out.
    pub const COMMENT: Self = Self(1 << 8);

    const NAMES: [&'static str; 9] = [
        "percent", "entity", "escape", "fold", "plus", "strip", "base64", "utf7", "comment",
    ];

    /// Both decodings.
    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every decoding here is in `other`, too.
    pub(crate) const fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }
}

impl fmt::Display for NormalForm {
    /// `raw`, or the decodings joined by `+`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::RAW {
            return f.write_str("raw");
        }
        let mut first = true;
        for (bit, name) in Self::NAMES.iter().enumerate() {
            if self.0 & (1 << bit) != 0 {
                f.write_str(if first { "" } else { "+" })?;
                f.write_str(name)?;
                first = false;
            }
        }
        Ok(())
    }
}
