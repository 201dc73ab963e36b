//! NAVER Cloud: its own SDK, PyPI `ncloud-server`.

use sealgate_signature::scheme::naver_cloud::NaverCloud;
use sealgate_signature::{MacKey, VerificationKey};

use crate::both_ways::{Pair, Request};
use crate::oracle::Oracle;

#[test]
fn both_ways() {
    let secret = "0123456789abcdef0123456789abcdef01234567";
    let key = || MacKey::new(secret.into()).unwrap();
    let pair = Pair {
        oracle: Oracle::Python,
        file: "naver_cloud",
        scheme: &NaverCloud,
        key: &VerificationKey::Mac(key()),
        signer: &key(),
        secret,
        key_id: Some("58LBL7wqYroh2uprtcTV"),
        signs_body: false,
    };
    for (method, target) in [
        ("GET", "/server/v2/getServerInstanceList"),
        ("GET", "/photos/puppy.jpg?query1=a&query2=%2Fb"),
        ("POST", "/sms/v2/services/ncp:sms:kr:1:a/messages"),
    ] {
        pair.both_ways(&Request {
            method: method.into(),
            ..Request::post(target, "{}")
        });
    }
}
