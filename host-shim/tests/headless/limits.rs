//! Guests that take too much: time, memory.

use crate::common::host;
use sealgate_host_shim::host::Request;
use std::time::{Duration, Instant};

const URL: &str = "https://api.bank.test/payments";

#[test]
fn an_endless_loop_is_stopped_by_the_callback_limit() {
    let host = host("spin")
        .callback_limit(Duration::from_millis(200))
        .build()
        .unwrap();
    assert!(host.request(Request::get(URL)).run().is_forwarded());
    let began = Instant::now();
    let outcome = host.request(Request::get(URL).header("x-spin", "1")).run();
    assert_eq!(outcome.status(), Some(503));
    assert!(outcome.is_clean_refusal());
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_hoarder_of_memory_is_stopped_by_the_memory_limit() {
    let host = host("hog").memory_limit(32 << 20).build().unwrap();
    let outcome = host.request(Request::get(URL).header("x-hog", "1")).run();
    assert_eq!(outcome.status(), Some(503));
    assert!(outcome.is_clean_refusal());
}

#[test]
fn a_module_that_is_none_is_refused_with_a_reason() {
    let error = sealgate_host_shim::host::Host::builder(b"no wasm")
        .build()
        .unwrap_err();
    assert_eq!(error.error.code(), "module");
}
