//! A content key to work with where there is none, so that a failure takes as long as any other.

use core::fmt;

use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use super::ContentEncryption;

/// Content keys that open nothing.
///
/// When an encrypted key does not unwrap, RFC 7516 section 11.5 goes on with a random content key and
/// fails at the tag, so that nobody can time which of the two failed. There is no random source here;
/// a hash over a secret that the sender does not know serves as well. Whoever uses one refuses the
/// message whatever came of it.
pub struct Decoy(Zeroizing<[u8; 64]>);

impl Decoy {
    /// The decoy of whoever holds `secret`.
    #[must_use]
    pub fn new(secret: &[&[u8]]) -> Self {
        let mut hash = Sha512::new();
        hash.update(b"sealgate decoy");
        for part in secret {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(Zeroizing::new(hash.finalize().into()))
    }

    /// As many bytes as `enc` wants of a key.
    #[must_use]
    pub fn bytes(&self, enc: ContentEncryption) -> &[u8] {
        self.0.get(..enc.cek_bytes()).unwrap_or_default()
    }
}

impl fmt::Debug for Decoy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decoy { .. }")
    }
}
