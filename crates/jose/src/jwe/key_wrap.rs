//! AES Key Wrap (RFC 3394). Unwrapping says whether the key is whole without a branch on it: a caller who
//! goes on with another key then (RFC 7516 section 11.5) takes the same steps either way.

use aes::Block;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt};
use aes_gcm::aead::consts::U16;
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

/// What wrapping adds (RFC 3394 section 2.2.1), and half a block.
pub(super) const OVERHEAD_BYTES: usize = 8;
/// Section 2.2.3.1.
const INITIAL_VALUE: u64 = 0xa6a6_a6a6_a6a6_a6a6;
const ROUNDS: u64 = 6;

/// Unwraps into `key`, which has to be [`OVERHEAD_BYTES`] shorter than `wrapped`. Where that is not so, or
/// the integrity check fails, the choice is no and `key` is worth nothing.
pub(super) fn unwrap(
    cipher: &impl BlockCipherDecrypt<BlockSize = U16>,
    wrapped: &[u8],
    key: &mut [u8],
) -> Choice {
    let Some((first, rest)) = wrapped.split_first_chunk() else {
        return Choice::from(0);
    };
    if rest.len() != key.len() || !key.len().is_multiple_of(OVERHEAD_BYTES) {
        return Choice::from(0);
    }
    key.copy_from_slice(rest);
    let mut check = u64::from_be_bytes(*first);
    let mut step = steps(key);
    for _ in 0..ROUNDS {
        for half in key.chunks_exact_mut(OVERHEAD_BYTES).rev() {
            check = turned(check ^ step, half, |block| cipher.decrypt_block(block));
            step = step.saturating_sub(1);
        }
    }
    check.ct_eq(&INITIAL_VALUE)
}

/// Wraps `key`, a multiple of 8 bytes.
pub(super) fn wrap(cipher: &impl BlockCipherEncrypt<BlockSize = U16>, key: &[u8]) -> Vec<u8> {
    let mut halves = Zeroizing::new(key.to_vec());
    let (mut check, mut step) = (INITIAL_VALUE, 0_u64);
    for _ in 0..ROUNDS {
        for half in halves.chunks_exact_mut(OVERHEAD_BYTES) {
            step = step.saturating_add(1);
            check = turned(check, half, |block| cipher.encrypt_block(block)) ^ step;
        }
    }
    [&check.to_be_bytes(), halves.as_slice()].concat()
}

fn steps(key: &[u8]) -> u64 {
    let halves = u64::try_from(key.len() / OVERHEAD_BYTES).unwrap_or_default();
    halves.saturating_mul(ROUNDS)
}

/// One block of `check` and `half` through the cipher: the new `half` in place, and the new check.
fn turned(check: u64, half: &mut [u8], cipher: impl Fn(&mut Block)) -> u64 {
    let mut block = Zeroizing::new([0_u8; 16]);
    let (front, back) = block.split_at_mut(OVERHEAD_BYTES);
    front.copy_from_slice(&check.to_be_bytes());
    back.copy_from_slice(half);
    cipher((&mut *block).into());
    let (front, back) = block.split_at(OVERHEAD_BYTES);
    half.copy_from_slice(back);
    front.try_into().map(u64::from_be_bytes).unwrap_or_default()
}
