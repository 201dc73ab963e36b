//! The Concat KDF of ECDH-ES over SHA-256 (RFC 7518 section 4.6.2, NIST SP 800-56A 5.8.1).

use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

/// The longest key that is ever derived: the content-encryption key of `A256CBC-HS512`.
const MAX_BYTES: usize = 64;

/// Derives `bytes` bytes, at most 64, from the shared secret `z`.
///
/// `algorithm_id` is the `enc` name for direct ECDH-ES and the `alg` name for the wrapping ones;
/// `apu` and `apv` are the decoded header values, empty when absent. `None` when more bytes are
/// asked for, or an input is longer than 2^32 - 1 bytes.
#[must_use]
pub fn derive(
    z: &[u8],
    algorithm_id: &str,
    apu: &[u8],
    apv: &[u8],
    bytes: usize,
) -> Option<Zeroizing<Vec<u8>>> {
    if bytes > MAX_BYTES {
        return None;
    }
    let bits = u32::try_from(bytes).ok()?.checked_mul(8)?;
    let mut derived = Zeroizing::new(Vec::with_capacity(MAX_BYTES));
    for counter in 1_u32..=2 {
        let mut hash = Sha256::new();
        hash.update(counter.to_be_bytes());
        hash.update(z);
        for info in [algorithm_id.as_bytes(), apu, apv] {
            hash.update(u32::try_from(info.len()).ok()?.to_be_bytes());
            hash.update(info);
        }
        hash.update(bits.to_be_bytes());
        let mut block: [u8; 32] = hash.finalize().into();
        derived.extend_from_slice(&block);
        block.zeroize();
    }
    derived.truncate(bytes);
    Some(derived)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_7518_appendix_c() {
        let z = [
            158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49,
            110, 163, 218, 128, 106, 72, 246, 218, 167, 121, 140, 254, 144, 196,
        ];
        let derived = derive(&z, "A128GCM", b"Alice", b"Bob", 16).unwrap();
        assert_eq!(crate::base64url::encode(&derived), "VqqN6vgjbSBcIijNcacQGg");
    }

    #[test]
    fn no_more_than_the_longest_key() {
        assert_eq!(
            derive(&[1; 32], "A256CBC-HS512", b"", b"", 64)
                .unwrap()
                .len(),
            64
        );
        assert!(derive(&[1; 32], "A256CBC-HS512", b"", b"", 65).is_none());
    }
}
