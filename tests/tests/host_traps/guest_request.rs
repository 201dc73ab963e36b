//! Points 1 to 7 with guests that fall in: holding, bodies, headers, phases.

use std::time::{Duration, Instant};

use sealgate_tests::message::{Framing, Request};
use sealgate_tests::nginx::Nginx;
use sealgate_tests::site::{Site, body};
use sealgate_tests::upstream::{Upstream, ok};

use super::FAST_IDLE;

const STOP_ITERATION: &str = "allow_on_headers_stop_iteration";

/// Point 1, without the option: a pause on headers stops everything, the body never comes.
#[test]
fn without_stop_iteration_a_pause_on_headers_hangs_the_request() {
    let site = Site::new();
    let envoy = site
        .guest("probe")
        .without(STOP_ITERATION)
        .replace(FAST_IDLE.0, FAST_IDLE.1)
        .start();
    let start = Instant::now();
    let response = site.refused(
        &envoy,
        &Request::new("POST", "/", "body").header("x-do", "hold"),
    );
    assert!(
        start.elapsed() >= Duration::from_millis(900),
        "it was not held"
    );
    assert!(
        [408, 503, 504].contains(&response.status),
        "{}",
        response.status
    );
}

/// Point 1, with the option: headers are held, the body comes, and both can be edited.
#[test]
fn with_stop_iteration_headers_are_held_until_the_body_was_seen() {
    let site = Site::new();
    let envoy = site.guest("probe").start();
    let request = Request::new("POST", "/", "body").header("x-do", "hold");
    assert!(
        site.passes(&envoy, &request)
            .value("x-shown")
            .unwrap()
            .contains("4:true")
    );
    let chunked = Request {
        framing: Framing::Chunked(1),
        ..request.clone()
    };
    assert!(site.passes(&envoy, &chunked).value("x-shown").is_some());
    site.upstream.take();
    assert_eq!(site.send_h2(&envoy, &request).status, 200);
    assert!(site.upstream.requests()[0].value("x-shown").is_some());
}

/// Point 2: a body callback that returns Continue releases the paused headers, verdict or not.
#[test]
fn continue_in_body_callback_releases_paused_headers_while_a_call_is_pending() {
    let site = Site::new();
    let slow = Upstream::start();
    slow.answer_with(|_| {
        std::thread::sleep(Duration::from_millis(800));
        ok("text/plain", b"verdict")
    });
    let envoy = site
        .guest("continue_while_pending")
        .cluster("slow", slow.address())
        .start();
    let start = Instant::now();
    let mut client = envoy.connect(&site.certificates, &site.certificates.partner_a);
    client
        .send(&Request::new("POST", "/", "body").to_h1())
        .unwrap();
    site.upstream.wait_for(1, Duration::from_secs(5));
    assert!(
        start.elapsed() < Duration::from_millis(700),
        "the trap is gone: {:?}",
        start.elapsed()
    );
}

/// Point 3: without a pause the upstream sees the head before the body is there.
#[test]
fn without_a_pause_the_upstream_sees_the_head_before_the_body() {
    let site = Site::new();
    let envoy = site.guest("probe").start();
    let request = Request::new("POST", "/", "0123456789")
        .header("x-do", "stream")
        .to_h1();
    let mut client = envoy.connect(&site.certificates, &site.certificates.partner_a);
    client.send(&request[..request.len() - 5]).unwrap();
    let until = Instant::now() + Duration::from_secs(5);
    while site.upstream.bytes() == 0 {
        assert!(
            Instant::now() < until,
            "the trap is gone: nothing was forwarded"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(
        site.upstream.requests().is_empty(),
        "the request is not complete yet"
    );
}

/// Point 4: with HTTP/2 trailers no body callback says end-of-stream.
#[test]
fn h2_trailers_hide_the_end_of_the_body_from_a_guest_that_waits_for_it() {
    let site = Site::new();
    let envoy = site.guest("eos_only_body").start();
    let mut request = Request::new("POST", "/", "secret");
    assert_eq!(site.passes(&envoy, &request).body, b"SECRET");
    request.trailers.push(("x-trailer".into(), b"1".to_vec()));
    site.upstream.take();
    assert_eq!(site.send_h2(&envoy, &request).status, 200);
    assert_eq!(
        site.upstream.requests()[0].body,
        b"secret",
        "the trap is gone"
    );
}

/// Point 5: Envoy does not notice a stale content-length; the rest of the body is a new request.
#[test]
fn a_grown_body_under_a_stale_content_length_smuggles_a_request() {
    let site = Site::new();
    let nginx = Nginx::start();
    let envoy = site
        .guest_before("grow_body_stale_length", nginx.address())
        .start();
    site.send(&envoy, &Request::new("POST", "/outer", "0123456789"));
    std::thread::sleep(Duration::from_millis(100));
    let log = nginx.access_log();
    assert!(
        log.contains("GET /smuggled HTTP/1.1"),
        "the trap is gone: {log}"
    );
}

/// Point 5, the other way: a shrunk body leaves the upstream waiting.
#[test]
fn a_shrunk_body_under_a_stale_content_length_hangs_the_upstream() {
    let site = Site::new();
    let envoy = site
        .guest("grow_body_stale_length")
        .replace(
            "route: { cluster: upstream, timeout: 15s }",
            "route: { cluster: upstream, timeout: 1s }",
        )
        .start();
    let response = site.send(
        &envoy,
        &Request::new("POST", "/", "0123456789").header("x-shrink", "1"),
    );
    assert_eq!(response.status, 504, "{}", body(&response));
    assert!(site.upstream.requests().is_empty());
}

/// Point 6: the SDK's String getters panic on one byte that is not UTF-8.
#[test]
fn one_non_utf8_header_byte_kills_a_vm_that_uses_string_getters() {
    let site = Site::new();
    let envoy = site
        .guest("string_getter")
        .without("failure_policy")
        .without("reload_config")
        .concurrency(1)
        .start();
    let good = Request::get("/").header("x-any", "fine");
    site.passes(&envoy, &good);
    site.refused(&envoy, &Request::get("/").header("x-any", b"\xff".to_vec()));
    assert_eq!(site.refused(&envoy, &good).status, 503, "the trap is gone");
}

/// Point 7: an SDK host call in the wrong phase is a panic; the raw call reports a status.
#[test]
fn a_header_edit_after_continue_kills_a_vm_that_uses_the_sdk() {
    let site = Site::new();
    let envoy = site.guest("edit_after_continue").concurrency(1).start();
    let request = Request::new("POST", "/", "body");
    assert_eq!(site.passes(&envoy, &request).value("x-late"), None);
    assert!(envoy.log().contains("late edit: "), "{}", envoy.log());
    assert!(!envoy.log().contains("late edit: 0"), "{}", envoy.log());
    let response = site.send(&envoy, &request.header("x-sdk", "1"));
    assert_eq!(
        response.status,
        503,
        "the trap is gone: {}",
        body(&response)
    );
}
