//! Messages with one deliberate defect: sealed and signed correctly around it, so that only the defect
//! can refuse them.

use aes_kw::cipher::KeyInit as _;
use hmac::{Hmac, Mac};
use p256::ecdsa::signature::Signer as _;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::site::{CBC, DIRECT, KW, claims};
use crate::support::base64url;

const NONCE: [u8; 12] = [9; 12];

/// A JWE in parts.
#[derive(Clone)]
pub(crate) struct Forge {
    pub(crate) header: Vec<u8>,
    pub(crate) encrypted_key: Vec<u8>,
    pub(crate) iv: Vec<u8>,
    pub(crate) ciphertext: Vec<u8>,
    pub(crate) tag: Vec<u8>,
}

impl Forge {
    /// A good access token for the key `direct`, with this header.
    pub(crate) fn direct(header: impl AsRef<[u8]>) -> Self {
        Self::sealed(header.as_ref(), &DIRECT, signed_claims().as_bytes())
    }

    /// `plaintext` under `direct`, as an honest sender seals it.
    pub(crate) fn around(plaintext: impl AsRef<[u8]>) -> Self {
        let header = direct_header(&json!({}));
        Self::sealed(header.as_bytes(), &DIRECT, plaintext.as_ref())
    }

    /// A good access token for the key `kw`, whose content key has `cek_bytes` where 32 is right.
    pub(crate) fn wrapped(cek_bytes: usize) -> Self {
        let header = json!({ "alg": "A256KW", "enc": "A256GCM", "kid": "kw" }).to_string();
        let cek = vec![0x77; cek_bytes];
        let mut wrapped = vec![0; cek_bytes + 8];
        let key = aes_kw::KwAes256::new(&KW.into());
        key.wrap_key(&cek, &mut wrapped).unwrap();
        Self {
            encrypted_key: wrapped,
            ..Self::sealed(header.as_bytes(), &[0x77; 32], signed_claims().as_bytes())
        }
    }

    /// This ciphertext for the key `cbc`, under a tag that is good for it.
    pub(crate) fn cbc(ciphertext: &[u8]) -> Self {
        let header = json!({ "alg": "dir", "enc": "A128CBC-HS256", "kid": "cbc" }).to_string();
        let iv = [7; 16];
        let associated = base64url(header.as_bytes());
        let bits = (associated.len() as u64 * 8).to_be_bytes();
        let code = hmac_sha256(
            &CBC[..16],
            &[associated.as_bytes(), &iv, ciphertext, &bits].concat(),
        );
        Self {
            header: header.into_bytes(),
            encrypted_key: Vec::new(),
            iv: iv.to_vec(),
            ciphertext: ciphertext.to_vec(),
            tag: code[..16].to_vec(),
        }
    }

    pub(crate) fn sealed(header: &[u8], key: &[u8; 32], plaintext: &[u8]) -> Self {
        let mut buffer = plaintext.to_vec();
        let associated = base64url(header);
        sealgate_aead::seal_in_place(key, &NONCE, associated.as_bytes(), &mut buffer).unwrap();
        let (ciphertext, tag) = buffer.split_last_chunk::<16>().unwrap();
        Self {
            header: header.to_vec(),
            encrypted_key: Vec::new(),
            iv: NONCE.to_vec(),
            ciphertext: ciphertext.to_vec(),
            tag: tag.to_vec(),
        }
    }

    /// Another encrypted key, or one where there was none.
    pub(crate) fn with_key(self, encrypted_key: &[u8]) -> Self {
        Self {
            encrypted_key: encrypted_key.to_vec(),
            ..self
        }
    }

    pub(crate) fn parts(&self) -> [String; 5] {
        [
            &self.header,
            &self.encrypted_key,
            &self.iv,
            &self.ciphertext,
            &self.tag,
        ]
        .map(|part| base64url(part))
    }

    pub(crate) fn token(&self) -> String {
        self.parts().join(".")
    }

    /// The flattened JSON serialization, all of the header protected.
    pub(crate) fn flattened(&self) -> Value {
        let [protected, encrypted_key, iv, ciphertext, tag] = self.parts();
        let mut message =
            json!({ "protected": protected, "iv": iv, "ciphertext": ciphertext, "tag": tag });
        if !encrypted_key.is_empty() {
            message["encrypted_key"] = json!(encrypted_key);
        }
        message
    }
}

/// The header of a message for `direct`, with these members changed or added.
pub(crate) fn direct_header(change: &Value) -> String {
    let mut header = json!({ "alg": "dir", "enc": "A256GCM", "kid": "direct" });
    for (name, value) in change.as_object().unwrap() {
        header[name] = value.clone();
    }
    header.to_string()
}

/// Good claims, signed by the issuer.
pub(crate) fn signed_claims() -> String {
    es256(&json!({ "alg": "ES256", "kid": "idp" }), &claims())
}

/// Claims under ES256 by the issuer's key, whatever the header says.
pub(crate) fn es256(header: &Value, claims: &Value) -> String {
    es256_by(&[0x51; 32], header, claims.to_string().as_bytes())
}

/// The same by another key.
pub(crate) fn es256_by(scalar: &[u8; 32], header: &Value, payload: &[u8]) -> String {
    jws(&header.to_string(), payload, |input| {
        let key = p256::ecdsa::SigningKey::from_slice(scalar).unwrap();
        let signature: p256::ecdsa::Signature = key.sign(input);
        signature.to_bytes().to_vec()
    })
}

/// A compact JWS whose signature is made by `sign`.
pub(crate) fn jws(header: &str, payload: &[u8], sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let input = format!("{}.{}", base64url(header.as_bytes()), base64url(payload));
    let signature = sign(input.as_bytes());
    format!("{input}.{}", base64url(&signature))
}

pub(crate) fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}
