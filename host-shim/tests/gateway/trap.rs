//! A guest that fails: its request is refused, the next one is served.

use crate::support::{EventLog, Upstream, gateway, get};
use sealgate_host_shim::gateway::{ClusterAddr, Event};
use std::io::Write;
use std::net::TcpListener;
use std::time::Duration;

#[test]
fn a_trap_refuses_that_request_and_the_next_is_fine() {
    let (upstream, events) = (Upstream::start(), EventLog::default());
    let gateway = gateway("panic_on_request", &upstream)
        .on_event(events.sink())
        .start()
        .unwrap();
    for _ in 0..3 {
        let (status, body) = get(gateway.address(), "x-panic: 1\r\n");
        assert_eq!(status, 503);
        assert!(body.contains("urn:sealgate:problem:unavailable"), "{body}");
        assert_eq!(get(gateway.address(), "").0, 200);
    }
    assert_eq!(upstream.seen().len(), 3);
    let traps = events
        .all()
        .iter()
        .filter(|event| matches!(event, Event::Trapped { .. }))
        .count();
    assert_eq!(traps, 3);
    assert!(
        gateway
            .metrics_text()
            .contains("sealgate_gateway_traps_total 3\n")
    );
}

/// Envoy lets the neighbours of a panic hang; here they are answered.
#[test]
fn the_streams_that_wait_on_the_lost_vm_are_answered() {
    let upstream = Upstream::start();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let cluster = ClusterAddr::tcp(listener.local_addr().unwrap());
    let gateway = gateway("panic_in_call", &upstream)
        .cluster("helper", cluster)
        .start()
        .unwrap();
    let address = gateway.address();
    let waiting = std::thread::spawn(move || get(address, ""));
    let (mut held, _) = listener.accept().unwrap();
    assert_eq!(get(address, "x-panic: 1\r\n").0, 503);
    assert_eq!(waiting.join().unwrap().0, 503);
    let _ = held.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    assert!(upstream.seen().is_empty());
}

#[test]
fn an_endless_loop_costs_its_request_only() {
    let upstream = Upstream::start();
    let gateway = gateway("spin", &upstream)
        .callback_limit(Duration::from_millis(200))
        .start()
        .unwrap();
    assert_eq!(get(gateway.address(), "x-spin: 1\r\n").0, 503);
    assert_eq!(get(gateway.address(), "").0, 200);
}

#[test]
fn a_hoarder_costs_its_request_only() {
    let upstream = Upstream::start();
    let gateway = gateway("hog", &upstream)
        .memory_limit(32 << 20)
        .start()
        .unwrap();
    assert_eq!(get(gateway.address(), "x-hog: 1\r\n").0, 503);
    assert_eq!(get(gateway.address(), "").0, 200);
}
