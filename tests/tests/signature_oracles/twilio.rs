//! Twilio: PyPI `twilio`.

use openssl::sha::sha256;
use sealgate_signature::Algorithm::{self, HmacSha1, HmacSha256};
use sealgate_signature::scheme::twilio::Twilio;
use sealgate_signature::{MacKey, Scheme, VerificationKey};
use sealgate_tests::keys::hex;
use serde_json::{Value, json};

use crate::both_ways::{Pair, Request, bodies};
use crate::oracle::Oracle;

const SECRET: &str = "12345";

#[test]
fn forms_both_ways() {
    for (algorithm, key_id) in [(HmacSha1, None), (HmacSha256, Some("webhooks_sharedkey_1"))] {
        let forms = [
            json!({ "CallSid": "CA1", "From": "+14158675309", "To": "+18005551212" }),
            json!({ "Body": "a b&c=d%41 \u{c548}", "AccountSid": "AC1", "A": "", "a": "1" }),
        ];
        for form in forms {
            let scheme = Twilio::new("https://hooks.test", true).unwrap();
            check(&scheme, algorithm, key_id, &form_request(&form));
        }
    }
}

#[test]
fn json_both_ways() {
    for (algorithm, key_id) in [(HmacSha1, None), (HmacSha256, Some("webhooks_sharedkey_1"))] {
        for body in bodies() {
            let scheme = Twilio::new("https://hooks.test", false).unwrap();
            check(&scheme, algorithm, key_id, &json_request(&body));
        }
    }
}

/// The library signs with the port that the URL has; we take either spelling of the same origin.
#[test]
fn either_spelling_of_the_port() {
    for configured in ["https://hooks.test", "https://hooks.test:443"] {
        for called in ["https://hooks.test", "https://hooks.test:443"] {
            let scheme = Twilio::new(configured, false).unwrap();
            let request = Request {
                origin: called.into(),
                ..json_request("{}")
            };
            check(&scheme, HmacSha1, None, &request);
        }
    }
}

fn check(scheme: &dyn Scheme, algorithm: Algorithm, key_id: Option<&str>, request: &Request) {
    let key = || MacKey::with_algorithm(algorithm, SECRET.into()).unwrap();
    let is_form = request.more["parameters"].is_object();
    let pair = Pair {
        oracle: Oracle::Python,
        file: "twilio",
        scheme,
        key: &VerificationKey::Mac(key()),
        signer: &key(),
        secret: SECRET,
        key_id,
        // A form reaches the library as its parameters, so the target is what is changed.
        signs_body: !is_form,
    };
    pair.both_ways(request);
}

fn json_request(body: &str) -> Request {
    let target = format!("/hook?x=1&bodySHA256={}", hex(&sha256(body.as_bytes())));
    Request {
        origin: "https://hooks.test".into(),
        headers: vec![("content-type".into(), "application/json".into())],
        more: json!({ "parameters": null }),
        ..Request::post(&target, body)
    }
}

fn form_request(parameters: &Value) -> Request {
    let members = parameters.as_object().expect("parameters");
    let body: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("{name}={}", escape(value.as_str().expect("text"))))
        .collect();
    Request {
        origin: "https://hooks.test".into(),
        headers: vec![(
            "content-type".into(),
            "application/x-www-form-urlencoded; charset=UTF-8".into(),
        )],
        more: json!({ "parameters": parameters }),
        ..Request::post("/hook?foo=1&bar=2", &body.join("&"))
    }
}

fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b' ' => "+".into(),
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
