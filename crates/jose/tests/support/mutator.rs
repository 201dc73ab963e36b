//! Mutated input for the parsers of this crate and of those above it: the same mutations for the
//! same seed, so that a finding can be had again.

use std::time::{Duration, Instant};

/// xorshift64*: fast, and the same mutations for the same seed.
pub(crate) struct Mutator(u64);

impl Mutator {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        drawn as usize % below.max(1)
    }

    /// One to four changes: bits, bytes, ranges removed, doubled, or taken from another seed.
    fn mutate(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        const TELLING: &[u8] = b".=+/_-{}[]\",:\\\0\n Aa0\x80\xff";
        let mut bytes = seeds[self.next(seeds.len())].clone();
        for _ in 0..=self.next(4) {
            let at = self.next(bytes.len());
            let end = (at + 1 + self.next(24)).min(bytes.len());
            match self.next(6) {
                0 if !bytes.is_empty() => bytes[at] ^= 1 << self.next(8),
                1 if !bytes.is_empty() => bytes[at] = TELLING[self.next(TELLING.len())],
                2 => drop(bytes.drain(at..end.max(at))),
                3 => {
                    let range = bytes[at..end.max(at)].to_vec();
                    bytes.splice(at..at, range);
                }
                4 => bytes.insert(at, TELLING[self.next(TELLING.len())]),
                _ => {
                    let other = &seeds[self.next(seeds.len())];
                    let from = self.next(other.len());
                    let to = (from + 1 + self.next(48)).min(other.len());
                    bytes.splice(at..end.max(at), other[from..to].iter().copied());
                }
            }
        }
        bytes
    }
}

/// Gives a target its seeds as they are, then mutations of them for a second, or for as many as
/// `SEALGATE_FUZZ_SECONDS` says.
pub(crate) fn run(name: &str, seeds: &[Vec<u8>], mut target: impl FnMut(&[u8])) {
    let seconds = std::env::var("SEALGATE_FUZZ_SECONDS").map_or(1, |text| text.parse().unwrap());
    let (start, mut rounds) = (Instant::now(), 0_u64);
    let mut mutator = Mutator(0x9e37_79b9_7f4a_7c15);
    for seed in seeds {
        target(seed);
    }
    while start.elapsed() < Duration::from_secs(seconds) {
        for _ in 0..64 {
            target(&mutator.mutate(seeds));
        }
        rounds += 64;
    }
    println!("{name}: {rounds} inputs in {seconds} s");
}
