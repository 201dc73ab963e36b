//! Randomness as an argument: one unpredictable seed from the host, stretched to what one message
//! needs.

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sealgate_jose::RandomError;
use sha2::Sha256;
use zeroize::Zeroizing;

/// Length of a seed in bytes.
const SEED_BYTES: usize = 32;

/// Unpredictable bytes for one message. Wiped on drop; never printed.
///
/// Counter mode of NIST SP 800-108r1 with HMAC-SHA-256: block `i` is HMAC(seed, i), so that what
/// was drawn says nothing about what is drawn later. A host gives a new seed for every message.
pub struct Entropy {
    seed: Zeroizing<[u8; SEED_BYTES]>,
    counter: u64,
}

impl Entropy {
    /// Takes a seed that nobody can predict and nobody uses again.
    #[must_use]
    pub fn from_seed(seed: [u8; SEED_BYTES]) -> Self {
        Self {
            seed: Zeroizing::new(seed),
            counter: 0,
        }
    }

    /// Fills `bytes`.
    ///
    /// # Errors
    /// When the counter has run out, which no message reaches.
    pub fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
        for chunk in bytes.chunks_mut(32) {
            self.counter = self.counter.checked_add(1).ok_or(RandomError)?;
            let mut block = <Hmac<Sha256> as KeyInit>::new_from_slice(self.seed.as_slice())
                .map_err(|_| RandomError)?;
            block.update(&self.counter.to_be_bytes());
            let block = Zeroizing::new(<[u8; 32]>::from(block.finalize().into_bytes()));
            for (to, from) in chunk.iter_mut().zip(block.iter()) {
                *to = *from;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy { .. }")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_never_repeat_and_follow_the_seed() {
        let mut first = Entropy::from_seed([1; 32]);
        let mut again = Entropy::from_seed([1; 32]);
        let mut other = Entropy::from_seed([2; 32]);
        let draw = |entropy: &mut Entropy| {
            let mut bytes = [0; 40];
            entropy.fill(&mut bytes).unwrap();
            bytes
        };
        let one = draw(&mut first);
        assert_eq!(one, draw(&mut again));
        assert_ne!(one, draw(&mut other));
        assert_ne!(one, draw(&mut first));
        assert_ne!(one[..32], one[8..]);
        assert_eq!(format!("{first:?}"), "Entropy { .. }");
    }
}
