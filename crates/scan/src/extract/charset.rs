//! Character sets: UTF-8 as it is, UTF-16 and UTF-32 transcoded, what agrees with ASCII on every
//! byte a detector looks at left alone, everything else refused.

use std::borrow::Cow;

use super::ExtractError;

/// The body as UTF-8 (or as bytes that agree with ASCII), by byte order mark, declaration, and the
/// zero bytes that UTF-16 and UTF-32 text begins with (RFC 4627 section 3).
///
/// # Errors
/// An unknown character set, a mark that contradicts the declaration, unpaired surrogates.
pub(super) fn normalised<'b>(
    declared: Option<&[u8]>,
    body: &'b [u8],
) -> Result<Cow<'b, [u8]>, ExtractError> {
    let declared = declared.map_or(Ok(Charset::Unknown), Charset::named)?;
    let (marked, rest) = Charset::marked(body);
    match (declared, marked) {
        (Charset::Unknown | Charset::Ascii, None) => Ok(match Charset::guessed(body) {
            // A guess that does not come true was none: binary data starts so, too.
            Some(guess) => guess.transcoded(body).unwrap_or(Cow::Borrowed(body)),
            None => Cow::Borrowed(body),
        }),
        (declared, None) => declared.transcoded(body),
        // The mark of UTF-8 is the reader's to skip.
        (Charset::Unknown | Charset::Ascii, Some(Charset::Ascii)) => Ok(Cow::Borrowed(body)),
        (Charset::Unknown, Some(marked)) => marked.transcoded(rest),
        (declared, Some(marked)) if declared.agrees_with(marked) => marked.transcoded(rest),
        _ => Err(ExtractError::UnsupportedCharset),
    }
}

/// Whether a name (lower case) means bytes that agree with ASCII: for the declaration inside XML.
pub(super) fn is_ascii_compatible(name: &[u8]) -> bool {
    matches!(Charset::named(name), Ok(Charset::Ascii | Charset::Unknown))
}

/// Whether the name is one of the UTF-16 family, which an XML declaration may repeat.
pub(super) fn is_wide(name: &[u8]) -> bool {
    matches!(
        Charset::named(name),
        Ok(Charset::Utf16(_) | Charset::Utf32(_))
    )
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Charset {
    Unknown,
    /// UTF-8 or a single-byte set whose lower half is ASCII.
    Ascii,
    Utf16(Option<Order>),
    Utf32(Option<Order>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Big,
    Little,
}

impl Charset {
    /// Multi-byte sets are left out: in Shift JIS, GBK and Big5 a quote or backslash can be the
    /// second half of a character, and UTF-7 hides them all.
    fn named(name: &[u8]) -> Result<Self, ExtractError> {
        Ok(match name {
            b"" => Self::Unknown,
            b"utf-8" | b"utf8" | b"us-ascii" | b"ascii" | b"latin1" | b"utf-8-sig" => Self::Ascii,
            b"utf-16" | b"utf16" | b"ucs-2" => Self::Utf16(None),
            b"utf-16be" => Self::Utf16(Some(Order::Big)),
            b"utf-16le" => Self::Utf16(Some(Order::Little)),
            b"utf-32" | b"utf32" => Self::Utf32(None),
            b"utf-32be" => Self::Utf32(Some(Order::Big)),
            b"utf-32le" => Self::Utf32(Some(Order::Little)),
            _ if name.starts_with(b"iso-8859-") || name.starts_with(b"windows-125") => Self::Ascii,
            _ => return Err(ExtractError::UnsupportedCharset),
        })
    }

    /// The byte order mark, and what follows it.
    fn marked(body: &[u8]) -> (Option<Self>, &[u8]) {
        match body {
            [0, 0, 0xFE, 0xFF, rest @ ..] => (Some(Self::Utf32(Some(Order::Big))), rest),
            [0xFF, 0xFE, 0, 0, rest @ ..] => (Some(Self::Utf32(Some(Order::Little))), rest),
            [0xFE, 0xFF, rest @ ..] => (Some(Self::Utf16(Some(Order::Big))), rest),
            [0xFF, 0xFE, rest @ ..] => (Some(Self::Utf16(Some(Order::Little))), rest),
            [0xEF, 0xBB, 0xBF, rest @ ..] => (Some(Self::Ascii), rest),
            _ => (None, body),
        }
    }

    /// By where the zero bytes of the first characters are, when those could start a document.
    fn guessed(body: &[u8]) -> Option<Self> {
        let starts = |byte: u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
        match *body {
            [0, 0, 0, a, ..] if starts(a) => Some(Self::Utf32(Some(Order::Big))),
            [a, 0, 0, 0, ..] if starts(a) => Some(Self::Utf32(Some(Order::Little))),
            [0, a, 0, b, ..] if starts(a) && starts(b) => Some(Self::Utf16(Some(Order::Big))),
            [a, 0, b, 0, ..] if starts(a) && starts(b) => Some(Self::Utf16(Some(Order::Little))),
            _ => None,
        }
    }

    fn transcoded(self, body: &[u8]) -> Result<Cow<'_, [u8]>, ExtractError> {
        match self {
            Self::Unknown | Self::Ascii => Ok(Cow::Borrowed(body)),
            Self::Utf16(order) => utf16(body, order.unwrap_or(Order::Big)).map(Cow::Owned),
            Self::Utf32(order) => utf32(body, order.unwrap_or(Order::Big)).map(Cow::Owned),
        }
    }

    fn agrees_with(self, marked: Self) -> bool {
        match (self, marked) {
            (Self::Utf16(None), Self::Utf16(_)) | (Self::Utf32(None), Self::Utf32(_)) => true,
            (declared, marked) => declared == marked,
        }
    }
}

fn utf16(body: &[u8], order: Order) -> Result<Vec<u8>, ExtractError> {
    let (units, rest) = body.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(ExtractError::MalformedCharset);
    }
    let units = units.iter().map(|pair| match order {
        Order::Big => u16::from_be_bytes(*pair),
        Order::Little => u16::from_le_bytes(*pair),
    });
    let mut text = String::with_capacity(body.len());
    for character in char::decode_utf16(units) {
        text.push(character.map_err(|_| ExtractError::MalformedCharset)?);
    }
    Ok(text.into_bytes())
}

fn utf32(body: &[u8], order: Order) -> Result<Vec<u8>, ExtractError> {
    let (units, rest) = body.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(ExtractError::MalformedCharset);
    }
    let mut text = String::with_capacity(body.len());
    for unit in units {
        let unit = match order {
            Order::Big => u32::from_be_bytes(*unit),
            Order::Little => u32::from_le_bytes(*unit),
        };
        text.push(char::from_u32(unit).ok_or(ExtractError::MalformedCharset)?);
    }
    Ok(text.into_bytes())
}
