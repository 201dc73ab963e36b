//! The refusals of `refusals.rs` without Envoy: the same table, plugin and token under host-shim.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use sealgate_host_shim::host::Host;
use sealgate_tests::bridge::{Bridge, Token};
use sealgate_tests::cases::{self, Case, Client, Expect};
use sealgate_tests::draft::Draft;
use sealgate_tests::headless::{host, passes, refuses, request, try_host};
use sealgate_tests::keys::Keys;
use sealgate_tests::message::Framing;
use sealgate_tests::module::Interface;
use sealgate_tests::required;

struct Gate {
    keys: Keys,
    host: Host,
    _bridge: Bridge,
}

fn gate() -> MutexGuard<'static, Gate> {
    static GATE: OnceLock<Mutex<Gate>> = OnceLock::new();
    let start = || {
        let bridge = Bridge::start(Token::SoftHsm);
        let keys = Keys::make(bridge.lock());
        let host = host(&keys, &bridge.socket(), |builder| builder);
        Mutex::new(Gate {
            keys,
            host,
            _bridge: bridge,
        })
    };
    GATE.get_or_init(start)
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

fn run(wanted: impl Fn(&Case) -> bool) {
    let gate = gate();
    cases::refuse_all(&gate.keys, wanted, |sent, expect| {
        refuses(&gate.host, &gate.keys, sent, expect)
    });
}

fn expects(class: &'static str) -> impl Fn(&Case) -> bool {
    move |case| matches!(case.expect, Expect::Problem(_, is) | Expect::EnvoyOr(_, _, is) if is == class)
}

#[test]
fn malformed_requests_are_refused_headless() {
    run(expects("malformed"));
}

#[test]
fn unauthenticated_requests_are_refused_headless() {
    run(expects("unauthenticated"));
}

#[test]
fn forbidden_requests_are_refused_headless() {
    run(expects("forbidden"));
}

#[test]
fn replayed_requests_are_refused_headless() {
    run(expects("replay"));
}

#[test]
fn too_large_and_unsupported_requests_are_refused_headless() {
    run(|case| expects("too-large")(case) || expects("unsupported")(case));
}

#[test]
fn good_requests_pass_headless_in_every_framing() {
    let gate = gate();
    let drafts = [Draft::payments, Draft::shared, Draft::raw, Draft::hook];
    for draft in drafts {
        for h2 in [false, true] {
            for framing in [Framing::Length, Framing::Chunked(1), Framing::Chunked(4096)] {
                for trailers in [false, true] {
                    let draft = draft(&gate.keys);
                    let mut sent = draft.make();
                    sent.framing = framing.clone();
                    if trailers {
                        sent.trailers.push(("x-trailer".into(), b"1".to_vec()));
                    }
                    let body = passes(&gate.host, &request(&sent, Client::PartnerA, h2));
                    assert_eq!(
                        body,
                        Ok(draft.plaintext),
                        "{} h2 {h2} {framing:?}",
                        draft.target
                    );
                }
            }
        }
    }
}

/// Whatever a host withholds, not one byte of a forged request gets through it; except where the host
/// itself skips one of the two callbacks that hold requests back (see `host_traps_plugin.rs`, point 11).
#[test]
fn a_host_without_any_one_capability_forwards_no_forged_request() {
    const HOLDING: [&str; 2] = ["proxy_on_request_headers", "proxy_on_request_body"];
    let keys = Keys::without_bridge();
    let socket = std::path::Path::new("/nowhere/bridge.sock");
    let mut loaded = 0;
    for name in Interface::of(&required::plugin()).capabilities() {
        let built = try_host(&keys, socket, |builder| builder.without_capability(&name));
        let Ok(host) = built else { continue };
        loaded += 1;
        let mut forged = Draft::shared(&keys).make();
        forged.body.push(b'x');
        let outcome = host
            .request(request(&forged, Client::PartnerA, false))
            .run();
        let leaked = outcome.upstream().is_some();
        assert!(
            !leaked || HOLDING.contains(&name.as_str()),
            "without {name}: {outcome:?}"
        );
    }
    assert!(loaded > 10, "only {loaded} hosts loaded the module");
}
