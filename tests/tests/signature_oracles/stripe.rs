//! Stripe: npm `stripe`.

use sealgate_signature::scheme::stripe::Stripe;
use sealgate_signature::{MacKey, VerificationKey};

use crate::both_ways::{Pair, Request, bodies};
use crate::oracle::Oracle;

#[test]
fn both_ways() {
    let secret = "whsec_test_secret";
    let key = || MacKey::new(secret.into()).unwrap();
    let pair = Pair {
        oracle: Oracle::Node,
        file: "stripe",
        scheme: &Stripe,
        key: &VerificationKey::Mac(key()),
        signer: &key(),
        secret,
        key_id: None,
        signs_body: true,
    };
    for body in bodies() {
        pair.both_ways(&Request::post("/hook", &body));
    }
}
