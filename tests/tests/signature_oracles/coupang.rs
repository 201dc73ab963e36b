//! Coupang: PyPI `python-coupang`, which signs only.

use sealgate_signature::scheme::coupang::Coupang;
use sealgate_signature::{MacKey, VerificationKey};

use crate::both_ways::{Pair, Request};
use crate::oracle::Oracle;

#[test]
fn theirs_to_us() {
    let secret = "0123456789abcdef0123456789abcdef01234567";
    let key = || MacKey::new(secret.into()).unwrap();
    let pair = Pair {
        oracle: Oracle::Python,
        file: "coupang",
        scheme: &Coupang::new(&["createdAtFrom", "pageNum"]).unwrap(),
        key: &VerificationKey::Mac(key()),
        signer: &key(),
        secret,
        key_id: Some("73920ae9-75b9-4136-9d78-39a0de286d64"),
        signs_body: false,
    };
    let vendors = "/v2/providers/openapi/apis/api/v4/vendors/A00012345";
    for (method, path) in [
        ("GET", "/returnRequests?createdAtFrom=2018-08-09&status=UC"),
        ("GET", "/returnShippingCenters?pageNum=1&pageSize=50"),
        ("POST", "/outboundShippingCenters"),
    ] {
        pair.theirs_to_us(&Request {
            method: method.into(),
            ..Request::post(&format!("{vendors}{path}"), "{}")
        });
    }
}
