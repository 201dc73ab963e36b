//! gzip (RFC 1952) and deflate, which is zlib (RFC 1950) or, from some senders, bare (RFC 1951).

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

use crate::extract::ExtractError;

/// All members of a gzip file, one after the other.
pub(super) fn gzip(body: &[u8], most: usize) -> Result<Vec<u8>, ExtractError> {
    let mut out = Vec::new();
    let mut rest = body;
    loop {
        rest = member(rest, &mut out, most)?;
        if rest.is_empty() {
            return Ok(out);
        }
    }
}

/// A stream with or without the zlib header, whose checksum tells the two apart.
pub(super) fn deflate(body: &[u8], most: usize) -> Result<Vec<u8>, ExtractError> {
    let zlib = match *body {
        [method, flags, ..] => {
            method & 0x0F == 8 && u16::from_be_bytes([method, flags]).is_multiple_of(31)
        }
        _ => false,
    };
    let header = if zlib {
        inflate_flags::TINFL_FLAG_PARSE_ZLIB_HEADER
    } else {
        0
    };
    let mut out = Vec::new();
    match inflate(body, header, &mut out, most)? {
        [] => Ok(out),
        _ => Err(ExtractError::MalformedCoding),
    }
}

/// One gzip member; what follows it.
fn member<'b>(body: &'b [u8], out: &mut Vec<u8>, most: usize) -> Result<&'b [u8], ExtractError> {
    const MALFORMED: ExtractError = ExtractError::MalformedCoding;
    let [0x1F, 0x8B, 8, flags, _, _, _, _, _, _, rest @ ..] = body else {
        return Err(MALFORMED);
    };
    if flags & 0xE0 != 0 {
        return Err(MALFORMED);
    }
    let mut rest = rest;
    if flags & 4 != 0 {
        let (length, after) = rest.split_first_chunk::<2>().ok_or(MALFORMED)?;
        rest = after
            .get(usize::from(u16::from_le_bytes(*length))..)
            .ok_or(MALFORMED)?;
    }
    for text in [8, 16] {
        if flags & text != 0 {
            let end = rest.iter().position(|&b| b == 0).ok_or(MALFORMED)?;
            rest = rest.get(end.saturating_add(1)..).ok_or(MALFORMED)?;
        }
    }
    if flags & 2 != 0 {
        rest = rest.get(2..).ok_or(MALFORMED)?;
    }
    let start = out.len();
    let rest = inflate(rest, 0, out, most)?;
    let (checksum, rest) = rest.split_first_chunk::<4>().ok_or(MALFORMED)?;
    let (length, rest) = rest.split_first_chunk::<4>().ok_or(MALFORMED)?;
    let content = out.get(start..).unwrap_or_default();
    let long = u32::try_from(content.len()).map_err(|_| MALFORMED)?;
    if u32::from_le_bytes(*length) != long || u32::from_le_bytes(*checksum) != crc32(content) {
        return Err(MALFORMED);
    }
    Ok(rest)
}

/// Appends what a deflate stream holds; what follows the stream.
fn inflate<'b>(
    body: &'b [u8],
    header: u32,
    out: &mut Vec<u8>,
    most: usize,
) -> Result<&'b [u8], ExtractError> {
    let flags = header | inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let start = out.len();
    let mut state = Box::<DecompressorOxide>::default();
    let (mut rest, mut written) = (body, 0usize);
    let mut room = body.len().saturating_mul(4).clamp(256, 1 << 20);
    loop {
        let limit = most.saturating_sub(start);
        out.resize(start.saturating_add(room.min(limit)), 0);
        let window = out.get_mut(start..).unwrap_or_default();
        let (status, read, wrote) = decompress(&mut state, rest, window, written, flags);
        rest = rest.get(read..).unwrap_or_default();
        written = written.saturating_add(wrote);
        match status {
            TINFLStatus::Done => {
                out.truncate(start.saturating_add(written));
                return Ok(rest);
            }
            TINFLStatus::HasMoreOutput if room < limit => room = room.saturating_mul(2),
            TINFLStatus::HasMoreOutput => return Err(ExtractError::CodingBomb),
            _ => return Err(ExtractError::MalformedCoding),
        }
    }
}

/// CRC-32 (ISO 3309), four bits at a time.
fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 16] = table();
    let step = |crc: u32, nibble: u32| {
        let index = usize::try_from((crc ^ nibble) & 15).unwrap_or(0);
        (crc >> 4) ^ TABLE.get(index).copied().unwrap_or(0)
    };
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        let byte = u32::from(byte);
        step(step(crc, byte & 15), byte >> 4)
    })
}

const fn table() -> [u32; 16] {
    let mut table = [0u32; 16];
    let mut rest: &mut [u32] = &mut table;
    let mut index = 0u32;
    while let [first, tail @ ..] = rest {
        let mut crc = index;
        let mut bit = 0;
        while bit < 4 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ 0xEDB8_8320
            } else {
                crc >> 1
            };
            bit += 1;
        }
        *first = crc;
        index += 1;
        rest = tail;
    }
    table
}
