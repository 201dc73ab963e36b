//! Content codings (RFC 9110 section 8.4): gzip, deflate, br and zstd undone under a cap.
//!
//! What was decoded is what should be forwarded: then it does not matter how another decoder would
//! have read a doubtful stream. Streams are read to their end all the same: a wrong checksum, a
//! dictionary, or bytes behind the end are refused.

mod brotli;
mod inflate;
mod zstandard;

use super::ExtractError;
use crate::Limits;

/// The codings of a body in the order they were applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codings(Vec<Coding>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstandard,
}

impl Codings {
    /// Reads a `Content-Encoding` value; `identity` and empty elements count for nothing.
    ///
    /// # Errors
    /// A coding that we do not undo, or more than `codings` of them.
    pub fn parse(value: &[u8], limits: &Limits) -> Result<Self, ExtractError> {
        let mut codings = Vec::new();
        for name in value.split(|&b| b == b',') {
            let name = name.trim_ascii().to_ascii_lowercase();
            codings.push(match name.as_slice() {
                b"" | b"identity" => continue,
                b"gzip" | b"x-gzip" => Coding::Gzip,
                b"deflate" => Coding::Deflate,
                b"br" => Coding::Brotli,
                b"zstd" => Coding::Zstandard,
                _ => return Err(ExtractError::UnsupportedCoding),
            });
        }
        if codings.len() > limits.codings {
            return Err(ExtractError::UnsupportedCoding);
        }
        Ok(Self(codings))
    }

    /// Whether there is nothing to undo.
    pub fn is_identity(&self) -> bool {
        self.0.is_empty()
    }
}

/// The body with its codings undone, the last one first.
///
/// # Errors
/// A stream that is broken or goes on behind its end, or more than `decoded_bytes` or
/// `decoded_ratio` allow, over all codings together.
pub fn decoded(codings: &Codings, body: &[u8], limits: &Limits) -> Result<Vec<u8>, ExtractError> {
    /// Up to here a ratio says nothing.
    const SMALL: usize = 64 * 1024;
    let by_ratio = body.len().saturating_mul(limits.decoded_ratio).max(SMALL);
    let most = by_ratio.min(limits.decoded_bytes);
    let mut current: Option<Vec<u8>> = None;
    for coding in codings.0.iter().rev() {
        let input = current.as_deref().unwrap_or(body);
        let output = match coding {
            Coding::Gzip => inflate::gzip(input, most),
            Coding::Deflate => inflate::deflate(input, most),
            Coding::Brotli => brotli::brotli(input, most),
            Coding::Zstandard => zstandard::zstandard(input, most),
        };
        current = Some(output?);
    }
    Ok(current.unwrap_or_else(|| body.to_vec()))
}
