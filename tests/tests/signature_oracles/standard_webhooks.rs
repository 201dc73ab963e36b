//! Standard Webhooks: npm and PyPI `standardwebhooks`, npm `svix`; `v1a`, which no library makes, by
//! the specification's text with node's own Ed25519.

use base64ct::{Base64, Encoding as _};
use openssl::pkey::{PKey, Private};
use sealgate_signature::scheme::standard_webhooks::{StandardWebhooks, public_key, secret};
use sealgate_signature::{Algorithm, Scheme, SignatureError, Signer, VerificationKey};
use serde_json::json;

use crate::both_ways::{Pair, Request, bodies};
use crate::oracle::Oracle;

#[test]
fn both_ways_in_node() {
    check(Oracle::Node, "standard_webhooks", &StandardWebhooks::new());
}

#[test]
fn both_ways_in_python() {
    check(
        Oracle::Python,
        "standard_webhooks",
        &StandardWebhooks::new(),
    );
}

#[test]
fn both_ways_with_svix() {
    check(Oracle::Node, "svix", &StandardWebhooks::svix());
}

fn check(oracle: Oracle, file: &str, scheme: &dyn Scheme) {
    let text = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let pair = Pair {
        oracle,
        file,
        scheme,
        key: &VerificationKey::Mac(secret(text).unwrap()),
        signer: &secret(text).unwrap(),
        secret: text,
        key_id: None,
        signs_body: true,
    };
    // The JavaScript library of Svix reads the body as JSON once it has verified it.
    let bodies = bodies().into_iter().enumerate();
    for (_, body) in bodies.filter(|(at, _)| *at == 0 || file != "svix") {
        pair.both_ways(&Request::post("/hook", &body));
    }
}

#[test]
fn both_ways_with_ed25519() {
    let private = PKey::generate_ed25519().unwrap();
    let public = Base64::encode_string(&private.raw_public_key().unwrap());
    let pair = Pair {
        oracle: Oracle::Node,
        file: "standard_webhooks_ed25519",
        scheme: &StandardWebhooks::new(),
        key: &VerificationKey::Public(public_key(&format!("whpk_{public}")).unwrap()),
        secret: &Base64::encode_string(&private.private_key_to_pkcs8().unwrap()),
        signer: &OpenSsl(private),
        key_id: None,
        signs_body: true,
    };
    for body in bodies() {
        pair.both_ways(&Request {
            more: json!({ "publicKey": public }),
            ..Request::post("/hook", &body)
        });
    }
}

/// A private key in OpenSSL's hands.
struct OpenSsl(PKey<Private>);

impl Signer for OpenSsl {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Ed25519
    }

    fn sign(&self, parts: &[&[u8]]) -> Result<Vec<u8>, SignatureError> {
        openssl::sign::Signer::new_without_digest(&self.0)
            .and_then(|mut signer| signer.sign_oneshot_to_vec(&parts.concat()))
            .map_err(|_| SignatureError::SigningFailed)
    }
}
