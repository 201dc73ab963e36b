//! The implementation behind [`crate::Aes256Gcm`], one per target.
//!
//! Every backend is constant-time (no table lookups or branches on secret data) and checks the tag
//! before it decrypts a single block.

/// RustCrypto's AES-GCM: AES-NI and CLMUL where the processor has them, fixsliced otherwise.
pub(crate) type Gcm = aes_gcm::Aes256Gcm;
