//! HMAC (RFC 2104) and the one constant-time comparison every scheme ends in.

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{Algorithm, SignatureError};

/// A secret MAC key with its algorithm: wiped on drop, never printed, never cloned.
pub struct MacKey {
    secret: Zeroizing<Vec<u8>>,
    algorithm: Algorithm,
}

impl MacKey {
    /// An HMAC-SHA-256 key. Takes the bytes over; the vector is wiped.
    ///
    /// # Errors
    /// [`SignatureError::EmptyKey`]: with an empty key anyone could sign.
    pub fn new(bytes: Vec<u8>) -> Result<Self, SignatureError> {
        Self::with_algorithm(Algorithm::HmacSha256, bytes)
    }

    /// A key for one of the HMAC algorithms. Takes the bytes over; the vector is wiped.
    ///
    /// # Errors
    /// [`SignatureError::EmptyKey`]; [`SignatureError::InvalidSpec`] when the algorithm is no MAC.
    pub fn with_algorithm(algorithm: Algorithm, bytes: Vec<u8>) -> Result<Self, SignatureError> {
        let secret = Zeroizing::new(bytes);
        if secret.is_empty() {
            return Err(SignatureError::EmptyKey);
        }
        if !algorithm.is_mac() {
            return Err(SignatureError::InvalidSpec);
        }
        Ok(Self { secret, algorithm })
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Length in bytes of the key as given, for the policy compiler's strength check.
    pub fn byte_len(&self) -> usize {
        self.secret.len()
    }

    /// The MAC of the concatenation of `parts`; 16 to 64 bytes, as the algorithm has it.
    pub fn compute(&self, parts: &[&[u8]]) -> Vec<u8> {
        match self.algorithm {
            Algorithm::HmacMd5 => hmac::<Hmac<Md5>>(&self.secret, parts),
            Algorithm::HmacSha1 => hmac::<Hmac<Sha1>>(&self.secret, parts),
            Algorithm::HmacSha384 => hmac::<Hmac<Sha384>>(&self.secret, parts),
            Algorithm::HmacSha512 => hmac::<Hmac<Sha512>>(&self.secret, parts),
            // `with_algorithm` lets no other than the MACs in.
            _ => hmac::<Hmac<Sha256>>(&self.secret, parts),
        }
    }

    /// The secret itself, for schemes that derive a key from it (AWS Signature Version 4).
    pub(crate) fn secret(&self) -> &[u8] {
        &self.secret
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey(..)")
    }
}

/// Compares a MAC with the presented one in time that depends on the lengths only.
///
/// # Errors
/// [`SignatureError::Mismatch`], also for an empty or differently long value.
pub fn matches(computed: &[u8], presented: &[u8]) -> Result<(), SignatureError> {
    if !computed.is_empty() && bool::from(computed.ct_eq(presented)) {
        Ok(())
    } else {
        Err(SignatureError::Mismatch)
    }
}

fn hmac<M: Mac + KeyInit>(secret: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    // HMAC takes keys of every length, so there is no error to report; a value of no length
    // matches nothing.
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(secret) else {
        return Vec::new();
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}
