//! GHASH (NIST SP 800-38D section 6.4) by table look-up inside registers.
//!
//! `i8x16.swizzle` looks up 16 entries at once and touches no memory, so its time does not depend
//! on the index. For a fixed factor `H`, row `i` of a [`Table`] holds byte `i` of the sixteen
//! multiples `n H` of a four-bit `n`; looking all sixteen nibbles of a block up in row `i` gives
//! byte `i` of sixteen partial products, each due `k` bytes further on. Rows of several blocks (each
//! with its own power of `H`) are added before the one shift-and-reduce that they share.
//!
//! Bit order is that of GCM: the top bit of byte 0 is the coefficient of x^0, so multiplying by
//! x^8 moves bytes to higher positions.

#![expect(
    clippy::indexing_slicing,
    reason = "arrays of fixed size, indices known to the compiler"
)]

use core::arch::wasm32::{i8x16_shuffle, u8x16_swizzle};

use zeroize::Zeroize;

use super::lanes::Lanes;

/// Blocks hashed per reduction.
pub(super) const BATCH: usize = 8;

/// Byte `i` of every multiple of a factor, for `i` in 0 to 15; secret, see [`HashKey`].
type Table = [Lanes; 16];

/// The hash key `H`, prepared for one block at a time; wiped on drop.
pub(super) struct HashKey {
    h: Lanes,
    table: Table,
}

impl HashKey {
    pub(super) fn new(h: Lanes) -> Self {
        Self { h, table: table(h) }
    }

    /// `x H`.
    fn multiply(&self, x: Lanes) -> Lanes {
        multiply_add([&self.table], [x])
    }

    /// Tables of `H^8` down to `H`, worth making for messages of [`Powers::WORTHWHILE_BYTES`] up.
    pub(super) fn powers(&self) -> Powers {
        let mut power = self.h;
        let mut tables = [self.table; BATCH];
        for table_of_power in tables.iter_mut().rev().skip(1) {
            power = self.multiply(power);
            *table_of_power = table(power);
        }
        Powers(tables)
    }
}

impl Drop for HashKey {
    fn drop(&mut self) {
        self.h.zeroize();
        self.table.zeroize();
    }
}

/// Tables of the powers of `H`, highest first; wiped on drop.
pub(super) struct Powers([Table; BATCH]);

impl Powers {
    /// Making the tables costs about as much as hashing 33 blocks singly instead of in batches.
    pub(super) const WORTHWHILE_BYTES: usize = 768;
}

impl Drop for Powers {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// A running hash.
pub(super) struct Ghash<'k> {
    key: &'k HashKey,
    powers: Option<Powers>,
    y: Lanes,
}

impl<'k> Ghash<'k> {
    /// A hash that will see about `bytes` bytes.
    pub(super) fn new(key: &'k HashKey, bytes: usize) -> Self {
        let powers = (bytes >= Powers::WORTHWHILE_BYTES).then(|| key.powers());
        Self {
            key,
            powers,
            y: Lanes::ZERO,
        }
    }

    /// Hashes `data`, its last block padded with zeros.
    pub(super) fn update_padded(&mut self, data: &[u8]) {
        let (blocks, tail) = data.as_chunks::<16>();
        let singles = match &self.powers {
            None => blocks,
            Some(powers) => {
                let (batches, rest) = blocks.as_chunks::<BATCH>();
                for batch in batches {
                    self.y = hash_batch(powers, self.y, batch);
                }
                rest
            }
        };
        for block in singles {
            self.update(Lanes::load(block));
        }
        if !tail.is_empty() {
            let mut block = [0; 16];
            for (to, from) in block.iter_mut().zip(tail) {
                *to = *from;
            }
            self.update(Lanes::load(&block));
        }
    }

    /// Hashes one block.
    pub(super) fn update(&mut self, block: Lanes) {
        self.y = self.key.multiply(self.y ^ block);
    }

    pub(super) fn finish(self) -> Lanes {
        self.y
    }
}

#[inline(always)]
fn hash_batch(powers: &Powers, y: Lanes, batch: &[[u8; 16]; BATCH]) -> Lanes {
    let mut blocks = batch.each_ref().map(Lanes::load);
    blocks[0] ^= y;
    multiply_add(powers.0.each_ref(), blocks)
}

/// The sum of each block times the factor of its table, reduced.
#[inline(always)]
fn multiply_add<const N: usize>(tables: [&Table; N], blocks: [Lanes; N]) -> Lanes {
    let nibble = Lanes::splat(0x0f);
    let first = blocks.map(|block| block.shr64(4) & nibble);
    let second = blocks.map(|block| block & nibble);
    let (mut first_sum, mut second_sum) = (Wide::ZERO, Wide::ZERO);
    for row in (0..16).rev() {
        let (mut first_row, mut second_row) = (Lanes::ZERO, Lanes::ZERO);
        for block in 0..N {
            let entries = tables[block][row].0;
            first_row ^= Lanes(u8x16_swizzle(entries, first[block].0));
            second_row ^= Lanes(u8x16_swizzle(entries, second[block].0));
        }
        first_sum = first_sum.times_x8_plus(first_row);
        second_sum = second_sum.times_x8_plus(second_row);
    }
    first_sum.plus_x4_times(second_sum).reduce()
}

/// A polynomial of degree below 256; `low` holds the coefficients up to x^127.
#[derive(Clone, Copy)]
struct Wide {
    low: Lanes,
    high: Lanes,
}

impl Wide {
    const ZERO: Self = Self {
        low: Lanes::ZERO,
        high: Lanes::ZERO,
    };

    /// Moves every byte one position on, the top byte of `low` into `high`, and adds `row` below.
    #[inline(always)]
    fn times_x8_plus(self, row: Lanes) -> Self {
        Self {
            low: after(Lanes::ZERO, self.low) ^ row,
            high: after(self.low, self.high),
        }
    }

    /// `self + x^4 other`.
    #[inline(always)]
    fn plus_x4_times(self, other: Self) -> Self {
        let nibble = Lanes::splat(0x0f);
        let part = |previous: Lanes, own: Lanes| {
            (own.shr64(4) & nibble) ^ (after(previous, own) & nibble).shl64(4)
        };
        Self {
            low: self.low ^ part(Lanes::ZERO, other.low),
            high: self.high ^ part(other.low, other.high),
        }
    }

    /// Modulo x^128 + x^7 + x^2 + x + 1.
    #[inline(always)]
    fn reduce(self) -> Lanes {
        let [low0, low1] = big_endian(self.low);
        let [high0, high1] = big_endian(self.high);
        // The coefficients that x, x^2 and x^7 push beyond x^127 a second time.
        let high0 = high0 ^ (high1 << 63) ^ (high1 << 62) ^ (high1 << 57);
        let shifted = |by: u32| (high1 >> by) | (high0 << (64 - by));
        from_big_endian([
            low0 ^ high0 ^ (high0 >> 1) ^ (high0 >> 2) ^ (high0 >> 7),
            low1 ^ high1 ^ shifted(1) ^ shifted(2) ^ shifted(7),
        ])
    }
}

/// The last byte of `previous`, then all but the last of `own`.
#[inline(always)]
fn after(previous: Lanes, own: Lanes) -> Lanes {
    Lanes(i8x16_shuffle::<
        15,
        16,
        17,
        18,
        19,
        20,
        21,
        22,
        23,
        24,
        25,
        26,
        27,
        28,
        29,
        30,
    >(previous.0, own.0))
}

/// Two words whose top bits are the coefficients of x^0 and x^64.
#[inline(always)]
fn big_endian(block: Lanes) -> [u64; 2] {
    let [second, first] = reverse(block).halves();
    [first, second]
}

#[inline(always)]
fn from_big_endian([first, second]: [u64; 2]) -> Lanes {
    reverse(Lanes::from_halves([second, first]))
}

#[inline(always)]
fn reverse(block: Lanes) -> Lanes {
    Lanes(i8x16_shuffle::<
        15,
        14,
        13,
        12,
        11,
        10,
        9,
        8,
        7,
        6,
        5,
        4,
        3,
        2,
        1,
        0,
    >(block.0, block.0))
}

/// The sixteen multiples of `factor`, by bytes.
fn table(factor: Lanes) -> Table {
    let mut multiples = [Lanes::ZERO; 16];
    let mut power = factor;
    // The top bit of a nibble is the lowest power of x.
    for bit in [8, 4, 2, 1] {
        multiples[bit] = power;
        power = times_x(power);
    }
    for n in 1..16_usize {
        let lowest = n & n.wrapping_neg();
        multiples[n] = multiples[lowest] ^ multiples[n ^ lowest];
    }
    transpose(multiples)
}

#[inline(always)]
fn times_x(a: Lanes) -> Lanes {
    let [first, second] = big_endian(a);
    let carry = (second & 1).wrapping_neg() & (0xe1 << 56);
    from_big_endian([(first >> 1) ^ carry, (second >> 1) | (first << 63)])
}

/// 16 by 16 bytes: four rounds of interleaving row `k` with row `k + 8`.
fn transpose(mut rows: [Lanes; 16]) -> [Lanes; 16] {
    for _ in 0..4 {
        rows = core::array::from_fn(|k| {
            let (a, b) = (rows[k / 2].0, rows[k / 2 + 8].0);
            Lanes(if k % 2 == 0 {
                i8x16_shuffle::<0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23>(a, b)
            } else {
                i8x16_shuffle::<8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31>(a, b)
            })
        });
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The product bit by bit (SP 800-38D section 6.3, algorithm 1).
    fn by_definition(x: [u8; 16], y: [u8; 16]) -> [u8; 16] {
        let (x, mut v, mut z) = (u128::from_be_bytes(x), u128::from_be_bytes(y), 0);
        for bit in (0..128).rev() {
            z ^= if x >> bit & 1 == 1 { v } else { 0 };
            v = (v >> 1) ^ if v & 1 == 1 { 0xe1 << 120 } else { 0 };
        }
        z.to_be_bytes()
    }

    /// Every single-bit factor with every single-bit block: the product is bilinear, so these
    /// 16 384 products determine all others.
    #[test]
    fn every_pair_of_bits() {
        for factor_bit in 0..128 {
            let factor = (1_u128 << factor_bit).to_be_bytes();
            let key = HashKey::new(Lanes::load(&factor));
            for block_bit in 0..128 {
                let block = (1_u128 << block_bit).to_be_bytes();
                let product = key.multiply(Lanes::load(&block)).store();
                assert_eq!(
                    product,
                    by_definition(block, factor),
                    "{factor_bit} {block_bit}"
                );
            }
        }
    }

    #[test]
    fn batches_equal_single_blocks() {
        let bytes: Vec<u8> = (0..4000_u32).map(|i| ((i * i) >> 3) as u8).collect();
        let key = HashKey::new(Lanes::load(&[0xc3; 16]));
        for length in (0..4000).step_by(37) {
            let (mut batched, mut single) = (Ghash::new(&key, usize::MAX), Ghash::new(&key, 0));
            batched.update_padded(&bytes[..length]);
            single.update_padded(&bytes[..length]);
            assert_eq!(
                batched.finish().store(),
                single.finish().store(),
                "{length} bytes"
            );
        }
    }
}
