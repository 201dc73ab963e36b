//! AWS Signature Version 4: PyPI `botocore`, npm `aws4`.

use sealgate_signature::scheme::aws_sigv4::AwsSigV4;
use sealgate_signature::{MacKey, VerificationKey};
use serde_json::json;

use crate::both_ways::{Pair, Request, bodies};
use crate::oracle::Oracle;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const REGION: &str = "eu-central-1";
const ORACLES: [(Oracle, &str); 2] = [(Oracle::Python, "aws_sigv4"), (Oracle::Node, "aws4")];

fn scheme(service: &str) -> AwsSigV4 {
    AwsSigV4 {
        region: REGION.into(),
        service: service.into(),
        presigned: true,
        ..AwsSigV4::default()
    }
}

fn key() -> MacKey {
    MacKey::new(SECRET.into()).unwrap()
}

fn with_pair<T>(
    service: &str,
    (oracle, file): (Oracle, &str),
    check: impl Fn(&Pair<'_>) -> T,
) -> T {
    check(&Pair {
        oracle,
        file,
        scheme: &scheme(service),
        key: &VerificationKey::Mac(key()),
        signer: &key(),
        secret: SECRET,
        key_id: Some("AKIDEXAMPLE"),
        signs_body: true,
    })
}

#[test]
fn headers_both_ways() {
    for service in ["execute-api", "s3"] {
        for oracle in ORACLES {
            for body in bodies() {
                // aws4 signs the first of several values only, when the service is S3.
                let target = match oracle.0 {
                    Oracle::Node => "/pay/a%20b/%C3%A9?b=2&a=x%2Fy&c",
                    Oracle::Python => "/pay/a%20b/%C3%A9?b=2&a=x%2Fy&a=z&c",
                };
                let request = Request {
                    headers: vec![
                        ("content-type".into(), "text/plain".into()),
                        ("x-amz-meta-note".into(), "two  spaces".into()),
                    ],
                    more: json!({ "region": REGION, "service": service }),
                    ..Request::post(target, &body)
                };
                with_pair(service, oracle, |pair| match pair.oracle {
                    // aws4 does not verify.
                    Oracle::Node => pair.theirs_to_us(&request),
                    Oracle::Python => pair.both_ways(&request),
                });
            }
        }
    }
}

#[test]
fn presigned_urls_verify() {
    for service in ["execute-api", "s3"] {
        for (oracle, file) in ORACLES {
            let target = "/docs/a%20b?version=2";
            let url = format!("https://api.test{target}");
            let question = json!({
                "scheme": file, "secret": SECRET, "keyId": "AKIDEXAMPLE", "method": "GET",
                "url": url, "headers": {}, "body": "", "region": REGION, "service": service,
                "presigned": true,
            });
            let made = oracle.sign(&question);
            let url = &made.first().expect("a URL").1;
            let target = url.strip_prefix("https://api.test").expect("the host");
            let judge = |target: &str| {
                let request = Request {
                    method: "GET".into(),
                    ..Request::post(target, "")
                };
                with_pair(service, (oracle, file), |pair| pair.judge(&request))
            };
            assert_eq!(judge(target), Ok(()), "{service} {file} {target}");
            assert!(judge(&target.replace("version=2", "version=3")).is_err());
            assert!(judge(&target.replace("/docs/", "/dogs/")).is_err());
        }
    }
}
