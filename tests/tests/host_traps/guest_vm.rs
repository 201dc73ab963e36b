//! Points 8 to 15 with guests that fall in: failures, capabilities, paths, workers.

use std::time::{Duration, Instant};

use sealgate_tests::message::Request;
use sealgate_tests::site::{Site, body};
use sealgate_tests::upstream::{Upstream, ok};
use serde_json::json;

use super::FAST_IDLE;

/// Point 8: when a VM dies, streams that wait in it get no answer; only Envoy's timeouts end them.
#[test]
fn a_panic_hangs_neighbours_that_wait_and_the_idle_timeout_ends_them() {
    let site = Site::new();
    let helper = Upstream::start();
    helper.answer_with(|_| {
        std::thread::sleep(Duration::from_millis(400));
        ok("text/plain", b"go on")
    });
    let envoy = site
        .guest("panic_in_call")
        .cluster("helper", helper.address())
        .replace(FAST_IDLE.0, FAST_IDLE.1)
        .concurrency(1)
        .start();
    site.passes(&envoy, &Request::get("/"));
    let before = site.upstream.bytes();
    let start = Instant::now();
    let mut waiting = envoy.connect(&site.certificates, &site.certificates.partner_a);
    waiting.send(&Request::get("/").to_h1()).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(
        site.send(&envoy, &Request::get("/").header("x-panic", "1"))
            .status,
        503
    );
    let response = waiting.response().unwrap();
    assert!(response.status >= 400, "{}", response.status);
    assert!(
        start.elapsed() >= Duration::from_millis(900),
        "the trap is gone: {:?}",
        start.elapsed()
    );
    assert!(
        start.elapsed() < Duration::from_secs(4),
        "nothing bounds the wait"
    );
    site.nothing_since(before);
}

/// Point 8: a panic in the callback of a stream's own call hangs that stream too.
#[test]
fn a_panic_in_a_call_response_is_bounded_by_the_idle_timeout() {
    let site = Site::new();
    let helper = Upstream::start();
    helper.answer_with(|_| ok("text/plain", b"panic"));
    let envoy = site
        .guest("panic_in_call")
        .cluster("helper", helper.address())
        .replace(FAST_IDLE.0, FAST_IDLE.1)
        .start();
    let start = Instant::now();
    site.refused(&envoy, &Request::get("/"));
    assert!(
        start.elapsed() < Duration::from_secs(4),
        "nothing bounds the wait"
    );
}

/// Point 9: what each failure policy does after a panic.
#[test]
fn failure_policies_after_a_panic() {
    let good = Request::get("/");
    let bad = Request::get("/").header("x-panic", "1");
    let start = |policy: Option<&str>, site: &Site| {
        site.guest("panic_on_request")
            .plugin(|plugin| {
                let plugin = plugin.as_object_mut().unwrap();
                plugin.remove("failure_policy");
                if policy != Some("FAIL_RELOAD") {
                    plugin.remove("reload_config");
                }
                if let Some(policy) = policy {
                    plugin.insert("failure_policy".into(), json!(policy));
                }
            })
            .concurrency(1)
            .start()
    };
    let pause = || std::thread::sleep(Duration::from_millis(300));
    for policy in [None, Some("FAIL_CLOSED")] {
        let site = Site::new();
        let envoy = start(policy, &site);
        assert_eq!(
            site.passes(&envoy, &good).value("x-filtered").as_deref(),
            Some("yes")
        );
        assert_eq!(site.refused(&envoy, &bad).status, 503);
        pause();
        assert_eq!(
            site.refused(&envoy, &good).status,
            503,
            "{policy:?} recovered"
        );
    }
    let site = Site::new();
    let envoy = start(Some("FAIL_OPEN"), &site);
    assert_eq!(site.refused(&envoy, &bad).status, 503);
    assert_eq!(
        site.passes(&envoy, &good).value("x-filtered"),
        None,
        "FAIL_OPEN filters"
    );

    let site = Site::new();
    let envoy = start(Some("FAIL_RELOAD"), &site);
    assert_eq!(site.refused(&envoy, &bad).status, 503);
    pause();
    assert_eq!(
        site.passes(&envoy, &good).value("x-filtered").as_deref(),
        Some("yes")
    );
    assert_eq!(envoy.stat("vm_reload_success"), 1);
}

/// Point 9: memory without end is a failure like a panic.
#[test]
fn exhausted_memory_is_refused_and_the_vm_comes_back() {
    let site = Site::new();
    let envoy = site.guest("hog").concurrency(1).start();
    assert_eq!(
        site.refused(&envoy, &Request::get("/").header("x-hog", "1"))
            .status,
        503
    );
    std::thread::sleep(Duration::from_millis(300));
    site.passes(&envoy, &Request::get("/"));
}

/// Point 10: a getter shows the first of two header lines and hides the other.
#[test]
fn a_header_getter_shows_only_the_first_of_two_lines() {
    let site = Site::new();
    let envoy = site.guest("probe").start();
    let request = Request::get("/")
        .header("x-do", "first:x-key")
        .header("x-key", "a")
        .header("x-key", "b");
    assert_eq!(body(&site.send(&envoy, &request)), "a of 2");
}

/// Point 11: a capability list that forgets a callback switches that callback off, silently.
#[test]
fn a_capability_list_without_a_callback_bypasses_the_guest() {
    let site = Site::new();
    let all: Vec<String> = capabilities(&sealgate_tests::required::guest("panic_on_request"));
    let listed = |names: &[String]| {
        let map: serde_json::Map<_, _> =
            names.iter().map(|name| (name.clone(), json!({}))).collect();
        site.guest("panic_on_request")
            .plugin(|plugin| {
                plugin["capability_restriction_config"] = json!({ "allowed_capabilities": map });
            })
            .start()
    };
    let envoy = listed(&all);
    assert_eq!(
        site.passes(&envoy, &Request::get("/"))
            .value("x-filtered")
            .as_deref(),
        Some("yes")
    );
    let fewer: Vec<String> = all
        .into_iter()
        .filter(|name| name != "proxy_on_request_headers")
        .collect();
    let envoy = listed(&fewer);
    assert_eq!(
        site.passes(&envoy, &Request::get("/")).value("x-filtered"),
        None,
        "the trap is gone"
    );
}

/// Point 12: without the path options Envoy forwards what it did not look at.
#[test]
fn without_path_options_an_unnormalized_path_is_forwarded_raw() {
    let site = Site::new();
    let envoy = site
        .guest("empty")
        .replace("normalize_path: true", "normalize_path: false")
        .replace("merge_slashes: true", "merge_slashes: false")
        .replace(
            "REJECT_REQUEST\n                # A paused",
            "KEEP_UNCHANGED\n                # A paused",
        )
        .start();
    assert_eq!(
        site.passes(&envoy, &Request::get("/a/../b//c%2fd")).target,
        "/a/../b//c%2fd"
    );
}

/// Point 12: the shipped bootstrap normalizes or refuses.
#[test]
fn the_shipped_path_options_normalize_or_refuse() {
    let site = Site::new();
    let envoy = site.guest("empty").start();
    assert_eq!(
        site.passes(&envoy, &Request::get("/a/../b//c")).target,
        "/b/c"
    );
    for path in ["/a%2fb", "/a%5cb", "/a%2Fb"] {
        assert_eq!(
            site.refused(&envoy, &Request::get(path)).status,
            400,
            "{path}"
        );
    }
    assert!(
        site.refused(&envoy, &Request::get("/").header("x_sub", "1"))
            .status
            >= 400
    );
}

/// Point 13: the configuration callback runs workers + 2 times; gauges that add up are wrong.
#[test]
fn on_configure_runs_workers_plus_two_times() {
    let site = Site::new();
    let envoy = site.guest("probe").concurrency(2).start();
    site.send(&envoy, &Request::get("/"));
    assert_eq!(envoy.stat("wasmcustom.configured_total"), 4);
    assert_eq!(
        envoy
            .stats("wasmcustom.configured")
            .get("wasmcustom.configured"),
        Some(&4)
    );
}

/// Point 14: a guest that computes blocks every other request of its worker.
#[test]
fn a_computing_guest_blocks_its_worker() {
    let site = Site::new();
    let envoy = site.guest("spin").concurrency(1).start();
    site.passes(&envoy, &Request::get("/"));
    let mut spinning = envoy.connect(&site.certificates, &site.certificates.partner_a);
    let mut other = envoy.connect(&site.certificates, &site.certificates.partner_a);
    spinning
        .send(&Request::get("/").header("x-spin", "1").to_h1())
        .unwrap();
    std::thread::sleep(Duration::from_millis(100));
    other.patience(Duration::from_millis(700));
    assert!(
        other.exchange(&Request::get("/")).is_err(),
        "the trap is gone: the worker answered"
    );
}

/// Point 15: a guest's own refusal passes through its response callbacks.
#[test]
fn a_guests_own_reply_passes_through_its_response_callback() {
    let site = Site::new();
    let envoy = site.guest("probe").start();
    let own = site.send(&envoy, &Request::get("/").header("x-do", "time"));
    assert_eq!(
        own.value("x-response-callback").as_deref(),
        Some("mine:false")
    );
    let large = Request::new("POST", "/", vec![b'x'; 3 << 20]).header("x-do", "hold");
    let response = site.refused(&envoy, &large);
    assert_eq!(response.status, 413, "{}", body(&response));
    assert_eq!(
        response.value("x-response-callback").as_deref(),
        Some("other:false")
    );
}

/// Imports and exported callbacks of a module, as a capability list names them.
fn capabilities(module: &std::path::Path) -> Vec<String> {
    sealgate_tests::module::Interface::of(module).capabilities()
}
