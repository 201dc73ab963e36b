//! Shapes of bodies, their ends, and buffer edits (points 4 and 14).

use crate::common::host;
use sealgate_host_shim::host::{Host, Outcome, Request};

const URL: &str = "https://api.bank.test/payments";

fn shown(host: &Host, request: Request) -> String {
    let outcome = host.request(request.header("x-do", "hold")).run();
    let seen = outcome
        .upstream()
        .unwrap_or_else(|| panic!("not forwarded: {outcome:?}"));
    seen.head.text("x-shown").unwrap_or_default().to_owned()
}

/// Point 4: a body that ends with trailers never carries end_of_stream, so a filter that judges
/// at the end forwards it untouched.
#[test]
fn trailers_hide_the_end_from_a_filter_that_waits_for_it() {
    let host = host("eos_only_body").build().unwrap();
    let plain = host.request(Request::post(URL).body("body").h2()).run();
    assert_eq!(plain.upstream().unwrap().body, b"BODY");
    let outcome = host
        .request(Request::post(URL).body("body").h2().trailers([("a", "b")]))
        .run();
    let seen = outcome.upstream().expect("the hole that Envoy has too");
    assert_eq!(seen.body, b"body");
    assert_eq!(seen.trailers.as_ref().unwrap().text("a"), Some("b"));
}

/// Point 4: the held body can be read and replaced in the trailers callback.
#[test]
fn a_held_body_is_readable_in_the_trailers_callback() {
    let host = host("probe").build().unwrap();
    let request = Request::post(URL)
        .body("0123456789")
        .h2()
        .trailers([("a", "b")]);
    assert_eq!(
        shown(&host, request),
        "headers:6:false 10:false trailers:1:10"
    );
}

#[test]
fn a_body_edited_in_the_trailers_callback_is_what_leaves() {
    let host = host("probe").build().unwrap();
    let request = Request::post(URL)
        .header("x-do", "edit:0,10")
        .body("0123456789")
        .h2();
    let outcome = host.request(request.trailers([("a", "b")])).run();
    let seen = outcome.upstream().unwrap();
    assert_eq!(seen.head.text("x-edit-status"), Some("0"));
    assert_eq!(seen.body, b"XY");
}

#[test]
fn http1_ends_with_an_empty_piece_and_shows_the_total_held() {
    let host = host("probe").build().unwrap();
    let request = Request::post(URL).body("0123456789").chunks(5);
    assert_eq!(
        shown(&host, request),
        "headers:6:false 5:false 10:false 10:true"
    );
}

#[test]
fn http2_ends_on_the_last_piece() {
    let host = host("probe").build().unwrap();
    let request = Request::post(URL).body("0123456789").chunks(5).h2();
    assert_eq!(shown(&host, request), "headers:6:false 5:false 10:true");
}

#[test]
fn a_chunked_empty_body_is_an_empty_piece_with_the_end() {
    let host = host("probe").build().unwrap();
    assert_eq!(
        shown(&host, Request::post(URL).chunked()),
        "headers:6:false 0:true"
    );
}

#[test]
fn no_body_ends_with_the_head() {
    let host = host("probe").build().unwrap();
    let outcome = host.request(Request::get(URL).header("x-do", "hold")).run();
    assert!(
        outcome.is_forwarded(),
        "the guest saw end_of_stream on the head: {outcome:?}"
    );
    assert_eq!(
        outcome.upstream().unwrap().head.text("x-shown"),
        None,
        "no body callback came"
    );
}

#[test]
fn a_streamed_body_shows_each_piece_by_itself() {
    let host = host("probe").build().unwrap();
    let request = Request::post(URL)
        .header("x-do", "stream")
        .body("0123456789")
        .chunks(4);
    let outcome = host.request(request).run();
    assert_eq!(outcome.upstream().unwrap().body, b"0123456789");
    assert!(
        host.logged("headers:6:false 4:false 4:false 2:false 0:true"),
        "{:?}",
        host.logs()
    );
}

/// Buffers can be replaced, prepended to and appended to; everything else is BadArgument (2).
#[test]
fn buffer_edits_follow_envoys_rules() {
    for (edit, status, body) in [
        ("0,4", "0", "XY"),
        ("0,99", "0", "XY"),
        ("0,0", "0", "XYbody"),
        ("4,0", "0", "bodyXY"),
        ("99,1", "0", "bodyXY"),
        ("0,3", "2", "body"),
        ("1,3", "2", "body"),
    ] {
        let host = host("probe").build().unwrap();
        let request = Request::post(URL)
            .header("x-do", format!("edit:{edit}"))
            .body("body");
        let outcome = host.request(request).run();
        let seen = outcome.upstream().unwrap();
        assert_eq!(seen.head.text("x-edit-status"), Some(status), "{edit}");
        assert_eq!(seen.body, body.as_bytes(), "{edit}");
    }
}

/// Point 14: a held body above the limit is answered 413 by the host; at the limit it passes.
#[test]
fn a_held_body_above_the_limit_is_answered_413() {
    let host = host("probe").body_limit(1000).build().unwrap();
    let request = |bytes: usize| {
        let body = vec![b'a'; bytes];
        Request::post(URL)
            .header("x-do", "hold")
            .body(body)
            .chunks(100)
    };
    for bytes in [999, 1000] {
        assert!(host.request(request(bytes)).run().is_forwarded(), "{bytes}");
    }
    let outcome = host.request(request(1001)).run();
    assert_eq!(outcome.status(), Some(413));
    assert!(outcome.is_clean_refusal());
    assert_eq!(outcome.response().unwrap().text(), "Payload Too Large");
}

/// A single piece above the limit is shown to the guest once before the 413.
#[test]
fn one_large_piece_is_seen_once_before_the_413() {
    let host = host("probe").body_limit(1000).build().unwrap();
    let request = Request::post(URL)
        .header("x-do", "hold")
        .body(vec![b'a'; 5000]);
    let mut step = host.request(request).step();
    step.play();
    assert!(matches!(
        step.finish(),
        Outcome::LocalReply { leaked: None, .. }
    ));
}
