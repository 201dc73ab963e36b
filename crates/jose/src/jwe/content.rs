//! Content encryption (RFC 7518 section 5): AES-GCM, and AES-CBC with HMAC.
//!
//! Opening is authenticate-then-decrypt in both: nothing is decrypted before its tag was found
//! good, and every failure is the same error.

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use aes::{Aes128, Aes192, Aes256};
use aes_gcm::AesGcm;
use hmac::{Hmac, KeyInit, Mac};
use sealgate_aead::aead::consts::{U12, U16};
use sealgate_aead::aead::{AeadInOut, Nonce};
use sealgate_aead::{Aes256Gcm, NONCE_BYTES};
use sha2::{Sha256, Sha384, Sha512};

use super::{ContentEncryption, ContentEncryptionKey};
use crate::{JoseError, Malformed};

const BLOCK_BYTES: usize = 16;

/// Opens `buffer` in place; the IV and the tag are as long as the parser lets them be.
///
/// # Errors
/// [`JoseError::Authentication`]; `buffer` is then still the ciphertext.
pub(super) fn open(
    cek: &ContentEncryptionKey,
    iv: &[u8],
    aad: &[u8],
    buffer: &mut Vec<u8>,
    tag: &[u8],
) -> Result<(), JoseError> {
    let key = cek.expose();
    match cek.enc() {
        ContentEncryption::A128Gcm if iv.len() == NONCE_BYTES => {
            gcm_open::<AesGcm<Aes128, U12>>(key, iv, aad, buffer, tag)
        }
        ContentEncryption::A192Gcm if iv.len() == NONCE_BYTES => {
            gcm_open::<AesGcm<Aes192, U12>>(key, iv, aad, buffer, tag)
        }
        ContentEncryption::A256Gcm if iv.len() == NONCE_BYTES => {
            gcm_open::<Aes256Gcm>(key, iv, aad, buffer, tag)
        }
        ContentEncryption::A128Gcm => gcm_open::<AesGcm<Aes128, U16>>(key, iv, aad, buffer, tag),
        ContentEncryption::A192Gcm => gcm_open::<AesGcm<Aes192, U16>>(key, iv, aad, buffer, tag),
        ContentEncryption::A256Gcm => gcm_open::<AesGcm<Aes256, U16>>(key, iv, aad, buffer, tag),
        ContentEncryption::A128CbcHs256 => {
            cbc_open::<Hmac<Sha256>, cbc::Decryptor<Aes128>>(key, iv, aad, buffer, tag)
        }
        ContentEncryption::A192CbcHs384 => {
            cbc_open::<Hmac<Sha384>, cbc::Decryptor<Aes192>>(key, iv, aad, buffer, tag)
        }
        ContentEncryption::A256CbcHs512 => {
            cbc_open::<Hmac<Sha512>, cbc::Decryptor<Aes256>>(key, iv, aad, buffer, tag)
        }
        #[cfg(feature = "pq")]
        ContentEncryption::Integrated => Err(JoseError::Authentication),
    }
}

/// Seals `buffer` in place and gives the tag; `iv` is [`ContentEncryption::iv_bytes`] long.
///
/// # Errors
/// [`JoseError::TooLongToSeal`].
pub(super) fn seal(
    cek: &ContentEncryptionKey,
    iv: &[u8],
    aad: &[u8],
    buffer: &mut Vec<u8>,
) -> Result<Vec<u8>, JoseError> {
    let key = cek.expose();
    match cek.enc() {
        ContentEncryption::A128Gcm => gcm_seal::<AesGcm<Aes128, U12>>(key, iv, aad, buffer),
        ContentEncryption::A192Gcm => gcm_seal::<AesGcm<Aes192, U12>>(key, iv, aad, buffer),
        ContentEncryption::A256Gcm => gcm_seal::<Aes256Gcm>(key, iv, aad, buffer),
        ContentEncryption::A128CbcHs256 => {
            cbc_seal::<Hmac<Sha256>, cbc::Encryptor<Aes128>>(key, iv, aad, buffer)
        }
        ContentEncryption::A192CbcHs384 => {
            cbc_seal::<Hmac<Sha384>, cbc::Encryptor<Aes192>>(key, iv, aad, buffer)
        }
        ContentEncryption::A256CbcHs512 => {
            cbc_seal::<Hmac<Sha512>, cbc::Encryptor<Aes256>>(key, iv, aad, buffer)
        }
        #[cfg(feature = "pq")]
        ContentEncryption::Integrated => Err(JoseError::NotSealable),
    }
}

/// Refuses a ciphertext that its encryption cannot have produced.
pub(super) fn check_length(enc: ContentEncryption, bytes: usize) -> Result<(), Malformed> {
    let fits = match enc {
        #[cfg(feature = "pq")]
        ContentEncryption::Integrated => bytes >= super::hpke::AEAD_TAG_BYTES,
        _ => enc.is_gcm() || (bytes > 0 && bytes.is_multiple_of(BLOCK_BYTES)),
    };
    if fits {
        Ok(())
    } else {
        Err(Malformed::CiphertextLength)
    }
}

/// AES-GCM under a key of 16, 24 or 32 bytes with a 96-bit IV: the whole of `A*GCMKW`.
pub(super) fn gcm_open_96(
    key: &[u8],
    iv: &[u8],
    buffer: &mut [u8],
    tag: &[u8],
) -> Result<(), JoseError> {
    match key.len() {
        16 => gcm_open::<AesGcm<Aes128, U12>>(key, iv, &[], buffer, tag),
        24 => gcm_open::<AesGcm<Aes192, U12>>(key, iv, &[], buffer, tag),
        _ => gcm_open::<Aes256Gcm>(key, iv, &[], buffer, tag),
    }
}

/// The inverse of [`gcm_open_96`].
pub(super) fn gcm_seal_96(key: &[u8], iv: &[u8], buffer: &mut [u8]) -> Result<Vec<u8>, JoseError> {
    match key.len() {
        16 => gcm_seal::<AesGcm<Aes128, U12>>(key, iv, &[], buffer),
        24 => gcm_seal::<AesGcm<Aes192, U12>>(key, iv, &[], buffer),
        _ => gcm_seal::<Aes256Gcm>(key, iv, &[], buffer),
    }
}

fn gcm_open<C: KeyInit + AeadInOut>(
    key: &[u8],
    iv: &[u8],
    aad: &[u8],
    buffer: &mut [u8],
    tag: &[u8],
) -> Result<(), JoseError> {
    let cipher = C::new_from_slice(key).map_err(|_| JoseError::Authentication)?;
    let nonce = <&Nonce<C>>::try_from(iv).map_err(|_| JoseError::Authentication)?;
    let tag = tag.try_into().map_err(|_| JoseError::Authentication)?;
    cipher
        .decrypt_inout_detached(nonce, aad, buffer.into(), tag)
        .map_err(|_| JoseError::Authentication)
}

fn gcm_seal<C: KeyInit + AeadInOut>(
    key: &[u8],
    iv: &[u8],
    aad: &[u8],
    buffer: &mut [u8],
) -> Result<Vec<u8>, JoseError> {
    let cipher = C::new_from_slice(key).map_err(|_| JoseError::TooLongToSeal)?;
    let nonce = <&Nonce<C>>::try_from(iv).map_err(|_| JoseError::TooLongToSeal)?;
    let tag = cipher
        .encrypt_inout_detached(nonce, aad, buffer.into())
        .map_err(|_| JoseError::TooLongToSeal)?;
    Ok(tag.to_vec())
}

/// RFC 7518 section 5.2.2.2: the MAC first, in constant time; the padding can only be good then.
fn cbc_open<M: Mac + KeyInit, D: BlockModeDecrypt + KeyIvInit>(
    key: &[u8],
    iv: &[u8],
    aad: &[u8],
    buffer: &mut Vec<u8>,
    tag: &[u8],
) -> Result<(), JoseError> {
    let (mac, cipher_key) = cbc_mac::<M>(key, iv, aad, buffer)?;
    if tag.len() != cipher_key.len() {
        return Err(JoseError::Authentication);
    }
    mac.verify_truncated_left(tag)
        .map_err(|_| JoseError::Authentication)?;
    let plaintext_bytes = D::new_from_slices(cipher_key, iv)
        .map_err(|_| JoseError::Authentication)?
        .decrypt_padded::<Pkcs7>(buffer)
        .map_err(|_| JoseError::Authentication)?
        .len();
    buffer.truncate(plaintext_bytes);
    Ok(())
}

/// RFC 7518 section 5.2.2.1.
fn cbc_seal<M: Mac + KeyInit, E: BlockModeEncrypt + KeyIvInit>(
    key: &[u8],
    iv: &[u8],
    aad: &[u8],
    buffer: &mut Vec<u8>,
) -> Result<Vec<u8>, JoseError> {
    let (_, cipher_key) = halves(key);
    let plaintext_bytes = buffer.len();
    let padding = BLOCK_BYTES.saturating_sub(plaintext_bytes % BLOCK_BYTES);
    buffer.resize(plaintext_bytes.saturating_add(padding), 0);
    E::new_from_slices(cipher_key, iv)
        .map_err(|_| JoseError::TooLongToSeal)?
        .encrypt_padded::<Pkcs7>(buffer, plaintext_bytes)
        .map_err(|_| JoseError::TooLongToSeal)?;
    let (mac, cipher_key) = cbc_mac::<M>(key, iv, aad, buffer)?;
    let mut tag = mac.finalize().into_bytes().to_vec();
    tag.truncate(cipher_key.len());
    Ok(tag)
}

/// The MAC over AAD, IV, ciphertext and the bit length of the AAD, and the cipher's half of the
/// key. The length is counted in 64 bits, also where `usize` has 32.
fn cbc_mac<'k, M: Mac + KeyInit>(
    key: &'k [u8],
    iv: &[u8],
    aad: &[u8],
    ciphertext: &[u8],
) -> Result<(M, &'k [u8]), JoseError> {
    let (mac_key, cipher_key) = halves(key);
    let mut mac = <M as KeyInit>::new_from_slice(mac_key).map_err(|_| JoseError::Authentication)?;
    mac.update(aad);
    mac.update(iv);
    mac.update(ciphertext);
    mac.update(&associated_length(aad.len() as u64));
    Ok((mac, cipher_key))
}

/// AL of RFC 7518 section 5.2.2.1: the number of bits, as a 64-bit big-endian integer.
fn associated_length(aad_bytes: u64) -> [u8; 8] {
    aad_bytes.saturating_mul(8).to_be_bytes()
}

/// The MAC key and the cipher key.
fn halves(key: &[u8]) -> (&[u8], &[u8]) {
    key.split_at_checked(key.len() / 2).unwrap_or_default()
}

#[cfg(test)]
mod tests;
