//! Header maps: duplicates, raw bytes, raw paths, and edits in the wrong phase (points 6, 7, 10,
//! 12).

use crate::common::host;
use sealgate_host_shim::host::{FailurePolicy, Outcome, Request};

const URL: &str = "https://api.bank.test/payments";

/// Point 6: one header byte that is not UTF-8 kills a VM that uses the SDK's String getter, and
/// with the default policy that worker answers 503 for ever.
#[test]
fn one_non_utf8_byte_kills_a_vm_that_reads_strings() {
    let host = host("string_getter").build().unwrap();
    assert!(
        host.request(Request::get(URL).header("x-any", "fine"))
            .run()
            .is_forwarded()
    );
    let killed = host
        .request(Request::get(URL).header("x-any", [0xff]))
        .run();
    assert_eq!(killed.status(), Some(503));
    assert!(killed.is_clean_refusal());
    let next = host
        .request(Request::get(URL).header("x-any", "fine"))
        .run();
    assert_eq!(next.status(), Some(503));
}

#[test]
fn raw_bytes_reach_a_guest_that_reads_bytes() {
    let host = host("echo_headers").build().unwrap();
    let outcome = host
        .request(Request::get(URL).header("x-any", [0xff, 0xfe]))
        .run();
    let body = &outcome.response().unwrap().body;
    let wanted = [b"x-any: ".as_slice(), &[0xff, 0xfe], b"\n"].concat();
    assert!(
        body.windows(wanted.len()).any(|window| window == wanted),
        "{body:?}"
    );
}

/// Point 7: a header edit after the headers left is BadArgument (2).
#[test]
fn an_edit_after_continue_is_a_bad_argument() {
    let host = host("edit_after_continue").build().unwrap();
    let outcome = host.request(Request::post(URL).body("body")).run();
    assert_eq!(outcome.upstream().unwrap().head.text("x-late"), None);
    assert!(host.logged("late edit: 2"), "{:?}", host.logs());
}

/// Point 7: the SDK turns that status into a panic, which costs the VM.
#[test]
fn an_edit_after_continue_through_the_sdk_kills_the_vm() {
    let host = host("edit_after_continue")
        .failure_policy(FailurePolicy::FailReload { base_ms: 100 })
        .build()
        .unwrap();
    let outcome = host
        .request(Request::post(URL).header("x-sdk", "1").body("body"))
        .run();
    let Outcome::LocalReply { reply, leaked } = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(reply.status(), 503);
    assert!(leaked.is_some_and(|seen| seen.body.is_empty() && !seen.complete));
}

/// Point 10: the getter returns the first of several values.
#[test]
fn the_getter_returns_the_first_of_duplicate_headers() {
    let host = host("probe").build().unwrap();
    let request = Request::get(URL)
        .header("x-do", "first:x-signature")
        .header("x-signature", "good")
        .header("X-Signature", "evil");
    let outcome = host.request(request).run();
    assert_eq!(outcome.response().unwrap().text(), "good of 2");
}

/// Point 12: the path is not normalised, neither for the guest nor for the upstream.
#[test]
fn the_path_stays_raw() {
    let host = host("empty").build().unwrap();
    let outcome = host
        .request(Request::get("https://api.test/a/../b//c%2fd?x=%41"))
        .run();
    assert_eq!(
        outcome.upstream().unwrap().head.text(":path"),
        Some("/a/../b//c%2fd?x=%41")
    );
}

#[test]
fn header_names_are_lower_case_and_values_untouched() {
    let host = host("echo_headers").build().unwrap();
    let outcome = host
        .request(Request::get(URL).header("X-Mixed", "VaLuE "))
        .run();
    assert!(
        outcome
            .response()
            .unwrap()
            .text()
            .contains("x-mixed: VaLuE \n")
    );
}
