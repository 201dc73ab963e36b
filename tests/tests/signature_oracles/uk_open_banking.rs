//! UK Open Banking: npm `jose`, both forms of the payload.

use sealgate_signature::scheme::uk_open_banking::{Payload, UkOpenBanking};
use sealgate_signature::{Algorithm, VerificationKey};
use serde_json::json;

use crate::both_ways::{Pair, Request, bodies};
use crate::openssl_keys::{self, OpenSsl};
use crate::oracle::Oracle;

#[test]
fn both_ways_in_both_forms() {
    let algorithm = Algorithm::RsaPssSha256;
    let private = openssl_keys::generate(algorithm);
    let key = VerificationKey::Public(openssl_keys::public(&private, algorithm));
    let pem = String::from_utf8(private.private_key_to_pem_pkcs8().unwrap()).unwrap();
    let public = String::from_utf8(private.public_key_to_pem().unwrap()).unwrap();
    let signer = OpenSsl(private, algorithm);
    for payload in [Payload::Encoded, Payload::Unencoded] {
        let scheme = UkOpenBanking {
            payload,
            issuer: Some("0015800001041REAAY/partner".into()),
            ..UkOpenBanking::default()
        };
        let pair = Pair {
            oracle: Oracle::Node,
            file: "uk_open_banking",
            scheme: &scheme,
            key: &key,
            signer: &signer,
            secret: &pem,
            key_id: Some("partner-a"),
            signs_body: true,
        };
        for body in bodies() {
            pair.both_ways(&Request {
                more: json!({
                    "publicKey": public,
                    "encoded": payload == Payload::Encoded,
                    "issuer": scheme.issuer,
                }),
                ..Request::post("/payments", &body)
            });
        }
    }
}
