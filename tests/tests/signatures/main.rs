//! Signatures through real Envoy: one copy of many passes, on all workers and on all gateways; keys
//! change under load; responses are signed on their way back.

#[path = "../../../hsm-bridge/tests/support/redis.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "shared with the bridge's own suites"
)]
mod redis;
mod replay;
mod respond;
mod rotation;

use sealgate_tests::draft::Draft;
use sealgate_tests::envoy::Envoy;
use sealgate_tests::h1::Connection;
use sealgate_tests::keys::Keys;
use sealgate_tests::message::Request;
use sealgate_tests::site::Site;
use sealgate_tests::tls::Offer;
use serde_json::{Value, json};

/// A signed request for `/raw`, whose body is not sealed here.
fn request(keys: &Keys) -> Request {
    Draft::raw(keys).make()
}

/// The suites' policy with changes to the policy `raw`.
fn policy(keys: &Keys, change: impl FnOnce(&mut Value)) -> Value {
    let mut policy = keys.policy();
    change(&mut policy["policies"]["raw"]);
    policy
}

/// Sends `copies` of one request at once, spread over many connections to all gateways; the number
/// of answers per status.
fn storm(site: &Site, gates: &[&Envoy], request: &Request, copies: usize) -> Vec<(u16, usize)> {
    const CONNECTIONS: usize = 50;
    let ready = std::sync::Barrier::new(CONNECTIONS);
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CONNECTIONS)
            .map(|number| {
                let (ready, certificates) = (&ready, &site.certificates);
                let address = gates[number % gates.len()].address();
                scope.spawn(move || {
                    let offer = Offer::of(&certificates.partner_a);
                    let open =
                        || Connection::open(address, certificates, &offer).expect("a connection");
                    let mut connection = open();
                    ready.wait();
                    let mut answers = Vec::new();
                    for _ in 0..copies / CONNECTIONS {
                        let answer = connection.exchange(request).expect("an answer");
                        answers.push(answer.status);
                        // A request that is refused by its head is not read to its end.
                        if answer.value("connection").as_deref() == Some("close") {
                            connection = open();
                        }
                    }
                    answers
                })
            })
            .collect();
        clients
            .into_iter()
            .flat_map(|client| client.join().expect("a client"))
            .collect()
    });
    let mut counts = std::collections::BTreeMap::new();
    for status in answers {
        *counts.entry(status).or_insert(0) += 1;
    }
    counts.into_iter().collect()
}

/// Exactly one copy passed; the others were replays, or came while the store was contended.
fn one_passed(site: &Site, answers: &[(u16, usize)], copies: usize) {
    let count = |status| {
        let found = answers.iter().find(|(one, _)| *one == status);
        found.map_or(0, |(_, count)| *count)
    };
    assert_eq!(count(200), 1, "{answers:?}");
    assert_eq!(count(409) + count(503), copies - 1, "{answers:?}");
    assert!(count(409) >= copies / 2, "{answers:?}");
    assert_eq!(site.upstream.take().len(), 1, "the upstream saw one");
}

fn by_bridge() -> Value {
    json!({ "by": "nonce", "store": "bridge", "store_name": "replay" })
}
