//! Points 1 to 7 with the plugin: it falls into none.

use std::time::{Duration, Instant};

use sealgate_tests::draft::Draft;
use sealgate_tests::keys::Keys;
use sealgate_tests::message::{Framing, Request};
use sealgate_tests::nginx::Nginx;
use sealgate_tests::site::{Site, body};
use sealgate_tests::upstream::ok;
use serde_json::json;

use super::Plugin;

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
