//! josekit, which does its cryptography with OpenSSL, in this process.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use josekit::jwe::{A256KW, ECDH_ES_A256KW, JweDecrypter, deserialize_compact};
use josekit::jwk::Jwk;
use josekit::jws::{self, ES256, JwsVerifier};
use serde_json::Value;

use super::message;
use super::work::{SECRET, gate_jwk, issuer_jwk};
use crate::crypto::engine::Engine;

/// A message and its keys as josekit has them.
#[derive(Default)]
pub(super) struct Josekit(Option<Prepared>);

struct Prepared {
    sealed: String,
    key: Box<dyn JweDecrypter>,
    issuer: Option<Box<dyn JwsVerifier>>,
}

impl Engine for Josekit {
    fn version(&self) -> String {
        format!("josekit on {}", openssl::version::version())
    }

    fn prepare(&mut self, operation: u32, bytes: usize) -> anyhow::Result<usize> {
        let sealed = String::from_utf8(message(operation, bytes)?.sealed().to_vec())?;
        let is_token = operation == 0;
        let key: Box<dyn JweDecrypter> = match is_token {
            true => Box::new(ECDH_ES_A256KW.decrypter_from_jwk(&jwk(gate_jwk())?)?),
            false => Box::new(A256KW.decrypter_from_bytes(SECRET)?),
        };
        let issuer: Option<Box<dyn JwsVerifier>> = match is_token {
            true => Some(Box::new(ES256.verifier_from_jwk(&jwk(issuer_jwk())?)?)),
            false => None,
        };
        let length = sealed.len();
        self.0 = Some(Prepared {
            sealed,
            key,
            issuer,
        });
        Ok(length)
    }

    fn run(&mut self, times: u32) -> anyhow::Result<Duration> {
        let prepared = self.0.as_ref().context("nothing is prepared")?;
        let began = Instant::now();
        for _ in 0..times {
            let sealed = std::hint::black_box(prepared.sealed.as_str());
            let (plaintext, _) = deserialize_compact(sealed, prepared.key.as_ref())?;
            if let Some(issuer) = &prepared.issuer {
                let claims = jws::deserialize_compact(plaintext, issuer.as_ref())?;
                ensure!(!claims.0.is_empty(), "no claims");
            }
        }
        Ok(began.elapsed())
    }
}

fn jwk(value: Value) -> anyhow::Result<Jwk> {
    let members = value.as_object().context("a JWK is an object")?;
    Ok(Jwk::from_map(members.clone())?)
}
