//! Whether failures can be told apart by time: Welch's t between two kinds of bad message, measured
//! in turns, after the manner of dudect. `cargo run --release -p sealgate-jose --example timing`.
//!
//! A |t| of 4.5 is dudect's line. Read it on a machine that does nothing else.

use std::hint::black_box;
use std::time::Instant;

use sealgate_jose::jwe::{
    ContentEncryption, DecryptionKey, EncryptionKey, KeyManagement, SealSpec, Sealed, seal_compact,
};
use sealgate_jose::jws::{SignKey, SignSpec, VerifyKey, sign_compact, verify};
use sealgate_jose::{Limits, RandomError};

const ROUNDS: usize = 200_000;
const SECRET: [u8; 32] = [0x2d; 32];

fn main() {
    let open = |alg, enc, token: &[u8]| {
        let key = DecryptionKey::symmetric(alg, enc, &SECRET).expect("key");
        let opened = Sealed::compact(token, &Limits::TOKEN).and_then(|sealed| key.open(sealed));
        assert!(opened.is_err(), "a bad message opened");
    };
    let (dir, wrap) = (KeyManagement::Dir, KeyManagement::A256Kw);
    let (gcm, cbc) = (ContentEncryption::A256Gcm, ContentEncryption::A128CbcHs256);
    for (name, alg, enc, segment, places) in [
        (
            "A256GCM, first or last byte of the tag",
            dir,
            gcm,
            4,
            [0, 15],
        ),
        (
            "A128CBC-HS256, first or last byte of the tag",
            dir,
            cbc,
            4,
            [0, 15],
        ),
        // The last block decides the padding: with a bad tag it must not matter.
        (
            "A128CBC-HS256, padding good or bad under a bad tag",
            dir,
            cbc,
            3,
            [0, usize::MAX],
        ),
        (
            "A256KW, first or last byte of the encrypted key",
            wrap,
            gcm,
            1,
            [0, 39],
        ),
    ] {
        let token = token(alg, enc);
        let [first, second] = places.map(|place| flip(&token, segment, place));
        report(name, || open(alg, enc, &first), || open(alg, enc, &second));
    }
    let key = VerifyKey::hs256(&SECRET).expect("key");
    let signer = SignKey::hs256(&SECRET).expect("key");
    let signed = sign_compact(b"payload", &SignSpec::default(), &signer).expect("token");
    let [first, second] = [0, 31].map(|place| flip(&signed, 2, place));
    let refuse = |token: &[u8]| assert!(verify(token, &key, &Limits::TOKEN).is_err());
    report(
        "HS256, first or last byte of the MAC",
        || refuse(&first),
        || refuse(&second),
    );
}

fn token(alg: KeyManagement, enc: ContentEncryption) -> String {
    let key = EncryptionKey::symmetric(alg, enc, &SECRET).expect("key");
    let mut next = 0_u8;
    let mut random = |bytes: &mut [u8]| -> Result<(), RandomError> {
        for byte in bytes {
            next = next.wrapping_mul(167).wrapping_add(13);
            *byte = next;
        }
        Ok(())
    };
    seal_compact(&[7; 200], &SealSpec::new(enc), &key, &mut random).expect("token")
}

/// One bit of a decoded byte changed, counted from the end where `place` is beyond it.
fn flip(token: &str, segment: usize, place: usize) -> Vec<u8> {
    use base64ct::{Base64UrlUnpadded, Encoding};
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let mut bytes = Base64UrlUnpadded::decode_vec(&parts[segment]).expect("base64url");
    let last = bytes.len() - 1;
    bytes[place.min(last)] ^= 1;
    parts[segment] = Base64UrlUnpadded::encode_string(&bytes);
    parts.join(".").into_bytes()
}

fn report(name: &str, mut first: impl FnMut(), mut second: impl FnMut()) {
    let mut samples = [Vec::with_capacity(ROUNDS), Vec::with_capacity(ROUNDS)];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..2 * ROUNDS {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let class = (state >> 40) as usize & 1;
        let start = Instant::now();
        match class {
            0 => black_box(&mut first)(),
            _ => black_box(&mut second)(),
        }
        samples[class].push(start.elapsed().as_nanos() as f64);
    }
    // The slow tenth is the machine's, not the code's.
    let moments = samples.map(|mut samples| {
        samples.sort_by(f64::total_cmp);
        samples.truncate(samples.len() * 9 / 10);
        let count = samples.len() as f64;
        let mean = samples.iter().sum::<f64>() / count;
        let variance = samples.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    });
    let [(first, a), (second, b)] = moments;
    let t = (first - second) / (a + b).sqrt();
    println!("t = {t:+6.2}   {first:7.0} ns, {second:7.0} ns   {name}");
}
