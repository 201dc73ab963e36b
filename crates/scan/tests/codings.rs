//! Content codings: undone to the last byte, bounded in what they unfold to.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use proptest::prelude::*;
use sealgate_scan::Limits;
use sealgate_scan::extract::{Codings, ExtractError, decoded};

fn undo(value: &str, body: &[u8], limits: &Limits) -> Result<Vec<u8>, ExtractError> {
    decoded(&Codings::parse(value.as_bytes(), limits)?, body, limits)
}

fn decode(value: &str, body: &[u8]) -> Result<Vec<u8>, ExtractError> {
    undo(value, body, &Limits::default())
}

fn hex(text: &str) -> Vec<u8> {
    let digit = |b: u8| (b as char).to_digit(16).expect("a digit") as u8;
    let bytes = text.as_bytes().chunks(2);
    bytes
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).expect("written");
    encoder.finish().expect("ended")
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).expect("written");
    encoder.finish().expect("ended")
}

fn bare_deflate(text: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).expect("written");
    encoder.finish().expect("ended")
}

const TEXT: &[u8] = b"{\"note\":\"1' or '1'='1\",\"pad\":\"\
    abcdefghabcdefghabcdefghabcdefghabcdefghabcdefghabcdefghabcdefgh\"}";
/// [`TEXT`] as Google's brotli 1.1 and Facebook's zstd 1.5 (with checksum) write it.
const BROTLI: &str = "1b5f00f805c26d94eab8b262591dd8c2fc9b62154b92afca81453c6ac131957d454db31a89130d27\
    4a6d7dcc051f";
const ZSTD: &str = "28b52ffd246085010084027b226e6f7465223a223127206f72202731273d2731222c22706164223a22\
    6162636465666768227d0100eecef20422127fd9";
/// 8 MiB of `0` as brotli writes it.
const BROTLI_BOMB: &str = "cbffff3ff82560e2b14020f7fe6f";

/// A zstd frame of `blocks` run-length blocks of 128 KiB.
fn zstd_bomb(window: u8, blocks: usize) -> Vec<u8> {
    let mut frame = vec![0x28, 0xB5, 0x2F, 0xFD, 0, window];
    for block in 1..=blocks {
        let header = u32::from(block == blocks) | 1 << 1 | (128 * 1024) << 3;
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(b'0');
    }
    frame
}

#[test]
fn every_coding_is_undone_and_so_are_two() {
    for (value, body) in [
        ("gzip", gzip(TEXT)),
        ("X-GZip", gzip(TEXT)),
        ("deflate", zlib(TEXT)),
        ("deflate", bare_deflate(TEXT)),
        ("br", hex(BROTLI)),
        ("zstd", hex(ZSTD)),
        ("identity", TEXT.to_vec()),
        ("", TEXT.to_vec()),
        ("br, gzip", gzip(&hex(BROTLI))),
        ("identity,zstd , gzip", gzip(&hex(ZSTD))),
    ] {
        assert_eq!(decode(value, &body).as_deref(), Ok(TEXT), "{value}");
    }
    let members = [gzip(&TEXT[..20]), gzip(&TEXT[20..])].concat();
    assert_eq!(decode("gzip", &members).as_deref(), Ok(TEXT));
    let frames = [hex(ZSTD), hex("502a4d1803000000616263"), hex(ZSTD)].concat();
    assert_eq!(decode("zstd", &frames), Ok([TEXT, TEXT].concat()));
}

#[test]
fn gzip_headers_with_every_optional_field() {
    let plain = gzip(TEXT);
    let mut head = plain[..10].to_vec();
    head[3] = 4 | 8 | 16 | 2;
    head.extend_from_slice(b"\x02\0xyname\0comment\0\x12\x34");
    head.extend_from_slice(&plain[10..]);
    assert_eq!(decode("gzip", &head).as_deref(), Ok(TEXT));
    head[3] |= 0x20;
    assert_eq!(decode("gzip", &head), Err(ExtractError::MalformedCoding));
}

#[test]
fn what_we_cannot_undo_is_named() {
    for value in [
        "compress",
        "gzip, aes128gcm",
        "sdch",
        "gzip;q=1",
        "gzip, gzip, gzip",
    ] {
        assert_eq!(
            Codings::parse(value.as_bytes(), &Limits::default()),
            Err(ExtractError::UnsupportedCoding),
            "{value}"
        );
    }
}

#[test]
fn a_stream_is_read_to_its_end_and_not_beyond() {
    for (value, body) in [
        ("gzip", gzip(TEXT)),
        ("deflate", zlib(TEXT)),
        ("deflate", bare_deflate(TEXT)),
        ("br", hex(BROTLI)),
        ("zstd", hex(ZSTD)),
    ] {
        let malformed = Err(ExtractError::MalformedCoding);
        for length in 0..body.len() {
            assert_eq!(
                decode(value, &body[..length]),
                malformed,
                "{value} cut at {length}"
            );
        }
        let longer = [body.as_slice(), b"' or 1=1"].concat();
        assert_eq!(decode(value, &longer), malformed, "{value} with a tail");
    }
    for (value, body) in [
        ("gzip", gzip(TEXT)),
        ("deflate", zlib(TEXT)),
        ("zstd", hex(ZSTD)),
    ] {
        let mut wrong = body.clone();
        let last = wrong.len() - 1;
        wrong[last - 4 * usize::from(value == "gzip")] ^= 1;
        assert_eq!(
            decode(value, &wrong),
            Err(ExtractError::MalformedCoding),
            "{value}"
        );
    }
}

#[test]
fn bombs_end_at_the_ratio_and_at_the_size() {
    let bomb = ExtractError::CodingBomb;
    let zeros = vec![b'0'; 8 << 20];
    let limits = Limits::default();
    for (value, body) in [
        ("gzip", gzip(&zeros)),
        ("deflate", zlib(&zeros)),
        ("br", hex(BROTLI_BOMB)),
        ("zstd", zstd_bomb(0x48, 64)),
        ("gzip, gzip", gzip(&gzip(&zeros))),
        // A window of 1 GiB is refused before anything is reserved for it.
        ("zstd", zstd_bomb(0xA0, 1)),
    ] {
        assert_eq!(undo(value, &body, &limits), Err(bomb), "{value}");
    }
    let generous = Limits {
        decoded_ratio: usize::MAX,
        ..limits
    };
    for (value, body) in [
        ("gzip", gzip(&zeros)),
        ("br", hex(BROTLI_BOMB)),
        ("zstd", zstd_bomb(0x48, 64)),
    ] {
        let read = undo(value, &body, &generous).expect("no bomb");
        assert!(read == zeros, "{value}");
        let small = Limits {
            decoded_bytes: (8 << 20) - 1,
            ..generous
        };
        assert_eq!(undo(value, &body, &small), Err(bomb), "{value}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_was_coded_comes_back(text in proptest::collection::vec(any::<u8>(), 0..4000)) {
        prop_assert_eq!(decode("gzip", &gzip(&text)), Ok(text.clone()));
        prop_assert_eq!(decode("deflate", &zlib(&text)), Ok(text.clone()));
        let level = ruzstd::encoding::CompressionLevel::Fastest;
        let zstd = ruzstd::encoding::compress_to_vec(text.as_slice(), level);
        prop_assert_eq!(decode("zstd", &zstd), Ok(text));
    }

    #[test]
    fn no_panic_on_changed_streams(at in 0usize..64, to in any::<u8>(), which in 0usize..4) {
        let (value, mut body) = match which {
            0 => ("gzip", gzip(TEXT)),
            1 => ("deflate", bare_deflate(TEXT)),
            2 => ("br", hex(BROTLI)),
            _ => ("zstd", hex(ZSTD)),
        };
        let at = at % body.len();
        body[at] = to;
        let _ = decode(value, &body);
    }
}
