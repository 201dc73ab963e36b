//! Whole-message sealing and opening on one `Vec<u8>`.

use core::fmt;

use ::aead::{AeadInOut, KeyInit};

use crate::{Aes256Gcm, KEY_BYTES, NONCE_BYTES, TAG_BYTES};

/// Why a sealed buffer was not opened.
///
/// Callers that answer a peer must give one answer for both variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// The buffer is shorter than a tag.
    Truncated,
    /// Tag, key, nonce, associated data or ciphertext do not belong together.
    Authentication,
}

impl OpenError {
    /// Stable identifier for logs and metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Truncated => "aead-truncated",
            Self::Authentication => "aead-authentication",
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "the sealed message is shorter than its tag",
            Self::Authentication => "the sealed message does not authenticate",
        })
    }
}

impl core::error::Error for OpenError {}

/// The message is longer than AES-GCM allows (2^36 - 32 bytes, SP 800-38D section 5.2.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealError;

impl SealError {
    /// Stable identifier for logs and metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        "aead-too-long"
    }
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the message is too long for AES-GCM")
    }
}

impl core::error::Error for SealError {}

/// Opens `buffer` (`ciphertext || tag(16)`) in place and truncates it to the plaintext.
///
/// # Errors
/// [`OpenError`]; `buffer` is then byte for byte what it was.
pub fn open_in_place(
    key: &[u8; KEY_BYTES],
    nonce: &[u8; NONCE_BYTES],
    aad: &[u8],
    buffer: &mut Vec<u8>,
) -> Result<(), OpenError> {
    let (ciphertext, tag) = buffer
        .split_last_chunk_mut::<TAG_BYTES>()
        .ok_or(OpenError::Truncated)?;
    let plaintext_bytes = ciphertext.len();
    open_detached(key, nonce, aad, ciphertext, tag)?;
    buffer.truncate(plaintext_bytes);
    Ok(())
}

/// Opens `buffer` (ciphertext only, any length) in place against a detached tag.
///
/// # Errors
/// [`OpenError::Authentication`]; `buffer` is then byte for byte what it was.
pub fn open_detached(
    key: &[u8; KEY_BYTES],
    nonce: &[u8; NONCE_BYTES],
    aad: &[u8],
    buffer: &mut [u8],
    tag: &[u8; TAG_BYTES],
) -> Result<(), OpenError> {
    Aes256Gcm::new(key.into())
        .decrypt_inout_detached(nonce.into(), aad, buffer.into(), tag.into())
        .map_err(|_| OpenError::Authentication)
}

/// Seals `buffer` (plaintext) in place and appends the 16-byte tag.
///
/// The caller guarantees that this nonce was never used with this key.
///
/// # Errors
/// [`SealError`]; `buffer` is then unchanged.
pub fn seal_in_place(
    key: &[u8; KEY_BYTES],
    nonce: &[u8; NONCE_BYTES],
    aad: &[u8],
    buffer: &mut Vec<u8>,
) -> Result<(), SealError> {
    let tag = Aes256Gcm::new(key.into())
        .encrypt_inout_detached(nonce.into(), aad, buffer.as_mut_slice().into())
        .map_err(|_| SealError)?;
    buffer.extend_from_slice(&tag);
    Ok(())
}
