//! What several suites need: encoding, a seeded random source, and a local holder of the private
//! keys that in production live in the HSM.
#![allow(dead_code, reason = "each test binary uses its own part")]

pub(crate) mod forge;

use base64ct::{Base64UrlUnpadded, Encoding};
use p256::elliptic_curve::sec1::ToSec1Point;
use sealgate_jose::jwe::{Compact, ContentEncryptionKey, KeyEncryptionKey, KeyManagement};
use sealgate_jose::jwk::EcPublicJwk;
use sealgate_jose::{RandomError, concat_kdf};
use sha2::{Digest, Sha256};

pub(crate) fn encode(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

pub(crate) fn decode(text: &str) -> Vec<u8> {
    Base64UrlUnpadded::decode_vec(text).unwrap()
}

/// A reproducible random source: SHA-256 in counter mode over `seed`.
pub(crate) fn seeded(seed: u64) -> impl FnMut(&mut [u8]) -> Result<(), RandomError> {
    let mut counter = 0_u64;
    move |out| {
        for chunk in out.chunks_mut(32) {
            counter += 1;
            let block = Sha256::digest([seed.to_be_bytes(), counter.to_be_bytes()].concat());
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
        Ok(())
    }
}

/// A P-256 private key held here in place of the HSM.
pub(crate) struct EcHolder(pub(crate) p256::SecretKey);

impl EcHolder {
    pub(crate) fn seeded(seed: u64) -> Self {
        let mut scalar = [0; 32];
        seeded(seed)(&mut scalar).unwrap();
        Self(p256::SecretKey::from_slice(&scalar).unwrap())
    }

    pub(crate) fn public(&self) -> EcPublicJwk {
        let point = self.0.public_key().to_sec1_point(false);
        let point = point.as_bytes();
        EcPublicJwk::from_coordinates(
            point[1..33].try_into().unwrap(),
            point[33..].try_into().unwrap(),
        )
        .unwrap()
    }

    /// The agreement and, for the wrapping algorithm, the unwrap that hsm-bridge performs.
    pub(crate) fn content_key(&self, token: &Compact<'_>) -> ContentEncryptionKey {
        let header = token.header();
        let epk = header.epk.as_ref().expect("an ECDH-ES token has epk");
        let epk = p256::PublicKey::from_sec1_bytes(&epk.to_sec1()).unwrap();
        let algorithm_id = match header.alg {
            KeyManagement::EcdhEs => header.enc.name(),
            _ => header.alg.name(),
        };
        let agreed = concat_kdf::derive_256(
            self.0.diffie_hellman(&epk).raw_secret_bytes(),
            algorithm_id,
            header.apu.as_deref().unwrap_or_default(),
            header.apv.as_deref().unwrap_or_default(),
        )
        .unwrap();
        match header.alg {
            KeyManagement::EcdhEs => {
                ContentEncryptionKey::from_slice(header.enc, agreed.as_slice()).unwrap()
            }
            _ => KeyEncryptionKey::from_slice(agreed.as_slice())
                .unwrap()
                .unwrap_key(header.enc, token.encrypted_key())
                .unwrap(),
        }
    }
}
