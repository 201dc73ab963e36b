//! What `build.rs` and the reader of its tables have to agree on.

/// Tokens of the longest fingerprint.
pub(crate) const MAX_TOKENS: usize = 5;
/// Places of the hash table of words: about twice as many as words.
pub(crate) const SLOTS: usize = 2048;

/// Where in the table a word is looked for first: FNV-1a over its capitals.
pub(crate) fn hash(word: &[u8]) -> usize {
    let hash = word.iter().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte.to_ascii_uppercase())).wrapping_mul(0x0100_0193)
    });
    (hash ^ hash >> 15) as usize % SLOTS
}
