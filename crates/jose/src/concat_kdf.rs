//! The Concat KDF of ECDH-ES over SHA-256 (RFC 7518 section 4.6.2, NIST SP 800-56A 5.8.1).

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Derives 256 bits from the shared secret `z`.
///
/// `algorithm_id` is the `enc` name for direct ECDH-ES and the `alg` name for ECDH-ES+A256KW;
/// `apu` and `apv` are the decoded header values, empty when absent. One hash block suffices for
/// 256 bits, so the counter is always 1. `None` when an input is longer than 2^32 - 1 bytes.
#[must_use]
pub fn derive_256(
    z: &[u8],
    algorithm_id: &str,
    apu: &[u8],
    apv: &[u8],
) -> Option<Zeroizing<[u8; 32]>> {
    derive::<32>(z, algorithm_id, apu, apv)
}

/// [`derive_256`] for any output of at most one hash block; RFC 7518 appendix C wants 128 bits.
fn derive<const BYTES: usize>(
    z: &[u8],
    algorithm_id: &str,
    apu: &[u8],
    apv: &[u8],
) -> Option<Zeroizing<[u8; BYTES]>> {
    let bits = u32::try_from(BYTES).ok()?.checked_mul(8)?;
    let mut hash = Sha256::new();
    hash.update(1_u32.to_be_bytes());
    hash.update(z);
    for info in [algorithm_id.as_bytes(), apu, apv] {
        hash.update(u32::try_from(info.len()).ok()?.to_be_bytes());
        hash.update(info);
    }
    hash.update(bits.to_be_bytes());
    let block: Zeroizing<[u8; 32]> = Zeroizing::new(hash.finalize().into());
    Some(Zeroizing::new(*block.first_chunk::<BYTES>()?))
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
        let derived = derive::<16>(&z, "A128GCM", b"Alice", b"Bob").unwrap();
        assert_eq!(
            crate::base64url::encode(derived.as_slice()),
            "VqqN6vgjbSBcIijNcacQGg"
        );
    }
}
