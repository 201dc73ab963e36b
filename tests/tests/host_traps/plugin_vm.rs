//! Points 8 to 15 with the plugin: it falls into none.

use std::time::{Duration, Instant};

use sealgate_tests::draft::Draft;
use sealgate_tests::makers::Lock;
use sealgate_tests::message::{Framing, Request};
use sealgate_tests::site::body;
use serde_json::json;

use super::Plugin;

/// Point 8: requests that wait for a dead key service are answered by the plugin's own deadline.
#[test]
fn waiting_requests_are_answered_at_the_bridges_deadline() {
    let plugin = Plugin::start();
    plugin.site.stand_in.answer_with(|_| {
        std::thread::sleep(Duration::from_secs(8));
        Vec::new()
    });
    let start = Instant::now();
    let mut waiting: Vec<_> = (0..5)
        .map(|_| {
            let mut client = plugin.envoy.connect(
                &plugin.site.certificates,
                &plugin.site.certificates.partner_a,
            );
            client
                .send(&Draft::payments(&plugin.keys).make().to_h1())
                .unwrap();
            client
        })
        .collect();
    plugin.passes(&Draft::shared(&plugin.keys));
    for client in &mut waiting {
        let response = client.response().unwrap();
        assert_eq!(response.status, 503, "{}", body(&response));
        assert_eq!(response.problem().as_deref(), Some("unavailable"));
    }
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
}

/// Point 9: the shipped files say FAIL_RELOAD with a short back-off, and hold the headers.
#[test]
fn the_shipped_files_choose_fail_reload_and_hold_headers() {
    let setup = sealgate_tests::envoy::Setup::shipped("sealgate.yaml");
    let plugin = &setup.extension()["resources"][0]["typed_config"]["config"];
    assert_eq!(plugin["failure_policy"], "FAIL_RELOAD");
    assert_eq!(plugin["reload_config"]["backoff"]["base_interval"], "0.1s");
    assert_eq!(plugin["allow_on_headers_stop_iteration"], true);
    assert!(plugin.get("fail_open").is_none());
}

/// Point 10: two lines of a deciding header are refused, in either order.
#[test]
fn a_second_line_of_a_deciding_header_is_refused() {
    let plugin = Plugin::start();
    for name in [
        "signature",
        "signature-input",
        "content-digest",
        "authorization",
        "content-type",
    ] {
        for first in [true, false] {
            let mut request = Draft::shared(&plugin.keys).make();
            let line = (name.to_owned(), b"other".to_vec());
            let place = if first { 0 } else { request.headers.len() };
            request.headers.insert(place, line);
            let status = plugin.refused(&request).status;
            // Envoy joins some names into one line, whose value then is no token or no type.
            assert!([400, 401, 415].contains(&status), "{name}: {status}");
        }
    }
    plugin.never_failed();
}

/// Point 11: a capability list that forgets the header callback does not let a body through.
#[test]
fn a_capability_list_without_the_header_callback_refuses_bodies() {
    let plugin = without_callback("proxy_on_request_headers");
    let response = plugin
        .site
        .send(&plugin.envoy, &Draft::shared(&plugin.keys).make());
    assert_eq!(response.status, 503, "{}", body(&response));
    assert!(
        plugin.site.upstream.requests().is_empty(),
        "a whole request reached the upstream"
    );
}

/// Point 11: without the body callback Envoy releases held headers by itself, and nothing can be done
/// about that request; the plugin takes the response back and says so. This is why the shipped list is
/// compared with the module (`architecture.rs`).
#[test]
fn a_capability_list_without_the_body_callback_is_noticed_at_the_response() {
    let plugin = without_callback("proxy_on_request_body");
    let mut request = Draft::shared(&plugin.keys).make();
    request.body.push(b'x');
    let response = plugin.site.send(&plugin.envoy, &request);
    assert_eq!(
        response.problem().as_deref(),
        Some("unavailable"),
        "{}",
        body(&response)
    );
    assert!(plugin.envoy.log().contains("host-does-not-hold"));
    assert!(plugin.site.upstream.bytes() > 0, "the trap is gone");
}

/// Point 12: the signed target is the one that is routed, judged and forwarded.
#[test]
fn a_path_is_judged_as_it_is_forwarded() {
    let plugin = Plugin::start();
    for target in [
        "/healthz/../shared/42",
        "/healthz//..//shared/42",
        "/healthz/%2e%2e/shared/42",
    ] {
        let mut draft = Draft::shared(&plugin.keys);
        draft.target = target.into();
        plugin.refused(&draft.make());
        let mut unsigned = Request::new("POST", target, "x");
        unsigned.set("content-type", "application/jose");
        plugin.refused(&unsigned);
    }
    for target in ["/shared%2f..%2fhealthz", "/healthz%5c..%5cshared"] {
        assert_eq!(plugin.refused(&Request::get(target)).status, 400);
    }
    plugin.never_failed();
}

/// Point 13: the configuration runs in every VM and again on reload; counters count requests only.
#[test]
fn counters_count_requests_and_not_configurations() {
    let mut plugin = Plugin::start();
    plugin.passes(&Draft::shared(&plugin.keys));
    plugin.passes(&Draft::shared(&plugin.keys));
    let allowed = "policy=shared_stage=none_outcome=allowed";
    assert_eq!(
        plugin.envoy.stat(allowed),
        2,
        "{:?}",
        plugin.envoy.stats("sealgate")
    );
    let reloads = plugin.envoy.stat("config_reload");
    let mut policy = plugin.keys.policy();
    policy["policies"]["shared"]["limits"] = json!({ "max_headers": 90 });
    plugin
        .envoy
        .update(|config| config["configuration"]["value"] = json!(policy.to_string()));
    plugin
        .envoy
        .wait_for_stat("config_reload", reloads + 1, Duration::from_secs(5));
    plugin.passes(&Draft::shared(&plugin.keys));
    assert_eq!(
        plugin.envoy.stat(allowed),
        3,
        "{:?}",
        plugin.envoy.stats("sealgate")
    );
}

/// Point 14: a body over the policy's cap is refused before it is read, so it cannot occupy the worker.
#[test]
fn a_body_over_the_cap_is_refused_by_its_length_alone() {
    let plugin = Plugin::start();
    let mut request = Draft::shared(&plugin.keys).make();
    request.framing = Framing::Raw;
    request.set("content-length", "1048577");
    request.body.clear();
    let start = Instant::now();
    let response = plugin.refused(&request);
    assert_eq!(
        (response.status, response.problem().as_deref()),
        (413, Some("too-large"))
    );
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "it waited for the body"
    );
    plugin.never_failed();
}

/// Point 15: the plugin's own refusals and Envoy's pass through its response callbacks unharmed.
#[test]
fn own_refusals_and_envoys_pass_the_response_callbacks() {
    let plugin = Plugin::start();
    let own = plugin.refused(&Request::get("/nowhere"));
    assert_eq!(own.problem().as_deref(), Some("forbidden"));
    assert_eq!(
        own.value("content-length"),
        Some(own.body.len().to_string())
    );
    let envoys = plugin.refused(&Request::get("/a%2fb"));
    assert_eq!(envoys.status, 400);
    let mut large = Draft::hook(&plugin.keys);
    large.plaintext = vec![b' '; 3 << 20];
    let mut large = large.make();
    large.framing = Framing::Chunked(65536);
    assert_eq!(plugin.refused(&large).status, 413);
    plugin.never_failed();
}

fn without_callback(name: &str) -> Plugin {
    Plugin::start_with(|setup| {
        setup.restricted().plugin(|plugin| {
            let list = &mut plugin["capability_restriction_config"]["allowed_capabilities"];
            list.as_object_mut()
                .unwrap()
                .remove(name)
                .expect("a listed callback");
        })
    })
}

/// A lock that the stand-in bridge cannot open still makes the plugin ask it, with its token.
#[test]
fn the_bridge_is_asked_with_its_token_and_nothing_of_the_client() {
    let plugin = Plugin::start();
    let Lock { kid, .. } = plugin.keys.gate.clone();
    plugin.refused(
        &Draft::payments(&plugin.keys)
            .make()
            .header("x-forwarded-for", "10.0.0.1"),
    );
    let asked = plugin.site.stand_in.requests().remove(0);
    assert_eq!(asked.target, format!("/v1/keys/{kid}/unwrap"));
    assert_eq!(
        asked.value("x-hsm-bridge-token").as_deref(),
        Some(sealgate_tests::keys::BRIDGE_TOKEN)
    );
    for absent in [
        "authorization",
        "signature",
        "x-forwarded-for",
        "cookie",
        "via",
    ] {
        assert_eq!(asked.value(absent), None, "{absent}");
    }
}
