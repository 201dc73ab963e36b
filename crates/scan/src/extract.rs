//! Takes the parts of a request apart into fields.
//!
//! Each function undoes the encoding of its container once (percent-encoding, `+`, JSON escapes,
//! XML references, character set) and hands names and values to the sink; what is encoded again is
//! the scanner's to unfold, and containers inside values ([`inside`]) are opened as it finds them.
//!
//! Every reader is one pass over its bytes and stops at the first limit; a body that cannot be
//! taken apart as an application would is an error, never a guess.

mod base64;
mod body;
mod charset;
mod coding;
mod graphql;
mod inside;
mod json;
mod media_type;
mod multipart;
mod urlencoded;
mod xml;

use core::fmt;

pub use body::{Extracted, Format, body};
pub use coding::{Codings, decoded};
pub use inside::inside;
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
    /// A JSON object with two members of the same name: readers differ in which one counts.
    DuplicateKey,
    /// Not the XML it claims to be.
    MalformedXml,
    /// Nested deeper than `json_depth`, or containers in containers deeper than `nesting`.
    TooDeep,
    /// More members, elements, parts than the limits allow, or a longer string or number.
    TooLarge,
    /// A multipart body without its boundary, that does not end, or that parsers split differently.
    MalformedMultipart,
    /// A part's `Content-Transfer-Encoding` that we do not undo.
    UnsupportedPartEncoding,
    /// A character set that we do not read, or two that contradict each other.
    UnsupportedCharset,
    /// Bytes that are not text in their character set.
    MalformedCharset,
    /// A content coding that we do not undo, or too many of them.
    UnsupportedCoding,
    /// Not the compressed data it claims to be, or followed by something else.
    MalformedCoding,
    /// Compressed data that unfolds beyond `decoded_bytes` or `decoded_ratio`.
    CodingBomb,
}

impl ExtractError {
    /// A stable kebab-case name for logs and metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::MalformedJson => "json-malformed",
            Self::InvalidUtf8 => "json-not-utf8",
            Self::DuplicateKey => "json-duplicate-key",
            Self::MalformedXml => "xml-malformed",
            Self::TooDeep => "body-too-deep",
            Self::TooLarge => "body-structure-too-large",
            Self::MalformedMultipart => "multipart-malformed",
            Self::UnsupportedPartEncoding => "part-encoding-unsupported",
            Self::UnsupportedCharset => "charset-unsupported",
            Self::MalformedCharset => "charset-malformed",
            Self::UnsupportedCoding => "coding-unsupported",
            Self::MalformedCoding => "coding-malformed",
            Self::CodingBomb => "coding-bomb",
        }
    }

    /// Whether a bound was exceeded, as opposed to a format broken.
    pub const fn is_limit(self) -> bool {
        matches!(
            self,
            Self::TooDeep | Self::TooLarge | Self::DuplicateKey | Self::CodingBomb
        )
    }
}

impl fmt::Display for ExtractError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl core::error::Error for ExtractError {}
