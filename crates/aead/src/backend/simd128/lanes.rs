//! A v128 with operators, and its moves to and from bytes.

use core::arch::wasm32::{
    i8x16_eq, u8x16_splat, u32x4_replace_lane, u64x2, u64x2_extract_lane, u64x2_shl, u64x2_shr,
    v128, v128_and, v128_or, v128_xor,
};
use core::ops::{BitAnd, BitOr, BitXor, BitXorAssign};

use zeroize::DefaultIsZeroes;

/// 16 bytes in one SIMD register; byte 0 is lane 0.
#[derive(Clone, Copy)]
pub(super) struct Lanes(pub(super) v128);

impl Default for Lanes {
    fn default() -> Self {
        Self::ZERO
    }
}

impl DefaultIsZeroes for Lanes {}

impl Lanes {
    /// All bits zero.
    pub(super) const ZERO: Self = Self(u64x2(0, 0));

    /// The bytes in order.
    #[inline(always)]
    pub(super) fn load(bytes: &[u8; 16]) -> Self {
        let value = u128::from_le_bytes(*bytes);
        Self::from_halves([value as u64, (value >> 64) as u64])
    }

    /// The bytes in order.
    #[inline(always)]
    pub(super) fn store(self) -> [u8; 16] {
        let [low, high] = self.halves();
        (u128::from(low) | u128::from(high) << 64).to_le_bytes()
    }

    /// Bytes 0 to 7 and 8 to 15, each with its first byte lowest.
    #[inline(always)]
    pub(super) fn halves(self) -> [u64; 2] {
        [
            u64x2_extract_lane::<0>(self.0),
            u64x2_extract_lane::<1>(self.0),
        ]
    }

    /// The inverse of [`Lanes::halves`].
    #[inline(always)]
    pub(super) fn from_halves([low, high]: [u64; 2]) -> Self {
        Self(u64x2(low, high))
    }

    /// 16 copies of one byte.
    #[inline(always)]
    pub(super) fn splat(byte: u8) -> Self {
        Self(u8x16_splat(byte))
    }

    /// 0xff where the bytes are equal, else 0.
    #[inline(always)]
    pub(super) fn equal_bytes(self, other: Self) -> Self {
        Self(i8x16_eq(self.0, other.0))
    }

    /// The last four bytes replaced, lowest byte of `word` first.
    #[inline(always)]
    pub(super) fn with_last_word(self, word: u32) -> Self {
        Self(u32x4_replace_lane::<3>(self.0, word))
    }

    /// Each 64-bit half shifted right.
    #[inline(always)]
    pub(super) fn shr64(self, bits: u32) -> Self {
        Self(u64x2_shr(self.0, bits))
    }

    /// Each 64-bit half shifted left.
    #[inline(always)]
    pub(super) fn shl64(self, bits: u32) -> Self {
        Self(u64x2_shl(self.0, bits))
    }
}

impl BitXor for Lanes {
    type Output = Self;

    #[inline(always)]
    fn bitxor(self, other: Self) -> Self {
        Self(v128_xor(self.0, other.0))
    }
}

impl BitXorAssign for Lanes {
    #[inline(always)]
    fn bitxor_assign(&mut self, other: Self) {
        *self = *self ^ other;
    }
}

impl BitAnd for Lanes {
    type Output = Self;

    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        Self(v128_and(self.0, other.0))
    }
}

impl BitOr for Lanes {
    type Output = Self;

    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        Self(v128_or(self.0, other.0))
    }
}
