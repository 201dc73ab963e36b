//! Shopify: npm `@shopify/shopify-api`.

use sealgate_signature::scheme::shopify::SHOPIFY;
use sealgate_signature::{MacKey, VerificationKey};

use crate::both_ways::{Pair, Request, bodies};
use crate::oracle::Oracle;

#[test]
fn both_ways() {
    let secret = "shpss_0123456789abcdef";
    let key = || MacKey::new(secret.into()).unwrap();
    let pair = Pair {
        oracle: Oracle::Node,
        file: "shopify",
        scheme: &SHOPIFY,
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
