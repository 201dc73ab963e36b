//! Real Envoy, real token: whatever is refused leaves the upstream untouched, byte for byte, and the
//! next good request works. The table is `sealgate_tests::cases`.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use sealgate_tests::bridge::Token;
use sealgate_tests::cases::{self, Case, Expect, Sent};
use sealgate_tests::draft::{Draft, Signature};
use sealgate_tests::gate::Gate;
use sealgate_tests::h1;
use sealgate_tests::keys::Keys;
use sealgate_tests::message::{Framing, Request};
use sealgate_tests::site::{Site, body};
use sealgate_tests::tls::Offer;

/// One gate for the whole suite; a test has it to itself, so that it can count the upstream's bytes.
fn gate() -> MutexGuard<'static, Gate> {
    static GATE: OnceLock<Mutex<Gate>> = OnceLock::new();
    GATE.get_or_init(|| Mutex::new(Gate::start(Token::SoftHsm)))
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

fn run(wanted: impl Fn(&Case) -> bool) {
    let gate = gate();
    cases::refuse_all(&gate.keys, wanted, |sent, expect| {
        gate.refuses(sent, expect)
    });
}

fn expects(class: &'static str) -> impl Fn(&Case) -> bool {
    move |case| matches!(case.expect, Expect::Problem(_, is) if is == class)
}

#[test]
fn there_are_at_least_25_kinds_and_each_has_its_own_name() {
    let mut names: Vec<_> = cases::all().iter().map(|case| case.name).collect();
    assert!(names.len() >= 25);
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count, "two cases share a name");
}

#[test]
fn malformed_requests_are_refused_with_400() {
    run(expects("malformed"));
}

#[test]
fn unauthenticated_requests_are_refused_with_401() {
    run(expects("unauthenticated"));
}

#[test]
fn forbidden_requests_are_refused_with_403() {
    run(expects("forbidden"));
}

#[test]
fn replayed_requests_are_refused_with_409() {
    run(expects("replay"));
}

#[test]
fn too_large_requests_are_refused_with_413() {
    run(expects("too-large"));
}

#[test]
fn unsupported_formats_are_refused_with_415() {
    run(expects("unsupported"));
}

#[test]
fn what_envoy_itself_refuses_never_reaches_the_upstream() {
    run(|case| !matches!(case.expect, Expect::Problem(..)));
}

#[test]
fn every_authentication_failure_has_the_same_answer() {
    let gate = gate();
    let mut answers = std::collections::BTreeMap::new();
    for case in cases::all()
        .iter()
        .filter(|case| expects("unauthenticated")(case))
    {
        let sent = (case.make)(&gate.keys);
        let response = gate.send(&sent);
        let mut problem = response.json();
        problem["request_id"] = "-".into();
        let headers: Vec<_> = response
            .headers
            .iter()
            // Envoy's own: the time, and whether it had read the whole body when the answer went out.
            .filter(|(name, _)| !["date", "connection", "content-length"].contains(&name.as_str()))
            .cloned()
            .collect();
        // What a sender should sign is told by the policy of the route, whatever the cause.
        let route = sent
            .request
            .target
            .split(['/', '?'])
            .nth(1)
            .map(str::to_owned);
        let answer = format!("{} {headers:?} {problem}", response.status);
        answers
            .entry(route)
            .or_insert_with(std::collections::BTreeSet::new)
            .insert(answer);
    }
    for (route, answers) in answers {
        assert_eq!(answers.len(), 1, "{route:?}: {answers:#?}");
    }
}

#[test]
fn a_client_sent_copy_of_a_claim_header_never_arrives() {
    let gate = gate();
    for name in ["x-sub", "x-scope", "X-Sub", "X-SCOPE"] {
        for draft in [
            Draft::payments(&gate.keys),
            Draft::raw(&gate.keys),
            Draft::hook(&gate.keys),
        ] {
            let request = draft
                .make()
                .header(name, "mallory")
                .header(name, "mallory-again");
            let received = gate.passes(&request);
            let expected = if draft.token.is_some() {
                vec![true]
            } else {
                vec![]
            };
            let values = received.values(&name.to_ascii_lowercase());
            let ours: Vec<bool> = values
                .iter()
                .map(|value| !value.contains("mallory"))
                .collect();
            assert_eq!(ours, expected, "{name} at {}: {values:?}", draft.target);
        }
    }
    let open = Request::get("/healthz")
        .header("x-sub", "mallory")
        .header("x-scope", "all");
    let received = gate.passes(&open);
    assert!(received.value("x-sub").is_none() && received.value("x-scope").is_none());
}

/// Without the bootstrap's own strip filter, and where Envoy lets underscores through.
#[test]
fn the_plugin_alone_strips_claim_headers_in_every_spelling() {
    let site = Site::new();
    let keys = Keys::without_bridge();
    let envoy = site
        .plugin(&keys.policy())
        .replace("remove: x-sub", "remove: x-unrelated")
        .replace("remove: x-scope", "remove: x-unrelated")
        .replace(
            "headers_with_underscores_action: REJECT_REQUEST",
            "headers_with_underscores_action: ALLOW",
        )
        .start();
    let spellings = [
        "x-sub", "x_sub", "X-Sub", "X_SUB", "x-scope", "x_scope", "X_Scope",
    ];
    for draft in [Draft::shared, Draft::raw, Draft::hook] {
        let draft = draft(&keys);
        let mut request = draft.make();
        spellings
            .iter()
            .for_each(|name| request = request.clone().header(name, "mallory"));
        let received = site.passes(&envoy, &request);
        let forged = received
            .headers
            .iter()
            .filter(|(_, value)| value == b"mallory")
            .count();
        assert_eq!(forged, 0, "{}: {:?}", draft.target, received.headers);
        assert_eq!(received.value("x-sub").is_some(), draft.token.is_some());
    }
    let mut open = Request::get("/healthz");
    spellings
        .iter()
        .for_each(|name| open = open.clone().header(name, "mallory"));
    let received = site.passes(&envoy, &open);
    assert!(
        !received
            .headers
            .iter()
            .any(|(_, value)| value == b"mallory"),
        "{:?}",
        received.headers
    );
}

#[test]
fn a_claim_header_sent_as_a_trailer_never_arrives() {
    let gate = gate();
    for h2 in [false, true] {
        let mut sent = Sent::from(Draft::payments(&gate.keys).make());
        sent.request.framing = Framing::Chunked(512);
        sent.request
            .trailers
            .push(("x-sub".into(), b"mallory".to_vec()));
        sent.h2 = h2;
        gate.site.upstream.take();
        let response = gate.send(&sent);
        assert_eq!(response.status, 200, "h2 {h2}: {}", body(&response));
        let received = gate.site.upstream.take().remove(0);
        assert!(received.trailers.is_empty(), "{received:?}");
        assert_eq!(received.values("x-sub"), ["alice"]);
    }
}

#[test]
fn a_client_without_a_certificate_never_gets_to_send() {
    let gate = gate();
    let certificates = &gate.site.certificates;
    let bytes = gate.site.upstream.bytes();
    let request = Draft::payments(&gate.keys).make();
    let offer = Offer {
        identity: None,
        ..Offer::of(&certificates.partner_a)
    };
    let refused = |offer: &Offer| {
        h1::Connection::open(gate.envoy.address(), certificates, offer)
            .and_then(|mut connection| connection.exchange(&request))
            .is_err()
    };
    assert!(refused(&offer), "without a certificate");
    assert!(
        refused(&Offer::of(&certificates.stranger)),
        "with a strange authority's certificate"
    );
    gate.site.nothing_since(bytes);
    gate.still_works();
}

#[test]
fn an_unsigned_request_to_an_open_route_passes() {
    let gate = gate();
    assert_eq!(gate.passes(&Request::get("/healthz")).target, "/healthz");
    let mut draft = Draft::payments(&gate.keys);
    draft.target = "/healthz/deep".into();
    draft.signature = Signature::None;
    assert_eq!(gate.send(&draft.make().into()).status, 403);
}
