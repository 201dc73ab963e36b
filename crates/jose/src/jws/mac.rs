//! HMAC of the three hashes.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use super::algorithm::Hash;
use crate::KeyFault;

/// A MAC key at least as long as its hash; wiped on drop.
pub(super) struct MacKey {
    pub(super) hash: Hash,
    secret: Zeroizing<Vec<u8>>,
}

impl MacKey {
    pub(super) fn new(hash: Hash, secret: &[u8]) -> Result<Self, KeyFault> {
        if secret.len() < hash.bytes() {
            return Err(KeyFault::Length);
        }
        Ok(Self {
            hash,
            secret: Zeroizing::new(secret.to_vec()),
        })
    }

    pub(super) fn compute(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self.hash {
            Hash::Sha256 => self.over::<Hmac<Sha256>>(message).map(finish),
            Hash::Sha384 => self.over::<Hmac<Sha384>>(message).map(finish),
            Hash::Sha512 => self.over::<Hmac<Sha512>>(message).map(finish),
        }
    }

    /// Compares in constant time.
    pub(super) fn verifies(&self, message: &[u8], tag: &[u8]) -> bool {
        match self.hash {
            Hash::Sha256 => self
                .over::<Hmac<Sha256>>(message)
                .is_some_and(|mac| mac.verify_slice(tag).is_ok()),
            Hash::Sha384 => self
                .over::<Hmac<Sha384>>(message)
                .is_some_and(|mac| mac.verify_slice(tag).is_ok()),
            Hash::Sha512 => self
                .over::<Hmac<Sha512>>(message)
                .is_some_and(|mac| mac.verify_slice(tag).is_ok()),
        }
    }

    fn over<M: Mac + KeyInit>(&self, message: &[u8]) -> Option<M> {
        let mut mac = <M as KeyInit>::new_from_slice(&self.secret).ok()?;
        mac.update(message);
        Some(mac)
    }
}

fn finish(mac: impl Mac) -> Vec<u8> {
    mac.finalize().into_bytes().to_vec()
}
