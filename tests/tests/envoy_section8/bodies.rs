//! Framings and sizes of bodies.

use std::time::Duration;

use sealgate_tests::draft::{Draft, Seal};
use sealgate_tests::message::{Framing, Request};
use sealgate_tests::site::body;

use super::{is_problem, plugin};

#[test]
fn chunked_bodies_of_any_piece_size_are_opened() {
    let (site, keys, envoy) = plugin();
    for size in [1, 7, 100, 65536] {
        let draft = Draft::shared(&keys);
        let mut request = draft.make();
        request.framing = Framing::Chunked(size);
        assert_eq!(
            site.passes(&envoy, &request).body,
            draft.plaintext,
            "{size}"
        );
    }
}

#[test]
fn a_signed_request_without_a_body_passes_in_every_shape_of_nothing() {
    let (site, keys, envoy) = plugin();
    for framing in [Framing::None, Framing::Length, Framing::Chunked(10)] {
        let mut draft = Draft::raw(&keys);
        draft.method = "GET".into();
        draft.plaintext.clear();
        draft.seal = Seal::None;
        let mut request = draft.make();
        request.remove("content-type");
        request.framing = framing.clone();
        let received = site.passes(&envoy, &request);
        assert!(received.body.is_empty(), "{framing:?}");
    }
}

#[test]
fn an_unsigned_chunked_empty_body_is_refused_like_any_other() {
    let (site, _keys, envoy) = plugin();
    for framing in [Framing::None, Framing::Length, Framing::Chunked(10)] {
        let request = Request {
            framing,
            ..Request::new("POST", "/raw/1", "")
        };
        is_problem(&site.refused(&envoy, &request), 401, "unauthenticated");
    }
}

#[test]
fn expect_continue_is_answered_and_the_body_judged() {
    let (site, keys, envoy) = plugin();
    let draft = Draft::shared(&keys);
    let request = draft.make().header("expect", "100-continue").to_h1();
    let split = request
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap()
        + 4;
    let mut client = envoy.connect(&site.certificates, &site.certificates.partner_a);
    client.send(&request[..split]).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(site.upstream.bytes(), 0);
    client.send(&request[split..]).unwrap();
    let response = client.response().unwrap();
    assert_eq!(
        (response.status, response.interim.as_slice()),
        (200, &[100][..])
    );
    assert_eq!(site.upstream.requests()[0].body, draft.plaintext);
    let mut forged = draft.make().header("expect", "100-continue");
    forged.body.push(b'x');
    is_problem(&site.refused(&envoy, &forged), 401, "unauthenticated");
}

#[test]
fn bodies_at_the_limit_and_one_byte_beside_it() {
    const LIMIT: usize = 1 << 20;
    const OVERHEAD: usize = 12 + 16;
    let (site, keys, envoy) = plugin();
    for (size, passes) in [(LIMIT - 1, true), (LIMIT, true), (LIMIT + 1, false)] {
        for (framing, h2) in [
            (Framing::Length, false),
            (Framing::Chunked(65536), false),
            (Framing::Length, true),
        ] {
            let mut draft = Draft::raw(&keys);
            draft.content_type = "application/octet-stream".into();
            draft.plaintext = vec![b' '; size - OVERHEAD];
            let mut request = draft.make();
            assert_eq!(request.body.len(), size);
            request.framing = framing.clone();
            site.upstream.take();
            let before = site.upstream.bytes();
            let response = if h2 {
                site.send_h2(&envoy, &request)
            } else {
                site.send(&envoy, &request)
            };
            let what = format!("{size} bytes, {framing:?}, h2 {h2}: {}", body(&response));
            if passes {
                assert_eq!(response.status, 200, "{what}");
                assert_eq!(
                    site.upstream.requests()[0].body.len(),
                    size - OVERHEAD,
                    "{what}"
                );
            } else {
                assert_eq!(response.status, 413, "{what}");
                site.nothing_since(before);
            }
        }
    }
}
