//! Recognises moduli of the ROCA generator (CVE-2017-15361): weak at every length.
//!
//! Its primes have the form k*M + (65537^a mod M) with M the product of small primes, so the
//! modulus is a power of 65537 modulo each of them. A modulus of any other origin passes all these
//! tests with a probability below 2^-27.

/// The small primes modulo which powers of 65537 are few enough to tell something.
const PRIMES: [u16; 17] = [
    11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157,
];

/// Whether `modulus`, big-endian, carries the fingerprint.
pub(super) fn is_fingerprinted(modulus: &[u8]) -> bool {
    PRIMES
        .into_iter()
        .all(|prime| is_power(remainder(modulus, prime), prime))
}

fn remainder(modulus: &[u8], prime: u16) -> u32 {
    let prime = u32::from(prime);
    modulus.iter().fold(0_u32, |remainder, byte| {
        remainder
            .wrapping_mul(256)
            .wrapping_add(u32::from(*byte))
            .checked_rem(prime)
            .unwrap_or_default()
    })
}

/// Whether `value` is a power of 65537 modulo `prime`.
fn is_power(value: u32, prime: u16) -> bool {
    let prime = u32::from(prime);
    let generator = 65_537_u32.checked_rem(prime).unwrap_or_default();
    let mut power = 1_u32;
    for _ in 0..prime {
        if power == value {
            return true;
        }
        power = power
            .wrapping_mul(generator)
            .checked_rem(prime)
            .unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number that is a power of 65537 modulo every prime of the list: 65537 itself to the
    /// twentieth, as such a generator would leave it.
    #[test]
    fn the_fingerprint_is_found_and_chance_is_not() {
        let mut power = vec![1_u8];
        for _ in 0..20 {
            // Times 65537: shifted by two bytes, plus itself.
            let shifted = [power.clone(), vec![0, 0]].concat();
            let padded = [vec![0, 0], power].concat();
            let mut carry = 0_u16;
            let mut sum: Vec<u8> = shifted
                .iter()
                .zip(&padded)
                .rev()
                .map(|(a, b)| {
                    let digit = u16::from(*a) + u16::from(*b) + carry;
                    carry = digit >> 8;
                    digit as u8
                })
                .collect();
            sum.reverse();
            assert_eq!(carry, 0);
            power = sum;
        }
        assert!(is_fingerprinted(&power));
        let last = power.len() - 1;
        power[last] ^= 2;
        assert!(!is_fingerprinted(&power));
    }
}
