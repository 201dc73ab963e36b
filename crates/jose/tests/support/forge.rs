//! JWE tokens with one deliberate defect. Where possible the token is sealed correctly around it,
//! so that only the defect can refuse it.

use sealgate_jose::jwe::{ContentEncryption, ContentEncryptionKey, Sealed};
use sealgate_jose::{JoseError, Limits};

use super::encode;

pub(crate) const KEY: [u8; 32] = [0x5a; 32];
pub(crate) const NONCE: [u8; 12] = [9; 12];
pub(crate) const DIR: &str = r#"{"alg":"dir","enc":"A256GCM"}"#;

/// A token in parts, before joining.
#[derive(Clone)]
pub(crate) struct Forge {
    pub(crate) header: String,
    pub(crate) encrypted_key: String,
    pub(crate) iv: String,
    pub(crate) ciphertext: String,
    pub(crate) tag: String,
}

impl Forge {
    /// Sealed correctly under [`KEY`] with this header, whatever it says.
    pub(crate) fn sealed(header: impl AsRef<[u8]>) -> Self {
        let header = encode(header.as_ref());
        let mut buffer = b"plaintext".to_vec();
        sealgate_aead::seal_in_place(&KEY, &NONCE, header.as_bytes(), &mut buffer).unwrap();
        let (ciphertext, tag) = buffer.split_last_chunk::<16>().unwrap();
        Self {
            header,
            encrypted_key: String::new(),
            iv: encode(&NONCE),
            ciphertext: encode(ciphertext),
            tag: encode(tag),
        }
    }

    pub(crate) fn key_bytes(self, length: usize) -> Self {
        Self {
            encrypted_key: encode(&vec![1; length]),
            ..self
        }
    }

    pub(crate) fn token(&self) -> Vec<u8> {
        [
            &self.header,
            &self.encrypted_key,
            &self.iv,
            &self.ciphertext,
            &self.tag,
        ]
        .map(String::as_str)
        .join(".")
        .into_bytes()
    }
}

/// What the whole path, parse then open with the right key, says.
pub(crate) fn outcome(token: &[u8]) -> Result<Vec<u8>, &'static str> {
    let cek = ContentEncryptionKey::from_slice(ContentEncryption::A256Gcm, &KEY).unwrap();
    Sealed::compact(token, &Limits::TOKEN)
        .and_then(|compact| compact.open(&cek))
        .map_err(JoseError::code)
}

pub(crate) fn check(rows: &[(&str, Vec<u8>, &str)]) {
    for (name, token, code) in rows {
        assert_eq!(outcome(token), Err(*code), "{name}");
    }
}
