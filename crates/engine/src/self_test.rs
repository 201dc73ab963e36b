//! Known-answer tests, run when a policy is loaded: a build whose cryptography is wrong must not
//! judge anything. They also take the code through its paths once before the first request.

use sealgate_signature::MacKey;
use sealgate_signature::key::mac;

/// The cryptography of this build does not compute what it must.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelfTestFailed {
    /// Name of the algorithm.
    pub algorithm: &'static str,
}

/// How often each test runs: enough for a compiling host to optimise the code.
const ROUNDS: usize = 8;

/// Runs all known-answer tests.
///
/// # Errors
/// The first algorithm whose answer is wrong.
pub fn self_test() -> Result<(), SelfTestFailed> {
    for _ in 0..ROUNDS {
        hs256().ok_or(SelfTestFailed { algorithm: "HS256" })?;
        a256gcm().ok_or(SelfTestFailed {
            algorithm: "A256GCM",
        })?;
    }
    Ok(())
}

/// RFC 4231 test case 1.
fn hs256() -> Option<()> {
    const ANSWER: [u8; 32] = [
        0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb, 0x38, 0x53, 0x5c, 0xa8, 0xaf, 0xce, 0xaf, 0x0b, 0xf1,
        0x2b, 0x88, 0x1d, 0xc2, 0x00, 0xc9, 0x83, 0x3d, 0xa7, 0x26, 0xe9, 0x37, 0x6c, 0x2e, 0x32,
        0xcf, 0xf7,
    ];
    let key = MacKey::new(vec![0x0b; 20]).ok()?;
    mac::matches(&key.compute(&[b"Hi There"]), &ANSWER).ok()?;
    mac::matches(&key.compute(&[b"Hi There!"]), &ANSWER)
        .is_err()
        .then_some(())
}

/// The GCM specification's test case 14: zero key, zero nonce, one zero block.
fn a256gcm() -> Option<()> {
    const SEALED: [u8; 32] = [
        0xce, 0xa7, 0x40, 0x3d, 0x4d, 0x60, 0x6b, 0x6e, 0x07, 0x4e, 0xc5, 0xd3, 0xba, 0xf3, 0x9d,
        0x18, 0xd0, 0xd1, 0xc8, 0xa7, 0x99, 0x99, 0x6b, 0xf0, 0x26, 0x5b, 0x98, 0xb5, 0xd4, 0x8a,
        0xb9, 0x19,
    ];
    let mut buffer = SEALED.to_vec();
    sealgate_aead::open_in_place(&[0; 32], &[0; 12], b"", &mut buffer).ok()?;
    if buffer != [0; 16] {
        return None;
    }
    let mut tampered = SEALED.to_vec();
    *tampered.last_mut()? ^= 1;
    sealgate_aead::open_in_place(&[0; 32], &[0; 12], b"", &mut tampered)
        .is_err()
        .then_some(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_build_computes_what_it_must() {
        assert_eq!(super::self_test(), Ok(()));
    }
}
