//! br (RFC 7932), without its large-window extension.

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use crate::extract::ExtractError;

/// The content of one stream, to its end.
pub(super) fn brotli(body: &[u8], most: usize) -> Result<Vec<u8>, ExtractError> {
    let alloc = StandardAlloc::default;
    let mut state = BrotliState::new_strict(alloc(), alloc(), alloc());
    let (mut input_left, mut input_at, mut total) = (body.len(), 0usize, 0usize);
    let mut out = Vec::new();
    let mut written = 0usize;
    let mut room = body.len().saturating_mul(4).clamp(256, 1 << 20);
    loop {
        out.resize(room.min(most), 0);
        let mut output_left = out.len().saturating_sub(written);
        let result = BrotliDecompressStream(
            &mut input_left,
            &mut input_at,
            body,
            &mut output_left,
            &mut written,
            &mut out,
            &mut total,
            &mut state,
        );
        match result {
            BrotliResult::ResultSuccess if input_left == 0 => {
                out.truncate(written);
                return Ok(out);
            }
            BrotliResult::NeedsMoreOutput if room < most => room = room.saturating_mul(2),
            BrotliResult::NeedsMoreOutput => return Err(ExtractError::CodingBomb),
            _ => return Err(ExtractError::MalformedCoding),
        }
    }
}
