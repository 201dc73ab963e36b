//! The fifteen traps of Envoy as a host, with the plugin: it falls into none. `host_traps.rs` shows with
//! other guests that each trap is real.

use std::time::{Duration, Instant};

use sealgate_tests::draft::Draft;
use sealgate_tests::envoy::Envoy;
use sealgate_tests::keys::Keys;
use sealgate_tests::makers::Lock;
use sealgate_tests::message::{Framing, Request, Response};
use sealgate_tests::nginx::Nginx;
use sealgate_tests::site::{Site, body};
use sealgate_tests::upstream::ok;
use serde_json::json;

struct Plugin {
    site: Site,
    keys: Keys,
    envoy: Envoy,
}

impl Plugin {
    fn start() -> Self {
        Self::start_with(|setup| setup)
    }

    /// The plugin in front of the recorder; its bridge is a stand-in under the test's control.
    fn start_with(
        change: impl FnOnce(sealgate_tests::envoy::Setup) -> sealgate_tests::envoy::Setup,
    ) -> Self {
        let site = Site::new();
        let keys = Keys::without_bridge();
        let envoy = change(site.plugin(&keys.policy())).start();
        Self { site, keys, envoy }
    }

    fn passes(&self, draft: &Draft) {
        let received = self.site.passes(&self.envoy, &draft.make());
        assert_eq!(received.body, draft.plaintext);
    }

    fn refused(&self, request: &Request) -> Response {
        self.site.refused(&self.envoy, request)
    }

    /// No VM of this Envoy ever failed.
    fn never_failed(&self) {
        assert_eq!(
            self.envoy.stat("vm_reload"),
            0,
            "{:?}",
            self.envoy.stats("vm_reload")
        );
        self.passes(&Draft::shared(&self.keys));
    }
}

/// Point 1: without the option nothing is ever forwarded, judged or not.
#[test]
fn without_stop_iteration_the_plugin_forwards_nothing() {
    let plugin = Plugin::start_with(|setup| {
        setup
            .without("allow_on_headers_stop_iteration")
            .replace("stream_idle_timeout: 5s", "stream_idle_timeout: 1s")
    });
    for draft in [
        Draft::shared(&plugin.keys),
        Draft::raw(&plugin.keys),
        Draft::hook(&plugin.keys),
    ] {
        let start = Instant::now();
        let response = plugin.refused(&draft.make());
        assert!(response.status >= 400 && start.elapsed() < Duration::from_secs(4));
    }
}

/// Point 1: with it, a body in every framing is opened, and both head and body are replaced.
#[test]
fn held_headers_are_rewritten_in_every_framing() {
    let plugin = Plugin::start();
    let draft = Draft::shared(&plugin.keys);
    let mut chunked = draft.make();
    chunked.framing = Framing::Chunked(100);
    let mut lines = Vec::new();
    for request in [Draft::shared(&plugin.keys).make(), chunked] {
        let received = plugin.site.passes(&plugin.envoy, &request);
        assert_eq!(received.body, draft.plaintext);
        assert_eq!(
            received.value("content-type").as_deref(),
            Some("application/json")
        );
        assert_eq!(
            received.value("content-length"),
            Some(draft.plaintext.len().to_string())
        );
        assert_eq!(received.value("x-sub").as_deref(), Some("alice"));
        for gone in [
            "signature",
            "signature-input",
            "content-digest",
            "content-encoding",
            "authorization",
        ] {
            lines.extend(received.value(gone).map(|value| format!("{gone}: {value}")));
        }
    }
    assert!(
        lines.is_empty(),
        "stale headers reached the upstream: {lines:?}"
    );
    plugin.site.upstream.take();
    assert_eq!(
        plugin
            .site
            .send_h2(&plugin.envoy, &Draft::shared(&plugin.keys).make())
            .status,
        200
    );
    assert_eq!(plugin.site.upstream.requests()[0].body, draft.plaintext);
    plugin.never_failed();
}

/// Point 2: while the key service has not answered, nothing leaves, whatever callbacks come.
#[test]
fn nothing_leaves_while_a_call_is_pending() {
    let plugin = Plugin::start();
    plugin.site.stand_in.answer_with(|_| {
        std::thread::sleep(Duration::from_millis(700));
        ok("application/json", b"{}")
    });
    let mut request = Draft::payments(&plugin.keys).make();
    let bytes = plugin.site.upstream.bytes();
    let mut client = plugin.envoy.connect(
        &plugin.site.certificates,
        &plugin.site.certificates.partner_a,
    );
    client.send(&request.to_h1()).unwrap();
    plugin.site.stand_in.wait_for(1, Duration::from_secs(5));
    std::thread::sleep(Duration::from_millis(300));
    plugin.site.nothing_since(bytes);
    assert!(client.response().unwrap().status >= 400);

    request = Draft::payments(&plugin.keys).make();
    request.trailers.push(("x-trailer".into(), b"1".to_vec()));
    assert!(plugin.site.send_h2(&plugin.envoy, &request).status >= 400);
    plugin.site.nothing_since(bytes);
    plugin.never_failed();
}

/// Point 3: half a body, and the upstream has not seen the head.
#[test]
fn the_upstream_sees_no_head_before_the_body_is_complete() {
    let plugin = Plugin::start();
    let draft = Draft::shared(&plugin.keys);
    let request = draft.make().to_h1();
    let (first, rest) = request.split_at(request.len() - 10);
    let mut client = plugin.envoy.connect(
        &plugin.site.certificates,
        &plugin.site.certificates.partner_a,
    );
    client.send(first).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(plugin.site.upstream.bytes(), 0);
    client.send(rest).unwrap();
    assert_eq!(client.response().unwrap().status, 200);
    assert_eq!(plugin.site.upstream.requests()[0].body, draft.plaintext);
}

/// Point 4: a body that ends with trailers is judged and opened like any other.
#[test]
fn a_body_that_ends_with_h2_trailers_is_opened() {
    let plugin = Plugin::start();
    let draft = Draft::shared(&plugin.keys);
    let mut request = draft.make();
    request.trailers.push(("x-trailer".into(), b"1".to_vec()));
    let response = plugin.site.send_h2(&plugin.envoy, &request);
    assert_eq!(response.status, 200, "{}", body(&response));
    assert_eq!(plugin.site.upstream.take()[0].body, draft.plaintext);

    let mut request = Draft::shared(&plugin.keys).make();
    request.body.push(b'x');
    request.trailers.push(("x-trailer".into(), b"1".to_vec()));
    let bytes = plugin.site.upstream.bytes();
    assert_eq!(plugin.site.send_h2(&plugin.envoy, &request).status, 401);
    plugin.site.nothing_since(bytes);
}

/// Point 5: plaintext that looks like a request stays a body, also when it is longer or shorter than
/// the ciphertext.
#[test]
fn decrypted_plaintext_cannot_smuggle_a_request() {
    let site = Site::new();
    let nginx = Nginx::start();
    let keys = Keys::without_bridge();
    let envoy = site.plugin_before(&keys.policy(), nginx.address()).start();
    let attack = "0123456789GET /smuggled HTTP/1.1\r\nHost: inside\r\n\r\n";
    let mut sent = 0;
    for framing in [Framing::Length, Framing::Chunked(7)] {
        for text in [
            attack.to_owned(),
            attack.repeat(50),
            attack[10..].to_owned(),
        ] {
            for mut draft in [Draft::shared(&keys), Draft::raw(&keys)] {
                draft.plaintext = json!({ "text": text }).to_string().into_bytes();
                draft.content_type = "application/json".into();
                let mut request = draft.make();
                request.framing = framing.clone();
                assert_eq!(site.send(&envoy, &request).status, 200);
                draft.plaintext = text.clone().into_bytes();
                draft.content_type = "text/plain".into();
                draft.rfc9421().nonce =
                    Some(sealgate_tests::keys::hex(&sealgate_tests::keys::random(9)));
                request = draft.make();
                request.framing = framing.clone();
                let status = site.send(&envoy, &request).status;
                assert_eq!(status, 200, "plain text");
                sent += 2;
            }
        }
    }
    std::thread::sleep(Duration::from_millis(100));
    let log = nginx.access_log();
    assert_eq!(log.lines().count(), sent, "{log}");
    assert!(!log.contains("GET /smuggled"), "{log}");
}

/// Point 6: bytes that are not UTF-8 are just bytes.
#[test]
fn non_utf8_header_bytes_are_judged_and_the_vm_lives() {
    let plugin = Plugin::start();
    let request = Draft::shared(&plugin.keys)
        .make()
        .header("x-any", b"caf\xe9 \xff".to_vec());
    let received = plugin.site.passes(&plugin.envoy, &request);
    assert_eq!(
        received
            .headers
            .iter()
            .find(|(name, _)| name == "x-any")
            .unwrap()
            .1,
        b"caf\xe9 \xff"
    );
    for name in [
        "authorization",
        "signature",
        "signature-input",
        "content-digest",
        "content-type",
    ] {
        let mut request = Draft::shared(&plugin.keys).make();
        request.set(name, b"\xff\xfe".to_vec());
        plugin.refused(&request);
    }
    let mut request = Draft::hook(&plugin.keys).make();
    request.set("x-hub-signature-256", b"sha256=\xff\xfe".to_vec());
    plugin.refused(&request);
    plugin.never_failed();
}

/// Point 7: no verdict is followed by a host call that the phase forbids.
#[test]
fn no_host_call_fails_in_any_phase() {
    let plugin = Plugin::start();
    for _ in 0..3 {
        plugin.passes(&Draft::shared(&plugin.keys));
        plugin.passes(&Draft::hook(&plugin.keys));
        plugin.refused(&Request::new("POST", "/shared", "x"));
        plugin.refused(&Request::get("/nowhere"));
        plugin.refused(&Draft::payments(&plugin.keys).make());
    }
    assert_eq!(
        plugin.envoy.stat("sealgate_host_faults"),
        0,
        "{:?}",
        plugin.envoy.stats("host_faults")
    );
    plugin.never_failed();
}

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
    let allowed = "policy=shared_outcome=allowed";
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
