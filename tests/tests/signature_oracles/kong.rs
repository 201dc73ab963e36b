//! Kong: PyPI `httpie-kong-hmac`.

use sealgate_signature::scheme::kong::Kong;
use sealgate_signature::{Algorithm, MacKey, VerificationKey};
use serde_json::json;

use crate::both_ways::{Pair, Request, bodies};
use crate::oracle::Oracle;

#[test]
fn both_ways() {
    let algorithms = [
        (Algorithm::HmacSha1, "hmac-sha1"),
        (Algorithm::HmacSha256, "hmac-sha256"),
        (Algorithm::HmacSha384, "hmac-sha384"),
        (Algorithm::HmacSha512, "hmac-sha512"),
    ];
    let scheme = Kong {
        sha1: true,
        ..Kong::default()
    };
    let secret = "a secret of Kong";
    for (algorithm, name) in algorithms {
        let key = || MacKey::with_algorithm(algorithm, secret.into()).unwrap();
        let pair = Pair {
            oracle: Oracle::Python,
            file: "kong",
            scheme: &scheme,
            key: &VerificationKey::Mac(key()),
            signer: &key(),
            secret,
            key_id: Some("alice"),
            signs_body: true,
        };
        for body in bodies() {
            pair.both_ways(&Request {
                more: json!({ "algorithm": name }),
                ..Request::post("/pay/%41?b=2&a=%2F+x", &body)
            });
        }
    }
}
