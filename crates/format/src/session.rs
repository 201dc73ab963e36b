//! Content under a key that travels beside it, encrypted with RSA-OAEP, without JOSE around both.

use aes::Aes128;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use aes_gcm::AesGcm;
use base64ct::{Base64, Encoding};
use sealgate_aead::aead::consts::U16;
use sealgate_aead::aead::{AeadInOut, KeyInit, Nonce};
use sealgate_jose::jwe::{KeyManagement, Random};
use zeroize::Zeroizing;

use crate::fault::{OpenFault, SealFault};

/// Length of key, IV and tag in bytes.
pub(crate) const BLOCK_BYTES: usize = 16;

/// AES-128-GCM with a 128-bit IV, as WhatsApp Flows has it.
type Gcm = AesGcm<Aes128, U16>;

/// Sealed content and its encrypted key.
pub struct SessionSealed {
    pub(crate) kid: Option<String>,
    pub(crate) alg: KeyManagement,
    pub(crate) encrypted_key: Vec<u8>,
    pub(crate) iv: [u8; BLOCK_BYTES],
    pub(crate) content: Vec<u8>,
    pub(crate) cipher: Cipher,
}

/// How the content is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cipher {
    /// AES-128-CBC with PKCS #7 padding: nothing authenticates it.
    Cbc,
    /// AES-128-GCM; its key seals the answer too.
    Gcm,
}

/// Key and IV of a request whose answer is sealed with them. Wiped on drop; used once per direction.
pub struct Session {
    key: Zeroizing<[u8; BLOCK_BYTES]>,
    iv: [u8; BLOCK_BYTES],
}

impl SessionSealed {
    /// The plaintext, and what the answer is sealed with.
    pub(crate) fn open(self, key: &[u8]) -> Result<(Vec<u8>, Option<Session>), OpenFault> {
        let key: [u8; BLOCK_BYTES] = key.try_into().map_err(|_| OpenFault::NotOpened)?;
        let key = Zeroizing::new(key);
        let mut buffer = self.content;
        match self.cipher {
            Cipher::Cbc => {
                let length = cbc::Decryptor::<Aes128>::new_from_slices(key.as_slice(), &self.iv)
                    .map_err(|_| OpenFault::NotOpened)?
                    .decrypt_padded::<Pkcs7>(&mut buffer)
                    .map_err(|_| OpenFault::NotOpened)?
                    .len();
                buffer.truncate(length);
                Ok((buffer, None))
            }
            Cipher::Gcm => {
                let tag_at = buffer
                    .len()
                    .checked_sub(BLOCK_BYTES)
                    .ok_or(OpenFault::NotOpened)?;
                let tag = buffer.split_off(tag_at);
                let tag = tag
                    .as_slice()
                    .try_into()
                    .map_err(|_| OpenFault::NotOpened)?;
                let nonce = <&Nonce<Gcm>>::from(&self.iv);
                gcm(&key)
                    .map_err(|_| OpenFault::NotOpened)?
                    .decrypt_inout_detached(nonce, &[], buffer.as_mut_slice().into(), tag)
                    .map_err(|_| OpenFault::NotOpened)?;
                Ok((buffer, Some(Session { key, iv: self.iv })))
            }
        }
    }
}

impl Session {
    /// Of a request that is about to be sealed.
    ///
    /// # Errors
    /// [`SealFault::Random`].
    pub fn generate(random: &mut Random<'_>) -> Result<Self, SealFault> {
        let mut bytes = Zeroizing::new([0; 2 * BLOCK_BYTES]);
        random(bytes.as_mut_slice()).map_err(|_| SealFault::Random)?;
        Ok(Self::from_bytes(&bytes))
    }

    /// As [`Session::to_bytes`] gave it.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 2 * BLOCK_BYTES]) -> Self {
        let mut session = Self {
            key: Zeroizing::new([0; BLOCK_BYTES]),
            iv: [0; BLOCK_BYTES],
        };
        let (key, iv) = bytes.split_at(BLOCK_BYTES);
        session.key.copy_from_slice(key);
        session.iv.copy_from_slice(iv);
        session
    }

    /// Key and IV, for a client that opens the answer later.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 2 * BLOCK_BYTES]> {
        let mut bytes = Zeroizing::new([0; 2 * BLOCK_BYTES]);
        let (key, iv) = bytes.split_at_mut(BLOCK_BYTES);
        key.copy_from_slice(self.key.as_slice());
        iv.copy_from_slice(&self.iv);
        bytes
    }

    /// Opens the body of an answer.
    ///
    /// # Errors
    /// [`OpenFault::Malformed`] for a body that is no base64, [`OpenFault::NotOpened`].
    pub fn open_answer(self, body: &[u8]) -> Result<Vec<u8>, OpenFault> {
        let text = core::str::from_utf8(body.trim_ascii()).map_err(|_| OpenFault::Malformed)?;
        let sealed = SessionSealed {
            kid: None,
            alg: KeyManagement::RsaOaep256,
            encrypted_key: Vec::new(),
            iv: self.answer_iv(),
            content: Base64::decode_vec(text).map_err(|_| OpenFault::Malformed)?,
            cipher: Cipher::Gcm,
        };
        sealed
            .open(self.key.as_slice())
            .map(|(plaintext, _)| plaintext)
    }

    pub(crate) fn key(&self) -> &[u8] {
        self.key.as_slice()
    }

    pub(crate) const fn iv(&self) -> &[u8; BLOCK_BYTES] {
        &self.iv
    }

    pub(crate) fn seal_request(&self, plaintext: &[u8]) -> Result<Vec<u8>, SealFault> {
        self.seal(&self.iv, plaintext)
    }

    pub(crate) fn seal_answer(&self, plaintext: &[u8]) -> Result<Vec<u8>, SealFault> {
        self.seal(&self.answer_iv(), plaintext)
    }

    /// Every bit of the request's inverted.
    fn answer_iv(&self) -> [u8; BLOCK_BYTES] {
        self.iv.map(|byte| !byte)
    }

    fn seal(&self, iv: &[u8; BLOCK_BYTES], plaintext: &[u8]) -> Result<Vec<u8>, SealFault> {
        let mut buffer = plaintext.to_vec();
        let tag = gcm(&self.key)
            .map_err(|_| SealFault::Key)?
            .encrypt_inout_detached(iv.into(), &[], buffer.as_mut_slice().into())
            .map_err(|_| SealFault::TooLong)?;
        buffer.extend_from_slice(&tag);
        Ok(buffer)
    }
}

/// Seals with AES-128-CBC and PKCS #7 padding.
pub(crate) fn seal_cbc(
    key: &[u8; BLOCK_BYTES],
    iv: &[u8; BLOCK_BYTES],
    plaintext: &[u8],
) -> Result<Vec<u8>, SealFault> {
    let padding = BLOCK_BYTES.saturating_sub(plaintext.len() % BLOCK_BYTES);
    let mut buffer = plaintext.to_vec();
    buffer.resize(plaintext.len().saturating_add(padding), 0);
    cbc::Encryptor::<Aes128>::new_from_slices(key, iv)
        .map_err(|_| SealFault::Key)?
        .encrypt_padded::<Pkcs7>(&mut buffer, plaintext.len())
        .map_err(|_| SealFault::TooLong)?;
    Ok(buffer)
}

fn gcm(key: &[u8; BLOCK_BYTES]) -> Result<Gcm, ()> {
    Gcm::new_from_slice(key).map_err(|_| ())
}

impl core::fmt::Debug for Session {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Session { .. }")
    }
}
