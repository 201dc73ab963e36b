//! Injected statuses and traps.

use crate::common::host;
use sealgate_host_shim::abi::Status;
use sealgate_host_shim::fault::{Fault, Nth};
use sealgate_host_shim::host::Request;

const URL: &str = "https://api.bank.test/payments";
const HOLD: (&str, &str) = ("x-do", "hold");

#[test]
fn an_odd_status_makes_the_sdk_panic_and_the_host_refuse() {
    let host = host("probe").build().unwrap();
    host.inject(
        "proxy_get_header_map_value",
        Fault::Status(Status::InternalFailure),
        Nth::Every,
    );
    let outcome = host
        .request(Request::post(URL).header(HOLD.0, HOLD.1).body("body"))
        .run();
    assert_eq!(outcome.status(), Some(503));
    assert!(outcome.is_clean_refusal());
}

#[test]
fn only_the_chosen_call_is_struck() {
    let host = host("probe").build().unwrap();
    // The first read of a header is `x-do`; a NotFound there is an answer that the SDK knows.
    host.inject(
        "proxy_get_header_map_value",
        Fault::Status(Status::NotFound),
        Nth::Only(1),
    );
    let request = || Request::get(URL).header("x-do", "time");
    assert!(
        host.request(request()).run().is_forwarded(),
        "the command was hidden"
    );
    assert!(
        host.request(request()).run().is_clean_refusal(),
        "and is seen again"
    );
}

#[test]
fn an_injected_trap_costs_the_vm() {
    let host = host("probe").workers(2).build().unwrap();
    host.inject(
        "proxy_get_current_time_nanoseconds",
        Fault::Trap,
        Nth::Every,
    );
    let request = || Request::get(URL).header("x-do", "time").worker(0);
    assert_eq!(host.request(request()).run().status(), Some(503));
    assert!(host.logged("injected trap in proxy_get_current_time_nanoseconds"));
    host.clear_faults();
    assert_eq!(
        host.request(request()).run().status(),
        Some(503),
        "the VM is lost"
    );
    assert_eq!(host.request(request().worker(1)).run().status(), Some(200));
}
