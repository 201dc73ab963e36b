//! GitHub, both forms: npm `@octokit/webhooks-methods`, of which version 4 is the last with SHA-1.

use sealgate_signature::Algorithm::{self, HmacSha1, HmacSha256};
use sealgate_signature::scheme::github::{GITHUB, GITHUB_SHA1};
use sealgate_signature::{MacKey, Scheme, VerificationKey};
use serde_json::json;

use crate::both_ways::{Pair, Request, bodies};
use crate::oracle::Oracle;

#[test]
fn both_ways() {
    check(&GITHUB, HmacSha256, "sha256");
}

#[test]
fn both_ways_in_the_older_form() {
    check(&GITHUB_SHA1, HmacSha1, "sha1");
}

fn check(scheme: &dyn Scheme, algorithm: Algorithm, name: &str) {
    let secret = "It's a Secret to Everybody";
    let key = || MacKey::with_algorithm(algorithm, secret.into()).unwrap();
    let pair = Pair {
        oracle: Oracle::Node,
        file: "github",
        scheme,
        key: &VerificationKey::Mac(key()),
        signer: &key(),
        secret,
        key_id: None,
        signs_body: true,
    };
    for body in bodies() {
        pair.both_ways(&Request {
            more: json!({ "algorithm": name }),
            ..Request::post("/hook", &body)
        });
    }
}
