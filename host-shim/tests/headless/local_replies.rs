//! Local replies and what they pass through (point 15), and the end of a stream.

use crate::common::host;
use sealgate_host_shim::host::{Outcome, Request, Response};

const URL: &str = "https://api.bank.test/payments";

/// Point 15: the guest's own reply passes through its own response callbacks.
#[test]
fn an_own_reply_passes_through_the_response_callbacks() {
    let host = host("probe").build().unwrap();
    let outcome = host.request(Request::get(URL).header("x-do", "time")).run();
    assert!(outcome.is_clean_refusal());
    let reply = outcome.response().unwrap();
    assert_eq!(
        reply.headers.text("x-response-callback"),
        Some("mine:false")
    );
    assert_eq!(reply.headers.text("content-type"), Some("text/plain"));
}

/// Point 15: so does the host's own 413.
#[test]
fn the_hosts_413_passes_through_the_response_callbacks() {
    let host = host("probe").body_limit(10).build().unwrap();
    let request = Request::post(URL).header("x-do", "hold").body(vec![0; 100]);
    let outcome = host.request(request).run();
    let reply = outcome.response().unwrap();
    assert_eq!(reply.status(), 413);
    assert_eq!(
        reply.headers.text("x-response-callback"),
        Some("other:false")
    );
}

#[test]
fn an_upstreams_response_passes_through_too() {
    let host = host("probe")
        .upstream(|_| Response::new(201, "made"))
        .build()
        .unwrap();
    let outcome = host.request(Request::get(URL)).run();
    let response = outcome.response().unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(response.text(), "made");
    assert_eq!(
        response.headers.text("x-response-callback"),
        Some("other:false")
    );
}

#[test]
fn only_the_first_reply_counts_and_the_callbacks_answer_does_not() {
    let host = host("probe").build().unwrap();
    let outcome = host
        .request(Request::get(URL).header("x-do", "reply-twice"))
        .run();
    assert!(
        outcome.is_clean_refusal(),
        "it answered Continue after its reply: {outcome:?}"
    );
    assert_eq!(outcome.response().unwrap().text(), "first");
}

#[test]
fn a_closed_stream_is_a_reset() {
    let host = host("probe").build().unwrap();
    let outcome = host
        .request(Request::get(URL).header("x-do", "close"))
        .run();
    assert_eq!(outcome, Outcome::Reset { leaked: None });
}

#[test]
fn a_stream_ends_with_log_and_done() {
    let host = host("probe").build().unwrap();
    assert!(host.request(Request::get(URL)).run().is_forwarded());
    assert_eq!(host.metric("log_total"), Some(1));
    assert_eq!(host.metric("done_total"), Some(1));
    assert!(host.logged("on_log saw /payments"));
    assert_eq!(host.open_streams(), 0);
}
