//! Signed responses: bound to the request, over the whole body; and nothing unsigned goes out.

use sealgate_signature::scheme::rfc9421::Rfc9421;
use sealgate_signature::scheme::verify;
use sealgate_signature::{HeaderLine, MacKey, Message, Scheme, VerificationKey};
use sealgate_tests::bridge::{Bridge, Token};
use sealgate_tests::keys::{Keys, hex};
use sealgate_tests::message::{Request, Response};
use sealgate_tests::site::Site;
use sealgate_tests::upstream::ok;
use serde_json::{Value, json};

use super::{policy, request};

const SECRET: [u8; 32] = [4; 32];
const ANSWER: &[u8] = br#"{"state":"booked","reference":"R-1"}"#;

/// The suites' policy, whose `raw` signs its responses with `gate-mac`.
fn signing(keys: &Keys) -> Value {
    let mut policy = policy(keys, |raw| {
        raw["respond"] = json!({ "sign": { "scheme": "rfc9421", "key": "gate-mac" } });
    });
    policy["keys"].as_array_mut().unwrap().push(json!({
        "id": "gate-mac", "use": "mac", "alg": "HS256", "material": { "inline": hex(&SECRET) },
    }));
    policy
}

/// Verifies as a client does, over what it sent and what it got.
fn is_signed(asked: &Request, answer: &Response) -> Result<(), String> {
    let headers: Vec<HeaderLine> = answer
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase().into_bytes(), value.clone()))
        .collect();
    let request = Message {
        method: asked.method.as_bytes(),
        scheme: b"https",
        authority: asked.authority.as_bytes(),
        target: asked.target.as_bytes(),
        ..Message::default()
    };
    let message = Message {
        headers: &headers,
        status: Some(answer.status),
        request: Some(&request),
        ..Message::default()
    };
    let scheme = Rfc9421::for_responses();
    let key = VerificationKey::Mac(MacKey::new(SECRET.to_vec()).unwrap());
    let checked = scheme.present(&message).and_then(|presented| {
        verify(&scheme, &message, &presented[0], &answer.body, &key)?;
        scheme.check_body(&message, &presented[0], &answer.body)
    });
    checked.map_err(|error| format!("{error}: {:?}", answer.headers))
}

#[test]
fn every_response_is_signed_and_bound_to_its_request() {
    let site = Site::new();
    let keys = Keys::without_bridge();
    site.upstream
        .answer_with(|_| ok("application/json", ANSWER));
    let envoy = site.plugin(&signing(&keys)).start();
    let asked = request(&keys);
    let answer = site.send(&envoy, &asked);
    assert_eq!((answer.status, answer.body.as_slice()), (200, ANSWER));
    is_signed(&asked, &answer).unwrap();
    let mut other = asked;
    other.target = "/raw/other".into();
    assert!(is_signed(&other, &answer).is_err(), "bound to the target");
}

#[test]
fn a_large_body_is_held_whole_and_one_over_the_cap_does_not_go_out() {
    let site = Site::new();
    let keys = Keys::without_bridge();
    let envoy = site.plugin(&signing(&keys)).start();
    let large = vec![b'x'; 600_000];
    let body = large.clone();
    site.upstream.answer_with(move |_| ok("text/plain", &body));
    let asked = request(&keys);
    let answer = site.send(&envoy, &asked);
    assert_eq!(answer.status, 200);
    assert!(answer.body == large, "{} bytes", answer.body.len());
    is_signed(&asked, &answer).unwrap();

    let mut policy = signing(&keys);
    policy["policies"]["raw"]["respond"]["max_body_bytes"] = json!(1000);
    let envoy = site.plugin(&policy).start();
    let answer = site.send(&envoy, &request(&keys));
    assert_eq!(answer.status, 503);
    assert_eq!(answer.problem().as_deref(), Some("unavailable"));
    assert!(!answer.body.contains(&b'x') || answer.body.len() < 400);
}

#[test]
fn a_dead_bridge_lets_no_unsigned_response_out() {
    let site = Site::new();
    let mut bridge = Bridge::start(Token::SoftHsm);
    let keys = Keys::make(bridge.lock());
    site.upstream
        .answer_with(|_| ok("application/json", ANSWER));
    let mut policy = policy(&keys, |raw| {
        raw["respond"] = json!({ "sign": { "scheme": "rfc9421", "key": "gate-sign" } });
    });
    policy["keys"].as_array_mut().unwrap().push(json!({
        "id": "gate-sign", "use": "sign", "alg": "ES256", "material": { "bridge": "nobody" },
    }));
    let envoy = sealgate_tests::envoy::Setup::shipped("sealgate.yaml")
        .module(&sealgate_tests::required::plugin())
        .policy(&policy)
        .site(&site.certificates, site.upstream.address())
        .bridge(&bridge.socket())
        .start();
    for stopped in [false, true] {
        if stopped {
            bridge.stop();
        }
        let answer = site.send(&envoy, &request(&keys));
        assert_eq!(answer.status, 503, "stopped: {stopped}");
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(!text.contains("booked"), "{text}");
    }
}
