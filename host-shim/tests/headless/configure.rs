//! Starting, configuring, ticking and reloading (point 13).

use crate::common::{guest, host};
use sealgate_host_shim::call::Answer;
use sealgate_host_shim::host::{Cluster, Host, Request};
use std::time::Duration;

const URL: &str = "https://api.bank.test/payments";

fn config_of(host: &Host) -> String {
    let outcome = host.request(Request::get(URL)).run();
    outcome
        .upstream()
        .unwrap()
        .head
        .text("x-config")
        .unwrap()
        .to_owned()
}

/// Point 13: base, main and every worker are configured, and a gauge added to there counts VMs.
#[test]
fn on_configure_runs_workers_plus_two_times() {
    let host = host("probe").workers(3).build().unwrap();
    assert_eq!(host.metric("configured_total"), Some(5));
    assert_eq!(host.metric("configured"), Some(5));
    host.reconfigure("").unwrap();
    assert_eq!(
        host.metric("configured"),
        Some(10),
        "a gauge by increment doubles on reload"
    );
}

#[test]
fn the_tick_runs_on_main_and_on_every_worker() {
    let host = host("probe").workers(2).build().unwrap();
    host.advance(Duration::from_millis(999));
    assert_eq!(host.metric("ticks_total"), None);
    host.advance(Duration::from_millis(1));
    assert_eq!(host.metric("ticks_total"), Some(3));
    host.advance(Duration::from_secs(2));
    assert_eq!(host.metric("ticks_total"), Some(9));
}

#[test]
fn a_refused_configuration_does_not_start_and_says_why() {
    let error = host("configure_false")
        .plugin_config("bad")
        .build()
        .unwrap_err();
    assert_eq!(error.error.code(), "refused");
    assert!(error.logged("the configuration is bad"), "{error}");
}

#[test]
fn a_panic_in_on_configure_does_not_start() {
    let error = host("configure_false")
        .plugin_config("panic")
        .build()
        .unwrap_err();
    assert_eq!(error.error.code(), "trap");
}

#[test]
fn a_refused_reload_keeps_the_last_good_configuration() {
    let host = host("configure_false")
        .plugin_config("one")
        .build()
        .unwrap();
    assert_eq!(config_of(&host), "one");
    host.reconfigure("two").unwrap();
    assert_eq!(config_of(&host), "two");
    host.reconfigure("bad").unwrap_err();
    host.reconfigure("panic").unwrap_err();
    host.reload(b"no wasm", "three").unwrap_err();
    assert_eq!(config_of(&host), "two");
    host.reload(&guest("configure_false"), "three").unwrap();
    assert_eq!(config_of(&host), "three");
}

#[test]
fn a_stream_in_flight_finishes_on_the_vm_it_began_on() {
    let host = host("panic_in_call")
        .cluster("helper", Cluster::manual())
        .build()
        .unwrap();
    let mut step = host.request(Request::get(URL)).step();
    step.send_headers();
    host.reload(&guest("configure_false"), "new").unwrap();
    let token = step.pending_calls()[0].token;
    assert!(step.answer(token, Answer::ok("go on")));
    let outcome = step.finish();
    assert_eq!(outcome.upstream().unwrap().head.text("x-config"), None);
    assert_eq!(config_of(&host), "new");
}
