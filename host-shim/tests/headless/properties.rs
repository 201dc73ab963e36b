//! Properties, the clock and the environment, as the guest reads them.

use crate::common::host;
use sealgate_host_shim::clock::FakeClock;
use sealgate_host_shim::host::{Host, HostBuilder, Request};
use std::time::Duration;

fn ask(host: &Host, command: &str) -> String {
    let request = Request::get("https://api.bank.test/a/b?x=1").header("x-do", command);
    host.request(request).run().response().unwrap().text()
}

fn built(change: impl FnOnce(HostBuilder) -> HostBuilder) -> Host {
    change(host("probe")).build().unwrap()
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn strings_integers_and_booleans_have_envoys_encodings() {
    let host = built(|host| {
        host.property("connection.tls_version", "TLSv1.3")
            .property("connection.mtls", true)
            .property("request.duration", 258)
    });
    assert_eq!(
        ask(&host, "property:connection/tls_version"),
        hex("TLSv1.3")
    );
    assert_eq!(ask(&host, "property:connection/mtls"), "01");
    assert_eq!(ask(&host, "property:request/duration"), "0201000000000000");
    assert_eq!(ask(&host, "property:connection/cipher"), "absent");
}

#[test]
fn route_metadata_is_read_leaf_by_leaf() {
    let host = built(|host| host.route_metadata("sealgate", "policy", "payments"));
    let path = "property:xds/route_metadata/filter_metadata/sealgate/policy";
    assert_eq!(ask(&host, path), hex("payments"));
    assert_eq!(ask(&host, "property:xds/route_name"), "absent");
}

#[test]
fn the_request_is_readable_as_properties() {
    let host = built(|host| host);
    assert_eq!(ask(&host, "property:request/path"), hex("/a/b?x=1"));
    assert_eq!(ask(&host, "property:request/url_path"), hex("/a/b"));
    assert_eq!(ask(&host, "property:request/query"), hex("x=1"));
    assert_eq!(ask(&host, "property:request/host"), hex("api.bank.test"));
    assert_eq!(ask(&host, "property:request/method"), hex("GET"));
    assert_eq!(ask(&host, "property:request/protocol"), hex("HTTP/1.1"));
}

#[test]
fn a_stored_property_is_readable() {
    let host = built(|host| host);
    assert_eq!(ask(&host, "set-property"), hex("stored"));
}

#[test]
fn a_streams_property_wins_over_the_hosts() {
    let host = built(|host| host.property("connection.tls_version", "TLSv1.2"));
    let request = Request::get("https://a.test/")
        .property("connection.tls_version", "TLSv1.3")
        .header("x-do", "property:connection/tls_version");
    assert_eq!(
        host.request(request).run().response().unwrap().text(),
        hex("TLSv1.3")
    );
}

#[test]
fn the_clock_is_the_tests() {
    let host = built(|host| host.clock(FakeClock::at_unix_seconds(1_700_000_000)));
    assert_eq!(ask(&host, "time"), "1700000000000000000");
    host.clock().advance(Duration::from_secs(5));
    assert_eq!(ask(&host, "time"), "1700000005000000000");
}

#[test]
fn the_environment_is_the_builders() {
    let host = built(|host| host.env("SEALGATE_KEY", "value=1"));
    assert_eq!(ask(&host, "env:SEALGATE_KEY"), "value=1");
    assert_eq!(ask(&host, "env:PATH"), "absent");
}
