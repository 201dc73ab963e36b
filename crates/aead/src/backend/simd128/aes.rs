//! AES-256 on eight blocks at once, bitsliced (Kaesper and Schwabe, CHES 2009): plane `i` holds bit
//! `i` of every state byte, bit `k` of a plane byte belongs to block `k`. Encryption only, which is
//! all that counter mode needs.
//!
//! A plane keeps the state by rows, so that MixColumns rotates 32-bit lanes (one instruction) and
//! ShiftRows rotates bytes inside them.

#![expect(
    clippy::indexing_slicing,
    reason = "arrays of fixed size, indices known to the compiler"
)]

use core::arch::wasm32::{i8x16_shuffle, i32x4_shuffle};

use zeroize::Zeroize;

use super::lanes::Lanes;
use super::sbox::substitute;

/// Blocks per batch, given by the eight bits of a byte.
pub(super) const BATCH: usize = 8;
const ROUNDS: usize = 14;

/// One bit of every state byte of eight blocks, for each of the eight bits.
type Planes = [Lanes; 8];

/// The expanded key, as planes; wiped on drop.
pub(super) struct Aes256 {
    round_keys: [Planes; ROUNDS + 1],
}

impl Aes256 {
    /// Expands `key` (FIPS 197 section 5.2).
    pub(super) fn new(key: &[u8; 32]) -> Self {
        let mut round_keys = [[Lanes::ZERO; 8]; ROUNDS + 1];
        let (low, high) = key.split_at(16);
        let mut even = words(low);
        let mut odd = words(high);
        let mut rcon = 1_u32;
        for (pair, keys) in round_keys.chunks_mut(2).enumerate() {
            if pair > 0 {
                even = next_round_key(even, substitute_word(odd[3]).rotate_right(8) ^ rcon);
                rcon <<= 1;
            }
            let mut keys = keys.iter_mut();
            if let Some(planes) = keys.next() {
                *planes = key_planes(even, pair > 0);
            }
            if let Some(planes) = keys.next() {
                if pair > 0 {
                    odd = next_round_key(odd, substitute_word(even[3]));
                }
                *planes = key_planes(odd, true);
            }
        }
        even.zeroize();
        odd.zeroize();
        Self { round_keys }
    }

    /// Encrypts eight counter blocks: `prefix` (its first 12 bytes count) and the 32-bit
    /// big-endian counters from `first` on, modulo 2^32 (SP 800-38D section 6.5).
    #[inline]
    pub(super) fn keystream(&self, prefix: Lanes, first: u32) -> [Lanes; BATCH] {
        let mut counter = first;
        let blocks = core::array::from_fn(|_| {
            let block = prefix.with_last_word(counter);
            counter = counter.wrapping_add(1);
            counter_to_rows(block)
        });
        let [first, middle @ .., last] = &self.round_keys;
        let mut planes = add(transpose_bits(blocks), first);
        for key in middle {
            planes = add(mix_columns(shift_rows(substitute(planes))), key);
        }
        planes = add(shift_rows(substitute(planes)), last);
        transpose_bits(planes).map(transpose_state)
    }
}

impl Drop for Aes256 {
    fn drop(&mut self) {
        self.round_keys.zeroize();
    }
}

/// Four big-endian-agnostic words: byte 0 of the key is the lowest byte of word 0.
fn words(bytes: &[u8]) -> [u32; 4] {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(4)) {
        *word = bytes
            .iter()
            .rev()
            .fold(0, |word, byte| word << 8 | u32::from(*byte));
    }
    words
}

/// The round key two before, and the word that starts the chain.
fn next_round_key(before: [u32; 4], mut chain: u32) -> [u32; 4] {
    before.map(|word| {
        chain ^= word;
        chain
    })
}

/// SubWord through the same circuit, so the key schedule is constant-time too.
fn substitute_word(word: u32) -> u32 {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&word.to_le_bytes());
    let planes = substitute(bit_masks(Lanes::load(&bytes)));
    let mut joined = Lanes::splat(0x63);
    for (bit, plane) in planes.into_iter().enumerate() {
        joined ^= plane & Lanes::splat(1 << bit);
    }
    let joined = joined.store();
    u32::from_le_bytes([joined[0], joined[1], joined[2], joined[3]])
}

/// Byte `j` of mask `i` is 0xff where bit `i` of byte `j` is set: a block repeated eight times.
#[inline(always)]
fn bit_masks(block: Lanes) -> Planes {
    core::array::from_fn(|bit| {
        let bit = Lanes::splat(1 << bit);
        (block & bit).equal_bytes(bit)
    })
}

/// A round key as planes. After a substitution it also carries the S-box constant 0x63, which
/// passes ShiftRows and MixColumns unchanged.
fn key_planes(words: [u32; 4], after_substitution: bool) -> Planes {
    let mut bytes = [0; 16];
    for (bytes, word) in bytes.chunks_exact_mut(4).zip(words) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    let constant = Lanes::splat(if after_substitution { 0x63 } else { 0 });
    let planes = bit_masks(transpose_state(Lanes::load(&bytes) ^ constant));
    bytes.zeroize();
    planes
}

/// AddRoundKey.
#[inline(always)]
fn add(planes: Planes, key: &Planes) -> Planes {
    core::array::from_fn(|bit| planes[bit] ^ key[bit])
}

/// ShiftRows: row `r`, a 32-bit lane, turns by `r` bytes.
#[inline(always)]
fn shift_rows(planes: Planes) -> Planes {
    planes.map(|plane| {
        Lanes(i8x16_shuffle::<
            0,
            1,
            2,
            3,
            5,
            6,
            7,
            4,
            10,
            11,
            8,
            9,
            15,
            12,
            13,
            14,
        >(plane.0, plane.0))
    })
}

/// MixColumns: with `t = a ^ next row of a`, each byte becomes
/// `2 t ^ next row of a ^ (t two rows on)`; doubling moves planes up and folds the top one by 0x1b.
#[inline(always)]
fn mix_columns(a: Planes) -> Planes {
    let next = a.map(|plane| Lanes(i32x4_shuffle::<1, 2, 3, 0>(plane.0, plane.0)));
    let t: Planes = core::array::from_fn(|bit| a[bit] ^ next[bit]);
    let across = t.map(|plane| Lanes(i32x4_shuffle::<2, 3, 0, 1>(plane.0, plane.0)));
    core::array::from_fn(|bit| {
        let rest = next[bit] ^ across[bit];
        match bit {
            0 => rest ^ t[7],
            1 | 3 | 4 => rest ^ t[bit - 1] ^ t[7],
            _ => rest ^ t[bit - 1],
        }
    })
}

/// Columns to rows and back: the 4 by 4 bytes transposed.
#[inline(always)]
fn transpose_state(block: Lanes) -> Lanes {
    Lanes(i8x16_shuffle::<
        0,
        4,
        8,
        12,
        1,
        5,
        9,
        13,
        2,
        6,
        10,
        14,
        3,
        7,
        11,
        15,
    >(block.0, block.0))
}

/// As [`transpose_state`], for a counter block whose last word is still little-endian.
#[inline(always)]
fn counter_to_rows(block: Lanes) -> Lanes {
    Lanes(i8x16_shuffle::<
        0,
        4,
        8,
        15,
        1,
        5,
        9,
        14,
        2,
        6,
        10,
        13,
        3,
        7,
        11,
        12,
    >(block.0, block.0))
}

/// Blocks to planes and back: each 8 by 8 bits, at equal byte positions, transposed.
#[inline(always)]
fn transpose_bits(mut rows: [Lanes; 8]) -> [Lanes; 8] {
    for (distance, shift, mask) in [(1, 1, 0x55), (2, 2, 0x33), (4, 4, 0x0f)] {
        let mask = Lanes::splat(mask);
        for low in 0..8 {
            if low & distance == 0 {
                let high = low | distance;
                let swap = (rows[low].shr64(shift) ^ rows[high]) & mask;
                rows[high] ^= swap;
                rows[low] ^= swap.shl64(shift);
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 197 appendix C.3: the block 00 11 .. ff under the key 00 01 .. 1f.
    #[test]
    fn fips_197_c3() {
        let key: [u8; 32] = core::array::from_fn(|i| i as u8);
        let block: [u8; 16] = core::array::from_fn(|i| (i * 0x11) as u8);
        let expected = 0x8ea2b7ca516745bfeafc49904b496089_u128.to_be_bytes();
        let aes = Aes256::new(&key);
        // The block as the k-th of eight counters, for every position.
        for position in 0..8_u32 {
            let stream = aes.keystream(Lanes::load(&block), 0xccddeeff - position);
            assert_eq!(
                stream[position as usize].store(),
                expected,
                "position {position}"
            );
        }
    }

    #[test]
    fn the_counter_wraps() {
        let aes = Aes256::new(&[5; 32]);
        let wrapped = aes.keystream(Lanes::splat(9), u32::MAX - 1);
        let from_zero = aes.keystream(Lanes::splat(9), 0);
        assert_eq!(wrapped[2].store(), from_zero[0].store());
        assert_eq!(wrapped[7].store(), from_zero[5].store());
    }
}
