//! Which keys the open objects have had, as hashes: enough to see one repeated, at eight bytes a key.

/// The keys of all open objects, those of inner ones behind those of outer ones.
#[derive(Default)]
pub(super) struct Keys {
    hashes: Vec<u64>,
    seen: usize,
}

impl Keys {
    /// Keys of the document so far.
    pub(super) fn seen(&self) -> usize {
        self.seen
    }

    /// Begins an object; the answer is for [`Keys::close`].
    pub(super) fn open(&self) -> usize {
        self.hashes.len()
    }

    pub(super) fn add(&mut self, key: &[u8]) {
        self.seen = self.seen.saturating_add(1);
        self.hashes.push(hash(key));
    }

    /// Ends an object: whether two of its keys are the same. Two keys that collide are taken for
    /// the same; nobody but their author is hurt by it.
    pub(super) fn close(&mut self, first: usize) -> bool {
        let own = self.hashes.get_mut(first..).unwrap_or_default();
        let repeated = match own {
            [] | [_] => false,
            [one, other] => one == other,
            _ => {
                own.sort_unstable();
                own.windows(2).any(|pair| matches!(pair, [a, b] if a == b))
            }
        };
        self.hashes.truncate(first);
        repeated
    }
}

/// Multiply and rotate over words of eight bytes, the length last.
fn hash(key: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let mix = |state: u64, word: u64| (state.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    let (words, rest) = key.as_chunks::<8>();
    let mut state = words
        .iter()
        .fold(FACTOR, |state, word| mix(state, u64::from_le_bytes(*word)));
    let mut last = [0u8; 8];
    for (place, byte) in last.iter_mut().zip(rest) {
        *place = *byte;
    }
    state = mix(state, u64::from_le_bytes(last));
    mix(state, u64::try_from(key.len()).unwrap_or(u64::MAX))
}
