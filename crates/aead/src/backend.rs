//! The implementation behind [`crate::Aes256Gcm`], one per target.
//!
//! Every backend is constant-time (no table lookups or branches on secret data) and checks the tag
//! before it decrypts a single block.

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(crate) use simd128::Gcm;

/// RustCrypto's AES-GCM: AES-NI and CLMUL where the processor has them, fixsliced otherwise.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(crate) type Gcm = aes_gcm::Aes256Gcm;
