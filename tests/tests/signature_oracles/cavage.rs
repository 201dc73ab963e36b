//! draft-cavage-http-signatures: PyPI `httpsig`, with MACs and with RSA.

use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::sign;
use sealgate_signature::scheme::cavage::Cavage;
use sealgate_signature::{Algorithm, MacKey, PublicKey, SignatureError, Signer, VerificationKey};
use serde_json::json;

use crate::both_ways::{Pair, Request, bodies};
use crate::oracle::Oracle;

const TARGET: &str = "/pay/%41?b=2&a=%2F+x";

#[test]
fn macs_both_ways() {
    let scheme = Cavage {
        sha1: true,
        ..Cavage::default()
    };
    let secret = "a secret of ASCII";
    for (algorithm, name) in [
        (Algorithm::HmacSha1, "hmac-sha1"),
        (Algorithm::HmacSha256, "hmac-sha256"),
        (Algorithm::HmacSha512, "hmac-sha512"),
    ] {
        let key = || MacKey::with_algorithm(algorithm, secret.into()).unwrap();
        let pair = Pair {
            oracle: Oracle::Python,
            file: "cavage",
            scheme: &scheme,
            key: &VerificationKey::Mac(key()),
            signer: &key(),
            secret,
            key_id: Some("Test"),
            signs_body: true,
        };
        for body in bodies() {
            pair.both_ways(&Request {
                more: json!({ "algorithm": name, "public": secret }),
                ..Request::post(TARGET, &body)
            });
        }
    }
}

#[test]
fn rsa_both_ways() {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let rsa = key.rsa().unwrap();
    let (modulus, exponent) = (rsa.n().to_vec(), rsa.e().to_vec());
    let public = PublicKey::rsa(&modulus, &exponent, Algorithm::RsaV15Sha256).unwrap();
    let text = |pem: Vec<u8>| String::from_utf8(pem).unwrap();
    let pair = Pair {
        oracle: Oracle::Python,
        file: "cavage",
        scheme: &Cavage::default(),
        key: &VerificationKey::Public(public),
        signer: &RsaSigner(key.clone()),
        secret: &text(rsa.private_key_to_pem().unwrap()),
        key_id: Some("Test"),
        signs_body: true,
    };
    let public = text(key.public_key_to_pem().unwrap());
    for body in bodies() {
        pair.both_ways(&Request {
            more: json!({ "algorithm": "rsa-sha256", "public": public }),
            ..Request::post(TARGET, &body)
        });
    }
}

struct RsaSigner(PKey<Private>);

impl Signer for RsaSigner {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RsaV15Sha256
    }

    fn sign(&self, parts: &[&[u8]]) -> Result<Vec<u8>, SignatureError> {
        sign::Signer::new(MessageDigest::sha256(), &self.0)
            .and_then(|mut signer| signer.sign_oneshot_to_vec(&parts.concat()))
            .map_err(|_| SignatureError::SigningFailed)
    }
}
