//! A body replaced without its length (point 5): the shim must see it and fail the test.

use crate::common::host;
use sealgate_host_shim::host::{LengthMismatch, Request};

const URL: &str = "https://api.bank.test/payments";

/// Point 5: a grown body behind a stale length is request smuggling.
#[test]
fn a_grown_body_with_a_stale_length_is_reported() {
    let host = host("grow_body_stale_length")
        .tolerate_length_mismatch()
        .build()
        .unwrap();
    let outcome = host.request(Request::post(URL).body("0123456789")).run();
    let seen = outcome.upstream().unwrap();
    let wrong = seen.content_length_mismatch().expect("a mismatch");
    assert_eq!(
        wrong,
        LengthMismatch {
            declared: vec!["10".to_owned()],
            actual: 50
        }
    );
}

#[test]
fn a_shrunk_body_with_a_stale_length_is_reported() {
    let host = host("grow_body_stale_length")
        .tolerate_length_mismatch()
        .build()
        .unwrap();
    let request = Request::post(URL)
        .header("x-shrink", "1")
        .body("0123456789");
    let wrong = host
        .request(request)
        .run()
        .upstream()
        .unwrap()
        .content_length_mismatch();
    assert_eq!(
        wrong,
        Some(LengthMismatch {
            declared: vec!["10".to_owned()],
            actual: 1
        })
    );
}

#[test]
#[should_panic(expected = "would be smuggled")]
fn a_mismatch_fails_the_test_by_itself() {
    let host = host("grow_body_stale_length").build().unwrap();
    let _ = host.request(Request::post(URL).body("0123456789")).run();
}

#[test]
fn a_chunked_body_may_grow() {
    let host = host("grow_body_stale_length").build().unwrap();
    let outcome = host
        .request(Request::post(URL).body("0123456789").chunked())
        .run();
    assert_eq!(outcome.upstream().unwrap().content_length_mismatch(), None);
}

#[test]
fn two_lengths_are_a_mismatch_even_if_one_is_right() {
    let host = host("empty").tolerate_length_mismatch().build().unwrap();
    let request = Request::post(URL)
        .header("content-length", "4")
        .header("content-length", "5")
        .body("body");
    let outcome = host.request(request).run();
    assert!(
        outcome
            .upstream()
            .unwrap()
            .content_length_mismatch()
            .is_some()
    );
}
