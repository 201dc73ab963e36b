//! Metrics and logs as the host captures them.

use crate::common::host;
use sealgate_host_shim::host::Request;

const URL: &str = "https://api.bank.test/payments";

#[test]
fn gauges_and_histograms_are_captured() {
    let host = host("probe").build().unwrap();
    let outcome = host
        .request(Request::get(URL).header("x-do", "metrics"))
        .run();
    assert_eq!(outcome.response().unwrap().text(), "Ok(42)");
    assert_eq!(host.metric("probe_gauge"), Some(42));
    assert_eq!(host.metric("probe_us"), Some(1), "one sample");
    let text = host.metrics_text();
    assert!(text.contains("# TYPE probe_us histogram\n"), "{text}");
    assert!(text.contains("probe_us_sum 7\n"), "{text}");
}

#[test]
fn standard_output_becomes_a_log_line() {
    let host = host("probe").build().unwrap();
    assert!(
        host.request(Request::get(URL).header("x-do", "print"))
            .run()
            .is_forwarded()
    );
    assert!(host.logged("printed by the guest"));
}
