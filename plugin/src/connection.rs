//! What TLS made of each connection, read once per connection and not once per request.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use sealgate_engine::telemetry::{ALGORITHMS, PEER_CERTIFICATE, strength};

use crate::host::{self, Moment};
use crate::metrics::Metrics;

/// Connections remembered; beyond that all are forgotten and read anew.
const MAX_CONNECTIONS: usize = 4096;
/// Longest name of a version, group or cipher.
const MAX_NAME_BYTES: usize = 64;
const DAY_SECONDS: u64 = 86_400;

/// Connections that requests of this VM came over, by the host's number. For metrics only: what
/// decides about a request is read for every request.
#[derive(Default)]
pub(crate) struct Connections {
    known: RefCell<HashMap<u64, Rc<Tls>>>,
}

/// Names as the TLS library has them; empty where the host does not say.
struct Tls {
    version: String,
    group: String,
    cipher: String,
}

impl Connections {
    /// Counts one request of `policy` under the version, group and cipher of its connection.
    pub(crate) fn count(&self, metrics: &Metrics, policy: &str, now: Moment) {
        let Some(id) = host::property_number(&["connection", "id"]) else {
            return;
        };
        let known = self.known.borrow().get(&id).cloned();
        let tls = known.unwrap_or_else(|| self.learn(id, metrics, now));
        for (kind, algorithm) in [
            ("tls-version", &tls.version),
            ("tls-group", &tls.group),
            ("tls-cipher", &tls.cipher),
        ] {
            if !algorithm.is_empty() {
                let labels = [policy, kind, algorithm, strength(algorithm)];
                metrics.put(ALGORITHMS, &labels, 1);
            }
        }
    }

    fn learn(&self, id: u64, metrics: &Metrics, now: Moment) -> Rc<Tls> {
        let tls = Rc::new(Tls {
            version: name(&["connection", "tls_version"]),
            group: name(&["filter_state", "sealgate_tls_group"]),
            cipher: name(&["filter_state", "sealgate_tls_cipher"]),
        });
        let expires = host::property_text(&["filter_state", "sealgate_peer_certificate_end"]);
        if let Some(end) = expires.and_then(|text| text.parse::<i64>().ok()) {
            let left = u64::try_from(end.saturating_sub(now.seconds())).unwrap_or_default();
            metrics.put(PEER_CERTIFICATE, &[], left / DAY_SECONDS);
        }
        let mut known = self.known.borrow_mut();
        if known.len() >= MAX_CONNECTIONS {
            known.clear();
        }
        known.insert(id, tls.clone());
        tls
    }
}

fn name(path: &[&str]) -> String {
    let plain = |text: &String| {
        let fits = text.len() <= MAX_NAME_BYTES && text != "-";
        fits && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
    };
    host::property_text(path).filter(plain).unwrap_or_default()
}
