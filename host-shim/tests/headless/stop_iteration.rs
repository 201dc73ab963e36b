//! Holding and releasing: `allow_on_headers_stop_iteration`, and what a Continue lets go
//! (envoy notes, points 1 to 3).

use crate::common::host;
use sealgate_host_shim::call::Answer;
use sealgate_host_shim::host::{Cluster, Outcome, Request};

const URL: &str = "https://api.bank.test/payments";

/// Point 1: with the option a filter may hold the head, read the body, and then edit the head.
#[test]
fn with_the_option_a_held_head_can_still_be_edited_after_the_body() {
    let host = host("probe").build().unwrap();
    let request = Request::post(URL)
        .header("x-do", "hold")
        .body("0123456789")
        .chunks(5);
    let outcome = host.request(request).run();
    let seen = outcome.upstream().expect("forwarded");
    assert_eq!(
        seen.head.text("x-shown"),
        Some("headers:6:false 5:false 10:false 10:true")
    );
    assert_eq!(seen.body, b"0123456789");
}

/// Point 1: without it a pause on headers is stop-all; no body callback ever comes.
#[test]
fn without_the_option_a_pause_on_headers_hides_the_body_and_hangs() {
    let host = host("probe").stop_iteration(false).build().unwrap();
    let outcome = host
        .request(Request::post(URL).header("x-do", "hold").body("body"))
        .run();
    assert_eq!(outcome, Outcome::Hung { leaked: None });
}

/// Without the option the body is shown after the resume, when the head has already left.
#[test]
fn without_the_option_the_body_is_shown_after_the_resume() {
    let host = host("panic_in_call")
        .stop_iteration(false)
        .cluster("helper", Cluster::manual())
        .build()
        .unwrap();
    let mut step = host.request(Request::post(URL).body("body")).step();
    step.send_headers();
    step.send_body("body", false);
    step.send_body("", true);
    assert_eq!(step.upstream(), None);
    let token = step.pending_calls()[0].token;
    assert!(step.answer(token, Answer::ok("go on")));
    assert_eq!(step.upstream().unwrap().body, b"body");
    assert!(step.finish().is_forwarded());
}

/// Point 2: a body callback that answers Continue releases the paused head, although the call
/// that would deny the request has not been answered.
#[test]
fn a_body_continue_releases_the_paused_head_while_a_call_is_pending() {
    let host = host("continue_while_pending")
        .cluster("slow", Cluster::manual())
        .build()
        .unwrap();
    let mut step = host.request(Request::post(URL).body("body")).step();
    step.send_headers();
    assert_eq!(step.upstream(), None, "the head is held");
    step.send_body("body", true);
    assert_eq!(step.pending_calls().len(), 1, "the verdict is still open");
    let leaked = step.upstream().expect("the bypass that Envoy has too");
    assert!(leaked.complete);
    assert_eq!(leaked.body, b"body");
}

/// Point 2, with trailers: their callback releases just as well.
#[test]
fn a_trailers_continue_releases_the_paused_head_while_a_call_is_pending() {
    let host = host("continue_while_pending")
        .cluster("slow", Cluster::never())
        .build()
        .unwrap();
    let request = Request::post(URL).trailers([("x-end", "1")]).late_answers();
    let mut step = host.request(request).step();
    step.play();
    assert_eq!(
        step.upstream()
            .unwrap()
            .trailers
            .as_ref()
            .unwrap()
            .text("x-end"),
        Some("1")
    );
}

/// Point 3: a filter that lets the head go shows it to the upstream before the body is judged.
#[test]
fn a_head_that_is_not_held_reaches_the_upstream_before_the_body() {
    let host = host("probe").build().unwrap();
    let mut step = host
        .request(Request::post(URL).header("x-do", "stream").body("body"))
        .step();
    step.send_headers();
    let seen = step.upstream().expect("the head has left");
    assert!(!seen.complete);
    assert_eq!(seen.body, b"");
}

/// The denial that comes too late cannot call the head back.
#[test]
fn a_denial_after_a_leak_is_reported_with_the_leak() {
    let host = host("continue_while_pending")
        .cluster("slow", Cluster::manual())
        .build()
        .unwrap();
    let mut step = host
        .request(Request::post(URL).body("body").chunks(2))
        .step();
    step.send_headers();
    step.send_body("bo", false);
    let token = step.pending_calls()[0].token;
    step.answer(token, Answer::ok(""));
    let Outcome::LocalReply { reply, leaked } = step.finish() else {
        panic!("not a reply")
    };
    assert_eq!(reply.status(), 403);
    assert_eq!(leaked.unwrap().body, b"bo");
}

/// A resume inside the callback that then pauses is lost, as in Envoy.
#[test]
fn a_resume_before_the_pause_is_lost() {
    let host = host("probe").build().unwrap();
    let outcome = host
        .request(Request::get(URL).header("x-do", "resume-and-pause"))
        .run();
    assert_eq!(outcome, Outcome::Hung { leaked: None });
}
