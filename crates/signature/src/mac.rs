//! HMAC-SHA-256 and the one constant-time comparison every scheme ends in.

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::SignatureError;

/// Bytes of an HMAC-SHA-256 value.
pub const HS256_BYTES: usize = 32;

/// The block of SHA-256 in bytes, the length to which HMAC brings every key.
const BLOCK_BYTES: usize = 64;

/// A secret MAC key: wiped on drop, never printed, never cloned.
pub struct MacKey {
    /// The key as HMAC uses it: hashed when longer than a block, then padded with zeros.
    block: Zeroizing<[u8; BLOCK_BYTES]>,
    /// Length of the key as given.
    byte_len: usize,
}

impl MacKey {
    /// Takes the bytes over; the vector is wiped.
    ///
    /// # Errors
    /// [`SignatureError::EmptyKey`]: with an empty key anyone could sign.
    pub fn new(bytes: Vec<u8>) -> Result<Self, SignatureError> {
        let bytes = Zeroizing::new(bytes);
        if bytes.is_empty() {
            return Err(SignatureError::EmptyKey);
        }
        let hashed: Zeroizing<[u8; HS256_BYTES]>;
        let short: &[u8] = if bytes.len() > BLOCK_BYTES {
            hashed = Zeroizing::new(Sha256::digest(&*bytes).into());
            &*hashed
        } else {
            &bytes
        };
        let mut block = Zeroizing::new([0u8; BLOCK_BYTES]);
        for (to, from) in block.iter_mut().zip(short) {
            *to = *from;
        }
        Ok(Self {
            block,
            byte_len: bytes.len(),
        })
    }

    /// Length in bytes of the key as given, for the policy compiler's strength check.
    pub fn byte_len(&self) -> usize {
        self.byte_len
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey(..)")
    }
}

/// HMAC-SHA-256 of `data` (RFC 2104 with SHA-256).
pub fn hs256(key: &MacKey, data: &[u8]) -> [u8; HS256_BYTES] {
    let mut mac = Hmac::<Sha256>::new((&*key.block).into());
    mac.update(data);
    mac.finalize().into_bytes().into()
}

/// Verifies an HMAC-SHA-256 value; a value of any other length than 32 bytes is refused.
///
/// # Errors
/// [`SignatureError::Mismatch`].
pub fn verify_hs256(key: &MacKey, data: &[u8], presented: &[u8]) -> Result<(), SignatureError> {
    matches(&hs256(key, data), presented)
}

/// Compares a MAC computed elsewhere (in the token, behind the bridge) with the presented one, in
/// time that depends on the lengths only.
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
