//! Sealed responses, opened by `josekit` as the client; and nothing of a plaintext without its seal.

use josekit::jwk::alg::ec::EcKeyPair;
use sealgate_signature::content_digest;
use sealgate_tests::draft::Draft;
use sealgate_tests::envoy::Envoy;
use sealgate_tests::keys::{Keys, hex};
use sealgate_tests::makers::josekit as maker;
use sealgate_tests::message::{Request, Response};
use sealgate_tests::site::Site;
use sealgate_tests::upstream::ok;
use serde_json::{Value, json};

const ANSWER: &[u8] = br#"{"state":"booked","reference":"R-1"}"#;
const SECRET: [u8; 32] = [4; 32];

struct World {
    site: Site,
    keys: Keys,
    client: EcKeyPair,
}

impl World {
    fn new() -> Self {
        Self {
            site: Site::new(),
            keys: Keys::without_bridge(),
            client: maker::p256(),
        }
    }

    /// The suites' policy, whose `raw` seals its responses for whoever signed the request.
    fn policy(&self) -> Value {
        let mut policy = self.keys.policy();
        policy["policies"]["raw"]["respond"] = json!({
            "encrypt": { "format": "jwe",
                         "recipients": { "by": "signature", "keys": { "partner-a-mac": "partner-a-enc" } } },
        });
        policy["keys"].as_array_mut().unwrap().extend([
            json!({ "id": "partner-a-enc", "use": "encrypt", "alg": "ECDH-ES+A256KW",
                    "material": { "jwk": maker::public(&self.client) } }),
            json!({ "id": "gate-mac", "use": "mac", "alg": "HS256", "material": { "inline": hex(&SECRET) } }),
        ]);
        policy
    }

    fn envoy(&self, policy: &Value) -> Envoy {
        self.site.plugin(policy).start()
    }

    fn ask(&self, envoy: &Envoy) -> (Request, Response) {
        let request = Draft::raw(&self.keys).make();
        let response = self.site.send(envoy, &request);
        (request, response)
    }

    fn open(&self, response: &Response) -> Vec<u8> {
        assert_eq!(
            response.value("content-type").as_deref(),
            Some("application/jose"),
            "{response:?}"
        );
        maker::open(&self.client, "ECDH-ES+A256KW", &response.body)
    }
}

/// Nothing of the plaintext, in whatever the client got.
fn tells_nothing(response: &Response) {
    let text = String::from_utf8_lossy(&response.body).into_owned();
    assert!(!text.contains("booked") && !text.contains("R-1"), "{text}");
    assert!(response.body.len() < 400, "{} bytes", response.body.len());
}

#[test]
fn answers_and_errors_are_sealed_for_the_client_that_signed() {
    let world = World::new();
    let envoy = world.envoy(&world.policy());
    world
        .site
        .upstream
        .answer_with(|_| ok("application/json", ANSWER));
    let (_, response) = world.ask(&envoy);
    assert_eq!(response.status, 200);
    assert_eq!(world.open(&response), ANSWER);
    world.site.upstream.answer_with(|_| {
        let head = "HTTP/1.1 422 No\r\ncontent-type: application/problem+json\r\netag: \"1\"\r\n";
        let mut answer = format!("{head}content-length: {}\r\n\r\n", ANSWER.len()).into_bytes();
        answer.extend_from_slice(ANSWER);
        answer
    });
    let (_, response) = world.ask(&envoy);
    assert_eq!((response.status, response.value("etag")), (422, None));
    assert_eq!(world.open(&response), ANSWER);
}

#[test]
fn large_and_chunked_answers_are_sealed_whole_and_their_trailers_stay_behind() {
    let world = World::new();
    let envoy = world.envoy(&world.policy());
    let large = vec![b'x'; 600_000];
    let body = large.clone();
    world.site.upstream.answer_with(move |_| {
        let mut answer = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\
            transfer-encoding: chunked\r\ntrailer: x-secret\r\n\r\n"
            .to_vec();
        for chunk in body.chunks(7000) {
            answer.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            answer.extend_from_slice(chunk);
            answer.extend_from_slice(b"\r\n");
        }
        answer.extend_from_slice(b"0\r\nx-secret: booked\r\n\r\n");
        answer
    });
    let (_, response) = world.ask(&envoy);
    assert_eq!(response.status, 200);
    assert_eq!(response.value("x-secret"), None);
    assert!(world.open(&response) == large);
}

#[test]
fn what_cannot_be_sealed_is_replaced() {
    let world = World::new();
    let mut policy = world.policy();
    policy["policies"]["raw"]["respond"]["max_body_bytes"] = json!(20);
    let envoy = world.envoy(&policy);
    world
        .site
        .upstream
        .answer_with(|_| ok("application/json", ANSWER));
    let (_, response) = world.ask(&envoy);
    assert_eq!(response.status, 503);
    tells_nothing(&response);

    let envoy = world.envoy(&world.policy());
    world.site.upstream.answer_with(|_| {
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 6\r\n\r\nbooked".to_vec()
    });
    let (_, response) = world.ask(&envoy);
    assert_eq!(response.status, 503);
    tells_nothing(&response);
}

#[test]
fn a_client_without_a_key_does_not_reach_the_upstream() {
    let world = World::new();
    let mut policy = world.policy();
    policy["policies"]["raw"]["respond"]["encrypt"]["recipients"]["keys"] =
        json!({ "partner-b-mac": "partner-a-enc" });
    let envoy = world.envoy(&policy);
    let bytes = world.site.upstream.bytes();
    let (_, response) = world.ask(&envoy);
    assert_eq!(response.status, 403);
    world.site.nothing_since(bytes);
}

#[test]
fn the_signature_is_over_what_was_sealed() {
    let world = World::new();
    let mut policy = world.policy();
    policy["policies"]["raw"]["respond"]["sign"] =
        json!({ "scheme": "rfc9421", "key": "gate-mac" });
    let envoy = world.envoy(&policy);
    world
        .site
        .upstream
        .answer_with(|_| ok("application/json", ANSWER));
    let (_, response) = world.ask(&envoy);
    assert_eq!(world.open(&response), ANSWER);
    let digest = content_digest::sha256(&response.body);
    assert_eq!(response.value("content-digest"), Some(digest));
    assert!(response.value("signature").is_some());
}
