//! UK Open Banking in both forms. The RSA private keys exist in this test only.

use std::sync::LazyLock;

use rsa::rand_core::{Infallible, TryCryptoRng, TryRng};
use rsa::traits::PublicKeyParts;
use rsa::{Pss, RsaPrivateKey};
use sealgate_signature::scheme::uk_open_banking::{HEADER, Payload, UkOpenBanking};
use sealgate_signature::{Algorithm, PublicKey, SignatureError, Signer, VerificationKey};
use sha2::{Digest, Sha256};

use crate::request::{Part, Request};
use crate::subject::{Party, Subject, never};

static KEYS: LazyLock<[RsaPrivateKey; 2]> =
    LazyLock::new(|| [1, 2].map(|seed| RsaPrivateKey::new(&mut Counter(seed), 2048).unwrap()));

pub(crate) fn encoded() -> Subject {
    subject(Payload::Encoded)
}

pub(crate) fn unencoded() -> Subject {
    subject(Payload::Unencoded)
}

fn subject(payload: Payload) -> Subject {
    let scheme = UkOpenBanking {
        payload,
        issuer: Some("0015800001041REAAY/partner".into()),
        ..UkOpenBanking::default()
    };
    Subject {
        scheme: Box::new(scheme),
        keys: [party("partner-a", 0), party("partner-b", 1)],
        covers: vec![Part::Body, Part::Header(HEADER)],
        message: |draft| Request::post("/payments", &draft.body),
        same: never,
    }
}

fn party(id: &'static str, at: usize) -> Party {
    let (modulus, exponent) = (KEYS[at].n_bytes(), KEYS[at].e_bytes());
    let key = PublicKey::rsa(&modulus, &exponent, Algorithm::RsaPssSha256).unwrap();
    Party {
        id: Some(id),
        signer: Box::new(Private(at)),
        key: VerificationKey::Public(key),
        secret: None,
    }
}

struct Private(usize);

impl Signer for Private {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RsaPssSha256
    }

    fn sign(&self, parts: &[&[u8]]) -> Result<Vec<u8>, SignatureError> {
        let hash = Sha256::digest(parts.concat());
        KEYS[self.0]
            .sign_with_rng(&mut Counter(3), Pss::<Sha256>::new(), &hash)
            .map_err(|_| SignatureError::SigningFailed)
    }
}

/// Octets that look random and are the same in every run.
struct Counter(u64);

impl TryRng for Counter {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut octets = [0; 4];
        self.try_fill_bytes(&mut octets)?;
        Ok(u32::from_le_bytes(octets))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut octets = [0; 8];
        self.try_fill_bytes(&mut octets)?;
        Ok(u64::from_le_bytes(octets))
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Infallible> {
        for chunk in octets.chunks_mut(32) {
            self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            let block = Sha256::digest(self.0.to_le_bytes());
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Counter {}
