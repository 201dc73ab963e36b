//! zstd (RFC 8878) with windows of at most 8 MiB (RFC 9659), without dictionaries.

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::extract::ExtractError;

/// Largest window (RFC 9659 section 3).
const MAX_WINDOW_BYTES: u64 = 8 * 1024 * 1024;
const MALFORMED: ExtractError = ExtractError::MalformedCoding;

/// The content of all frames, one after the other.
pub(super) fn zstandard(body: &[u8], most: usize) -> Result<Vec<u8>, ExtractError> {
    let mut out = Vec::new();
    let mut rest = body;
    if body.is_empty() {
        return Err(MALFORMED);
    }
    while !rest.is_empty() {
        if let Some(after) = skippable(rest)? {
            rest = after;
            continue;
        }
        if window_bytes(rest).ok_or(MALFORMED)? > MAX_WINDOW_BYTES {
            return Err(ExtractError::CodingBomb);
        }
        let mut decoder = FrameDecoder::new();
        decoder.init(&mut rest).map_err(|_| MALFORMED)?;
        while !decoder.is_finished() {
            decoder
                .decode_blocks(&mut rest, BlockDecodingStrategy::UptoBlocks(1))
                .map_err(|_| MALFORMED)?;
            let ready = decoder.can_collect();
            if out.len().saturating_add(ready) > most {
                return Err(ExtractError::CodingBomb);
            }
            decoder.collect_to_writer(&mut out).map_err(|_| MALFORMED)?;
        }
        let written = decoder.get_checksum_from_data();
        if written.is_some() && written != decoder.get_calculated_checksum() {
            return Err(MALFORMED);
        }
    }
    Ok(out)
}

/// What follows a skippable frame (section 3.1.2), if this is one.
fn skippable(body: &[u8]) -> Result<Option<&[u8]>, ExtractError> {
    let [0x50..=0x5F, 0x2A, 0x4D, 0x18, rest @ ..] = body else {
        return Ok(None);
    };
    let (length, rest) = rest.split_first_chunk::<4>().ok_or(MALFORMED)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| MALFORMED)?;
    rest.get(length..).map(Some).ok_or(MALFORMED)
}

/// The window a frame asks for (section 3.1.1.1), before anything is reserved for it; nothing for
/// what is no frame, and for one that needs a dictionary.
fn window_bytes(body: &[u8]) -> Option<u64> {
    let [0x28, 0xB5, 0x2F, 0xFD, descriptor, rest @ ..] = body else {
        return None;
    };
    if descriptor & 3 != 0 {
        return None;
    }
    let single_segment = descriptor & 0x20 != 0;
    if !single_segment {
        let window = rest.first()?;
        let base = 1u64 << (10u32.saturating_add(u32::from(window >> 3)));
        return Some(
            (base / 8)
                .saturating_mul(u64::from(window & 7))
                .saturating_add(base),
        );
    }
    let (size_bytes, offset) = match descriptor >> 6 {
        0 => (1, 0),
        1 => (2, 256),
        2 => (4, 0),
        _ => (8, 0),
    };
    let size = rest.get(..size_bytes)?;
    let value = size
        .iter()
        .rev()
        .fold(0u64, |value, byte| (value << 8) | u64::from(*byte));
    Some(value.saturating_add(offset))
}
