//! The keys of an issuer, fetched by real Envoy from a cluster of its own.

use std::sync::{Arc, Mutex};

use sealgate_tests::draft::Draft;
use sealgate_tests::envoy::Envoy;
use sealgate_tests::keys::Keys;
use sealgate_tests::makers::josekit as maker;
use sealgate_tests::message::Request;
use sealgate_tests::site::Site;
use sealgate_tests::upstream::{Upstream, ok};
use serde_json::{Value, json};

use super::is_problem;

const WORKERS: usize = 2;

struct Issuer {
    server: Upstream,
    set: Arc<Mutex<Option<Value>>>,
}

impl Issuer {
    /// Answers with its set, and with 500 while it has none.
    fn start() -> Self {
        let server = Upstream::start();
        let set: Arc<Mutex<Option<Value>>> = Arc::default();
        let current = set.clone();
        server.answer_with(move |_| match &*current.lock().unwrap() {
            Some(set) => ok("application/jwk-set+json", set.to_string().as_bytes()),
            None => b"HTTP/1.1 500 Down\r\ncontent-length: 0\r\n\r\n".to_vec(),
        });
        Self { server, set }
    }

    fn publishes(&self, keys: &Keys, kid: &str) {
        let mut jwk = maker::public(&keys.idp);
        jwk["kid"] = json!(kid);
        *self.set.lock().unwrap() = Some(json!({ "keys": [jwk] }));
    }
}

fn gate(issuer: &Issuer) -> (Site, Keys, Envoy) {
    let site = Site::new();
    let keys = Keys::without_bridge();
    let mut policy = keys.policy();
    policy["keys"].as_array_mut().unwrap().push(json!({
        "id": "idp", "use": "verify",
        "jwks": { "cluster": "issuer", "authority": "idp.test", "path": "/.well-known/jwks.json", "algs": ["ES256"] },
    }));
    policy["policies"]["shared"]["token"]["verify"] = json!(["idp"]);
    let setup = site.plugin(&policy).concurrency(WORKERS);
    let envoy = setup.cluster("issuer", issuer.server.address()).start();
    (site, keys, envoy)
}

fn signed(keys: &Keys, kid: &str) -> Request {
    let mut draft = Draft::shared(keys);
    draft.token().signer = Some((keys.idp.clone(), kid.to_owned()));
    draft.make()
}

#[test]
fn tokens_are_verified_with_the_keys_of_their_issuer() {
    let issuer = Issuer::start();
    let (site, keys, envoy) = gate(&issuer);
    // Nothing to verify with: 503 and nothing passes.
    is_problem(
        &site.refused(&envoy, &signed(&keys, "k1")),
        503,
        "unavailable",
    );
    issuer.publishes(&keys, "k1");
    std::thread::sleep(std::time::Duration::from_millis(1100));
    issuer.server.take();
    for _ in 0..8 * WORKERS {
        site.passes(&envoy, &signed(&keys, "k1"));
    }
    // The workers share what one of them fetched.
    let fetched = issuer.server.take();
    assert_eq!(fetched.len(), 1);
    assert_eq!(fetched[0].target, "/.well-known/jwks.json");
    assert_eq!(fetched[0].value("host").as_deref(), Some("idp.test"));
    // Invented key ids are refused as any bad token is, and do not make the gate ask again and again.
    for number in 0..10 {
        let refused = site.refused(&envoy, &signed(&keys, &format!("invented-{number}")));
        is_problem(&refused, 401, "unauthenticated");
    }
    assert!(issuer.server.take().len() <= WORKERS);
    site.passes(&envoy, &signed(&keys, "k1"));
}

#[test]
fn an_issuer_that_dies_takes_nobody_with_it() {
    let issuer = Issuer::start();
    let (site, keys, envoy) = gate(&issuer);
    issuer.publishes(&keys, "k1");
    site.passes(&envoy, &signed(&keys, "k1"));
    *issuer.set.lock().unwrap() = None;
    is_problem(
        &site.refused(&envoy, &signed(&keys, "k2")),
        401,
        "unauthenticated",
    );
    for _ in 0..8 {
        site.passes(&envoy, &signed(&keys, "k1"));
    }
}
