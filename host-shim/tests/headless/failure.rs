//! Panics, traps, and the failure policies (points 8 and 9).

use crate::common::host;
use sealgate_host_shim::call::Answer;
use sealgate_host_shim::host::{Cluster, FailurePolicy, Host, Outcome, Request};
use std::time::Duration;

const URL: &str = "https://api.bank.test/payments";

fn panics(policy: FailurePolicy) -> Host {
    host("panic_on_request")
        .failure_policy(policy)
        .build()
        .unwrap()
}

fn status(host: &Host, request: Request) -> Option<u16> {
    host.request(request).run().status()
}

fn poison() -> Request {
    Request::get(URL).header("x-panic", "1")
}

/// Point 9: the default policy answers 503 for ever.
#[test]
fn fail_closed_never_recovers() {
    let host = panics(FailurePolicy::FailClosed);
    let outcome = host.request(poison()).run();
    assert_eq!(outcome.status(), Some(503));
    assert!(outcome.is_clean_refusal());
    host.advance(Duration::from_secs(3600));
    assert_eq!(status(&host, Request::get(URL)), Some(503));
}

/// Point 9: reload recovers after its base interval, counted from the previous load.
#[test]
fn fail_reload_recovers_after_its_base_interval() {
    let host = panics(FailurePolicy::FailReload { base_ms: 1000 });
    host.advance(Duration::from_millis(400));
    assert_eq!(status(&host, poison()), Some(503));
    host.advance(Duration::from_millis(500));
    assert_eq!(
        status(&host, Request::get(URL)),
        Some(503),
        "900 ms since the load"
    );
    host.advance(Duration::from_millis(100));
    let outcome = host.request(Request::get(URL)).run();
    assert_eq!(
        outcome.upstream().unwrap().head.text("x-filtered"),
        Some("yes")
    );
}

/// Point 9: fail open lets every later request pass unfiltered. Never ship it.
#[test]
fn fail_open_passes_later_requests_unfiltered() {
    let host = panics(FailurePolicy::FailOpen);
    assert_eq!(
        status(&host, poison()),
        Some(503),
        "the panicking request itself"
    );
    let outcome = host.request(poison()).run();
    let seen = outcome.upstream().expect("unfiltered");
    assert_eq!(seen.head.text("x-filtered"), None);
}

/// A trap costs one worker only.
#[test]
fn the_other_worker_goes_on() {
    let host = host("panic_on_request").workers(2).build().unwrap();
    assert_eq!(status(&host, poison().worker(0)), Some(503));
    assert_eq!(status(&host, Request::get(URL).worker(0)), Some(503));
    assert_eq!(status(&host, Request::get(URL).worker(1)), Some(200));
}

/// Point 8: a panic leaves the streams that wait on the same VM without any answer.
#[test]
fn a_panic_hangs_the_streams_that_wait() {
    let host = host("panic_in_call")
        .cluster("helper", Cluster::manual())
        .failure_policy(FailurePolicy::FailReload { base_ms: 0 })
        .build()
        .unwrap();
    let mut waiting = host.request(Request::get(URL)).step();
    waiting.send_headers();
    let token = waiting.pending_calls()[0].token;
    assert_eq!(status(&host, poison()), Some(503));
    waiting.answer(token, Answer::ok("too late"));
    waiting.refresh();
    assert_eq!(waiting.finish(), Outcome::Hung { leaked: None });
    // The VM that came after serves.
    let mut next = host.request(Request::get(URL)).step();
    next.send_headers();
    let token = next.pending_calls()[0].token;
    assert!(next.answer(token, Answer::ok("in time")));
    assert!(next.finish().is_forwarded());
}

/// Point 8: so does a panic in the answer callback for the stream it belongs to.
#[test]
fn a_panic_in_the_answer_callback_hangs_its_stream() {
    let host = host("panic_in_call")
        .cluster("helper", Cluster::answers(Answer::ok("panic")))
        .failure_policy(FailurePolicy::FailReload { base_ms: 100 })
        .build()
        .unwrap();
    let outcome = host.request(Request::get(URL)).run();
    assert_eq!(outcome, Outcome::Hung { leaked: None });
}

/// A stream of a lost VM that gets another part is answered 503.
#[test]
fn a_part_for_a_lost_vm_is_answered_503() {
    let host = host("panic_on_request").build().unwrap();
    let mut open = host.request(Request::post(URL).body("body")).step();
    open.send_headers();
    assert_eq!(status(&host, poison()), Some(503));
    open.send_body("body", true);
    let Outcome::LocalReply { reply, .. } = open.finish() else {
        panic!("no reply")
    };
    assert_eq!(reply.status(), 503);
}
