//! Slack: PyPI `slack_sdk`.

use sealgate_signature::scheme::slack::Slack;
use sealgate_signature::{MacKey, VerificationKey};

use crate::both_ways::{Pair, Request, bodies};
use crate::oracle::Oracle;

#[test]
fn both_ways() {
    let secret = "8f742231b10e8888abcd99yyyzzz85a5";
    let key = || MacKey::new(secret.into()).unwrap();
    let pair = Pair {
        oracle: Oracle::Python,
        file: "slack",
        scheme: &Slack,
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
