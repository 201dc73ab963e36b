//! Concat KDF with SHA-256 as JOSE uses it (RFC 7518 section 4.6.2, NIST SP 800-56A 5.8.1).

use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

/// Derives `bytes` bytes (at most 64) from the shared secret `z`.
///
/// `algorithm_id` is `enc` for ECDH-ES and `alg` for ECDH-ES+A256KW; `apu` and `apv` are decoded.
pub(super) fn derive(
    z: &[u8],
    algorithm_id: &str,
    apu: &[u8],
    apv: &[u8],
    bytes: usize,
) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(Vec::with_capacity(64));
    for round in 1u32..=2 {
        let mut hash = Sha256::new();
        hash.update(round.to_be_bytes());
        hash.update(z);
        for field in [algorithm_id.as_bytes(), apu, apv] {
            hash.update(length(field.len()).to_be_bytes());
            hash.update(field);
        }
        // SuppPubInfo is the length in bits; SuppPrivInfo is empty.
        hash.update(length(bytes).saturating_mul(8).to_be_bytes());
        let mut block = hash.finalize();
        key.extend_from_slice(&block);
        block.as_mut_slice().zeroize();
    }
    key.truncate(bytes);
    key
}

// Fields are bounded by the size of a request body, far below 2^32.
fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64ct::{Base64UrlUnpadded, Encoding};

    /// RFC 7518 appendix C.
    #[test]
    fn the_example_of_the_rfc() {
        let z = [
            158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49,
            110, 163, 218, 128, 106, 72, 246, 218, 167, 121, 140, 254, 144, 196,
        ];
        let key = derive(&z, "A128GCM", b"Alice", b"Bob", 16);
        assert_eq!(
            Base64UrlUnpadded::encode_string(&key),
            "VqqN6vgjbSBcIijNcacQGg"
        );
    }

    #[test]
    fn a_longer_key_takes_a_second_block() {
        let long = derive(&[7; 32], "A256CBC-HS512", b"", b"", 64);
        assert_eq!(long.len(), 64);
        assert_ne!(long[..32], long[32..]);
    }
}
