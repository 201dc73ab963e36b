//! Takes the parts of a request apart into fields.
//!
//! Each function undoes the encoding of its container once (percent-encoding, `+`, JSON escapes)
//! and hands names and values to the sink; what is encoded again is the scanner's to unfold.

mod body;
mod json;
mod multipart;
mod urlencoded;

use core::fmt;

pub use body::{Extracted, Format, body};
pub use json::{claims, json};
pub use urlencoded::{cookies, form, header, path, query};

/// A body that could not be taken apart: it must not be passed on as judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExtractError {
    /// Not the JSON it claims to be.
    MalformedJson,
    /// JSON whose bytes are not UTF-8 (RFC 8259 section 8.1).
    InvalidUtf8,
    /// Nested deeper than `json_depth`.
    TooDeep,
    /// More members, elements, parts than the limits allow, or a longer string.
    TooLarge,
    /// A multipart body without its boundary, or that does not end.
    MalformedMultipart,
    /// A declared character set other than UTF-8, US-ASCII or ISO-8859-1.
    UnsupportedCharset,
}

impl ExtractError {
    /// A stable kebab-case name for logs and metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::MalformedJson => "json-malformed",
            Self::InvalidUtf8 => "json-not-utf8",
            Self::TooDeep => "json-too-deep",
            Self::TooLarge => "body-structure-too-large",
            Self::MalformedMultipart => "multipart-malformed",
            Self::UnsupportedCharset => "charset-unsupported",
        }
    }
}

impl fmt::Display for ExtractError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl core::error::Error for ExtractError {}
