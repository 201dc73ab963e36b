//! AES-256-GCM with a 96-bit nonce and a 128-bit tag (NIST SP 800-38D), and nothing else.
//!
//! [`Aes256Gcm`] implements the RustCrypto [`aead`] traits over a backend chosen at build time, so
//! that a faster wasm32 backend can be put in without touching a caller. [`open_in_place`] and
//! [`seal_in_place`] are what the rest of Sealgate calls: one buffer, no copy, and on a failed tag
//! the buffer still holds the ciphertext, so unauthenticated plaintext never exists in memory.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod backend;
mod buffer;

use core::fmt;

use ::aead::consts::{U12, U16, U32};
use ::aead::inout::InOutBuf;
use ::aead::{AeadCore, AeadInOut, KeyInit, KeySizeUser, TagPosition};

pub use ::aead;
pub use buffer::{OpenError, SealError, open_detached, open_in_place, seal_in_place};

/// Key length in bytes.
pub const KEY_BYTES: usize = 32;
/// Nonce length in bytes (96 bits; SP 800-38D section 5.2.1.1 recommends this length only).
pub const NONCE_BYTES: usize = 12;
/// Tag length in bytes (128 bits; shorter tags weaken authentication and are not offered).
pub const TAG_BYTES: usize = 16;

/// AES-256-GCM over the backend of this target.
///
/// Zeroized on drop, `Debug` shows no key, and there is no `Clone`.
pub struct Aes256Gcm(backend::Gcm);

impl fmt::Debug for Aes256Gcm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Aes256Gcm { .. }")
    }
}

impl KeySizeUser for Aes256Gcm {
    type KeySize = U32;
}

impl KeyInit for Aes256Gcm {
    fn new(key: &::aead::Key<Self>) -> Self {
        Self(backend::Gcm::new(key))
    }
}

impl AeadCore for Aes256Gcm {
    type NonceSize = U12;
    type TagSize = U16;
    const TAG_POSITION: TagPosition = TagPosition::Postfix;
}

impl AeadInOut for Aes256Gcm {
    fn encrypt_inout_detached(
        &self,
        nonce: &::aead::Nonce<Self>,
        associated_data: &[u8],
        buffer: InOutBuf<'_, '_, u8>,
    ) -> ::aead::Result<::aead::Tag<Self>> {
        self.0
            .encrypt_inout_detached(nonce, associated_data, buffer)
    }

    fn decrypt_inout_detached(
        &self,
        nonce: &::aead::Nonce<Self>,
        associated_data: &[u8],
        buffer: InOutBuf<'_, '_, u8>,
        tag: &::aead::Tag<Self>,
    ) -> ::aead::Result<()> {
        self.0
            .decrypt_inout_detached(nonce, associated_data, buffer, tag)
    }
}
