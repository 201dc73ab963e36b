//! Alibaba Cloud API Gateway: PyPI `aliyun-api-gateway-python`.

use sealgate_signature::scheme::alibaba::Alibaba;
use sealgate_signature::{Algorithm, MacKey, VerificationKey};
use serde_json::json;

use crate::both_ways::{Pair, Request, bodies};
use crate::oracle::Oracle;

const TARGET: &str = "/pay?b=2&a=x%20y%2Fz&empty=";

#[test]
fn both_ways() {
    let scheme = Alibaba {
        sha1: true,
        ..Alibaba::default()
    };
    let secret = "appSecret";
    for (algorithm, name) in [
        (Algorithm::HmacSha1, "HmacSHA1"),
        (Algorithm::HmacSha256, "HmacSHA256"),
    ] {
        let key = || MacKey::with_algorithm(algorithm, secret.into()).unwrap();
        let pair = Pair {
            oracle: Oracle::Python,
            file: "alibaba",
            scheme: &scheme,
            key: &VerificationKey::Mac(key()),
            signer: &key(),
            secret,
            key_id: Some("203753385"),
            signs_body: true,
        };
        let request = |content_type: &str, body: &str| Request {
            headers: vec![("content-type".into(), content_type.into())],
            more: json!({ "algorithm": name }),
            ..Request::post(TARGET, body)
        };
        for body in bodies() {
            pair.both_ways(&request("application/json", &body));
        }
        let form = "username=xiaoming&password=1234+5%3D6789&none=";
        pair.both_ways(&request("application/x-www-form-urlencoded", form));
    }
}
