//! RFC 9530: digests and the fields that ask for them.

use sealgate_signature::SignatureError as E;
use sealgate_signature::content_digest::{self, DigestAlgorithm};

/// The content of appendices A and B, with its line feed, and their digest of it.
const WITH_LF: &[u8] = b"{\"hello\": \"world\"}\n";
const SHA256: &str = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
const SHA512: &str = "sha-512=:YMAam51Jz/jOATT6/zvHrLVgOYTGFy1d6GJiOHTohq4yP+pgk4vf2aCsyRZOtw8MjkM7iw7yZ/WkppmM44T3qg==:";

#[test]
fn examples_of_appendix_b() {
    for value in [SHA256, SHA512, &format!("{SHA256}, {SHA512}")] {
        assert_eq!(content_digest::verify(&[value.as_bytes()], WITH_LF), Ok(()));
    }
    let lines = [SHA256.as_bytes(), SHA512.as_bytes()];
    assert_eq!(content_digest::verify(&lines, WITH_LF), Ok(()));
    assert_eq!(content_digest::sha256(WITH_LF), SHA256);
    assert_eq!(content_digest::sha512(WITH_LF), SHA512);
    // Appendix B.1: HEAD has no content; the digest of nothing is not that of the representation.
    let nothing = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";
    assert_eq!(content_digest::verify(&[nothing.as_bytes()], b""), Ok(()));
    assert_eq!(
        content_digest::verify(&[SHA256.as_bytes()], b""),
        Err(E::DigestMismatch)
    );
    // Appendix B.3: a range has a digest of its own content, and is not the representation.
    let range = "sha-256=:jjcgBDWNAtbYUXI37CVG3gRuGOAjaaDRGpIUFsdyepQ=:";
    assert_eq!(
        content_digest::verify(&[range.as_bytes()], b"\"world\"}\n"),
        Ok(())
    );
    assert_eq!(
        content_digest::verify(&[range.as_bytes()], WITH_LF),
        Err(E::DigestMismatch)
    );
    // Appendix B.4: with a content coding, the content is what is transferred.
    let coded = [&[0x0b, 0x09, 0x80], WITH_LF, &[0x03]].concat();
    let digest = "sha-256=:d435Qo+nKZ+gLcUHn7GQtQ72hiBVAgqoLsZnZPiTGPk=:";
    assert_eq!(content_digest::verify(&[digest.as_bytes()], &coded), Ok(()));
}

#[test]
fn faults() {
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
        let verified = content_digest::verify(&bytes, b"body");
        assert_eq!(verified, Err(expected), "{lines:?}");
    }
    let unknown_beside = format!("{good}, md5=:AAAA:");
    let verified = content_digest::verify(&[unknown_beside.as_bytes()], b"body");
    assert_eq!(verified, Ok(()));
}

/// Section 4 and appendix C.
#[test]
fn preferences() {
    use DigestAlgorithm::{Sha256, Sha512};
    for (value, expected) in [
        ("sha-256=1", Ok(Some(Sha256))),
        ("sha-512=3, sha-256=10, unixsum=0", Ok(Some(Sha256))),
        ("sha-256=3, sha-512=10", Ok(Some(Sha512))),
        ("sha-256=5, sha-512=5", Ok(Some(Sha256))),
        ("sha-256=0", Ok(None)),
        ("sha=10", Ok(None)),
        ("", Ok(None)),
        ("sha-256=11", Err(E::Malformed)),
        ("sha-256=-1", Err(E::Malformed)),
        ("sha-256", Err(E::Malformed)),
        ("sha-256=1, sha-256=2", Err(E::DuplicateLabel)),
    ] {
        let preferred = content_digest::preferred(&[value.as_bytes()]);
        assert_eq!(preferred, expected, "{value}");
    }
    let value = content_digest::want(&[Sha512, Sha256]);
    assert_eq!(value, "sha-512=10, sha-256=9");
    let preferred = content_digest::preferred(&[value.as_bytes()]);
    assert_eq!(preferred, Ok(Some(Sha512)));
}
