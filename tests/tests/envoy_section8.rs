//! What real Envoy does around a request and the plugin must survive. The rest of this list is where its
//! trap is: non-UTF-8 headers, duplicate signature headers, HTTP/2 trailers, grown and shrunk bodies,
//! unnormalized paths and own refusals in `host_traps*.rs`; failure policies and paused streams in
//! `host_traps.rs`; reloads in `reload.rs`; the capability list in `architecture.rs`.

use std::time::{Duration, Instant};

use sealgate_tests::bridge::Token;
use sealgate_tests::draft::{Draft, Seal, Signature};
use sealgate_tests::envoy::{Envoy, Setup};
use sealgate_tests::gate::Gate;
use sealgate_tests::h1;
use sealgate_tests::keys::{GITHUB_SECRET, Keys, hex};
use sealgate_tests::message::{Framing, Request, Response};
use sealgate_tests::required;
use sealgate_tests::site::{Site, body};
use sealgate_tests::tls::Offer;
use sealgate_tests::upstream::ok;
use serde_json::json;

fn plugin() -> (Site, Keys, Envoy) {
    let site = Site::new();
    let keys = Keys::without_bridge();
    let envoy = site.plugin(&keys.policy()).start();
    (site, keys, envoy)
}

fn is_problem(response: &Response, status: u16, class: &str) {
    assert_eq!(response.status, status, "{}", body(response));
    assert_eq!(
        response.problem().as_deref(),
        Some(class),
        "{}",
        body(response)
    );
}

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

#[test]
fn a_slow_bridge_and_a_large_body_are_held_together() {
    let (site, keys, envoy) = plugin();
    site.stand_in.answer_with(|_| {
        std::thread::sleep(Duration::from_millis(600));
        ok("application/json", b"{}")
    });
    let mut draft = Draft::payments(&keys);
    draft.plaintext = vec![b' '; 700_000];
    let start = Instant::now();
    let response = site.refused(&envoy, &draft.make());
    assert!(start.elapsed() >= Duration::from_millis(500));
    assert!([401, 503].contains(&response.status), "{}", body(&response));
}

#[test]
fn a_real_bridge_opens_a_large_body_that_arrives_while_it_is_asked() {
    let gate = Gate::start(Token::SoftHsm);
    let mut draft = Draft::payments(&gate.keys);
    draft.plaintext = json!({ "text": "word ".repeat(140_000) })
        .to_string()
        .into_bytes();
    for h2 in [false, true] {
        draft.rfc9421().nonce = Some(format!("nonce-{h2}"));
        gate.site.upstream.take();
        let mut sent = sealgate_tests::cases::Sent::from(draft.make());
        sent.h2 = h2;
        assert_eq!(gate.send(&sent).status, 200);
        assert_eq!(gate.site.upstream.requests()[0].body, draft.plaintext);
    }
}

#[test]
fn a_bridge_that_answers_anything_but_a_key_refuses() {
    let (site, keys, envoy) = plugin();
    let http = |status: &str, text: &str| {
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{text}",
            text.len()
        )
        .into_bytes()
    };
    let short = r#"{"cek":"AAAA","kid":"gw-ec","ver":1,"fp":"x","cached":false}"#;
    let zero = format!(
        r#"{{"cek":"{0}","kid":"gw-ec","ver":1,"fp":"{0}","cached":false}}"#,
        "A".repeat(43)
    );
    let huge = format!(r#"{{"cek":"{}"}}"#, "A".repeat(200_000));
    let answers = [
        (http("200 OK", "{}"), 503),
        (http("200 OK", ""), 503),
        (http("200 OK", "not json"), 503),
        (http("200 OK", "[1,2]"), 503),
        (http("200 OK", short), 503),
        (http("200 OK", &huge), 503),
        (http("200 OK", &zero), 401),
        (http("204 No Content", ""), 503),
        (http("301 Moved", ""), 503),
        (
            http("401 Unauthorized", r#"{"code":"bad_token","message":"x"}"#),
            503,
        ),
        (
            http(
                "422 Unprocessable",
                r#"{"code":"crypto_failed","message":"x"}"#,
            ),
            401,
        ),
        (
            http("429 Too Many", r#"{"code":"busy","message":"x"}"#),
            503,
        ),
        (
            http("500 Internal", r#"{"code":"internal","message":"x"}"#),
            503,
        ),
        (
            http("503 Unavailable", r#"{"code":"token_down","message":"x"}"#),
            503,
        ),
        (
            http("504 Timeout", r#"{"code":"token_timeout","message":"x"}"#),
            503,
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".to_vec(),
            503,
        ),
        (b"garbage\r\n\r\n".to_vec(), 503),
        (Vec::new(), 503),
    ];
    for (answer, status) in answers {
        let text = String::from_utf8_lossy(&answer[..answer.len().min(120)]).into_owned();
        site.stand_in.answer_with(move |_| answer.clone());
        let response = site.refused(&envoy, &Draft::payments(&keys).make());
        assert_eq!(response.status, status, "{text:?}: {}", body(&response));
        assert!(response.problem().is_some(), "{text:?}: {}", envoy.log());
    }
    let draft = Draft::shared(&keys);
    assert_eq!(site.passes(&envoy, &draft.make()).body, draft.plaintext);
    assert_eq!(envoy.stat("vm_reload"), 0);
}

#[test]
fn a_bridge_that_is_down_refuses_and_one_that_comes_back_serves() {
    let mut gate = Gate::start(Token::SoftHsm);
    gate.still_works();
    gate.bridge.stop();
    for _ in 0..3 {
        let response = gate
            .site
            .refused(&gate.envoy, &Draft::payments(&gate.keys).make());
        is_problem(&response, 503, "unavailable");
    }
    let draft = Draft::shared(&gate.keys);
    assert_eq!(gate.passes(&draft.make()).body, draft.plaintext);
    gate.bridge.restart();
    let until = Instant::now() + Duration::from_secs(5);
    while gate.send(&Draft::payments(&gate.keys).make().into()).status != 200 {
        assert!(
            Instant::now() < until,
            "the bridge is back and the gate is not"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    gate.still_works();
}

#[test]
fn a_bridge_that_never_answers_is_given_up_at_the_policys_timeout() {
    let (site, keys, envoy) = plugin();
    site.stand_in.answer_with(|_| {
        std::thread::sleep(Duration::from_secs(10));
        Vec::new()
    });
    let start = Instant::now();
    is_problem(
        &site.refused(&envoy, &Draft::payments(&keys).make()),
        503,
        "unavailable",
    );
    let waited = start.elapsed();
    assert!(
        waited >= Duration::from_millis(900) && waited < Duration::from_millis(2500),
        "{waited:?}"
    );
}

/// The second bootstrap as shipped: policy by route metadata, an unknown name, a disabled route.
fn by_route_metadata() -> (Site, Envoy, Vec<u8>) {
    let site = Site::new();
    let mac = sealgate_tests::keys::random(32);
    let envoy = Setup::shipped("route-metadata.yaml")
        .module(&required::plugin())
        .site(&site.certificates, site.upstream.address())
        .variable("GITHUB_SECRET", GITHUB_SECRET)
        .variable("PARTNER_A_MAC", &hex(&mac))
        .start();
    (site, envoy, mac)
}

fn hook(secret: &str, target: &str) -> Request {
    let mut draft = Draft::hook(&Keys::without_bridge());
    draft.target = target.to_owned();
    draft.signature = Signature::Github(secret.as_bytes().to_vec());
    draft.make()
}

#[test]
fn route_metadata_chooses_the_policy() {
    let (site, envoy, mac) = by_route_metadata();
    site.passes(&envoy, &hook(GITHUB_SECRET, "/hooks/push"));
    is_problem(
        &site.refused(&envoy, &hook("wrong", "/hooks/push")),
        401,
        "unauthenticated",
    );
    // The hook's signature is worth nothing on the partner's route, and the other way round.
    is_problem(
        &site.refused(&envoy, &hook(GITHUB_SECRET, "/partner/1")),
        401,
        "unauthenticated",
    );
    let mut draft = Draft::hook(&Keys::without_bridge());
    draft.target = "/partner/1".into();
    let mut keys = Keys::without_bridge();
    keys.mac = mac;
    draft.signature = Draft::payments(&keys).signature;
    site.passes(&envoy, &draft.make());
    draft.target = "/hooks/1".into();
    is_problem(&site.refused(&envoy, &draft.make()), 401, "unauthenticated");
}

#[test]
fn an_unknown_policy_name_in_route_metadata_refuses() {
    let (site, envoy, _) = by_route_metadata();
    is_problem(
        &site.refused(&envoy, &hook(GITHUB_SECRET, "/misspelt")),
        403,
        "forbidden",
    );
    is_problem(
        &site.refused(&envoy, &hook(GITHUB_SECRET, "/rest")),
        403,
        "forbidden",
    );
    site.passes(&envoy, &Request::get("/healthz"));
}

#[test]
fn on_a_route_where_the_plugin_is_disabled_claim_headers_are_still_stripped() {
    let (site, envoy, _) = by_route_metadata();
    let request = Request::new("POST", "/public/x", "anything")
        .header("x-sub", "mallory")
        .header("X-Scope", "all")
        .header("x-sub", "mallory-again");
    let received = site.passes(&envoy, &request);
    assert!(received.value("x-sub").is_none() && received.value("x-scope").is_none());
    assert_eq!(received.body, b"anything");
    let variant = Request::new("POST", "/public/x", "anything").header("x_sub", "mallory");
    assert_eq!(site.refused(&envoy, &variant).status, 400);
}

#[test]
fn a_websocket_is_refused_at_once_even_where_envoy_would_upgrade() {
    let site = Site::new();
    let keys = Keys::without_bridge();
    let envoy = site
        .plugin(&keys.policy())
        .replace(
            "                normalize_path: true",
            "                upgrade_configs: [{ upgrade_type: websocket }]\n                normalize_path: true",
        )
        .start();
    let start = Instant::now();
    let request = Request::get("/raw/ws")
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    is_problem(&site.refused(&envoy, &request), 400, "malformed");
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn tls_1_2_and_missing_or_strange_client_certificates_are_refused() {
    let (site, keys, envoy) = plugin();
    let request = Draft::shared(&keys).make();
    let certificates = &site.certificates;
    let offer = Offer {
        identity: None,
        ..Offer::of(&certificates.partner_a)
    };
    let stranger = Offer::of(&certificates.stranger);
    for offer in [&offer, &stranger] {
        let answer = h1::Connection::open(envoy.address(), certificates, offer)
            .and_then(|mut connection| connection.exchange(&request));
        assert!(answer.is_err(), "{answer:?}");
    }
    assert!(!handshake_with_tls_1_2(&site, &envoy));
    site.nothing_since(0);
    assert!(envoy.stat("ssl.fail_verify_no_cert") >= 1);
    assert!(envoy.stat("ssl.connection_error") >= 1);
    site.passes(&envoy, &request);
}

fn handshake_with_tls_1_2(site: &Site, envoy: &Envoy) -> bool {
    use openssl::ssl::{SslConnector, SslFiletype, SslMethod, SslVersion};
    let folder = site.certificates.folder();
    let mut builder = SslConnector::builder(SslMethod::tls_client()).unwrap();
    builder.set_ca_file(folder.join("gateway-ca.pem")).unwrap();
    builder
        .set_certificate_file(folder.join("partner-a.pem"), SslFiletype::PEM)
        .unwrap();
    builder
        .set_private_key_file(folder.join("partner-a.key"), SslFiletype::PEM)
        .unwrap();
    builder
        .set_max_proto_version(Some(SslVersion::TLS1_2))
        .unwrap();
    let socket = std::net::TcpStream::connect(envoy.address()).unwrap();
    builder.build().connect("localhost", socket).is_ok()
}

#[test]
fn the_key_exchange_is_hybrid_and_envoys_stats_say_so() {
    use rustls::crypto::aws_lc_rs::kx_group;
    let (site, keys, envoy) = plugin();
    let certificates = &site.certificates;
    let mut hybrid = envoy.connect(certificates, &certificates.partner_a);
    assert_eq!(hybrid.group(), "X25519MLKEM768");
    assert_eq!(
        hybrid
            .exchange(&Draft::shared(&keys).make())
            .unwrap()
            .status,
        200
    );
    let mut offer = Offer::of(&certificates.partner_a);
    offer.groups = vec![kx_group::X25519];
    let mut classic = h1::Connection::open(envoy.address(), certificates, &offer).unwrap();
    assert_eq!(classic.group(), "X25519");
    assert_eq!(
        classic
            .exchange(&Draft::shared(&keys).make())
            .unwrap()
            .status,
        200
    );
    offer.groups = vec![kx_group::SECP384R1];
    assert!(h1::Connection::open(envoy.address(), certificates, &offer).is_err());
    assert_eq!(
        envoy.stat("ssl.curves.X25519MLKEM768"),
        1,
        "{:?}",
        envoy.stats("ssl.")
    );
    assert_eq!(
        envoy.stat("ssl.curves.X25519"),
        2,
        "both names match: {:?}",
        envoy.stats("ssl.")
    );
    assert!(envoy.stat("ssl.versions.TLSv1.3") >= 2);
    assert!(envoy.stat("ssl.ciphers.TLS_AES_") >= 2);
}

#[test]
fn metrics_have_labels_with_bounded_values() {
    let (site, keys, envoy) = plugin();
    site.passes(&envoy, &Draft::shared(&keys).make());
    site.refused(&envoy, &Request::new("POST", "/raw/1", "x"));
    let text = String::from_utf8(envoy.admin_get("/stats/prometheus").body).unwrap();
    let ours: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("sealgate_"))
        .collect();
    let allowed = r#"sealgate_requests_total{policy="shared",outcome="allowed",reason="none"} 1"#;
    let refused =
        r#"sealgate_requests_total{policy="raw",outcome="refused",reason="signature-missing"} 1"#;
    for wanted in [allowed, refused] {
        assert!(
            ours.iter().any(|line| same_sample(line, wanted)),
            "no {wanted} in {ours:#?}"
        );
    }
    check_exposition(&text);
}

/// Equal sample lines, whatever the order of their labels.
fn same_sample(left: &str, right: &str) -> bool {
    let parts = |line: &str| {
        let (name, rest) = line.split_once('{').unwrap_or((line, ""));
        let (labels, value) = rest.rsplit_once('}').unwrap_or(("", rest));
        let mut labels: Vec<String> = labels.split(',').map(str::to_owned).collect();
        labels.sort();
        (name.to_owned(), labels, value.trim().to_owned())
    };
    parts(left) == parts(right)
}

/// The text format's grammar for our families: a type line before the samples, one block a family.
fn check_exposition(text: &str) {
    let mut seen = Vec::new();
    let mut current = "";
    for line in text.lines().filter(|line| line.contains("sealgate_")) {
        if let Some(typed) = line.strip_prefix("# TYPE ") {
            let (name, kind) = typed.split_once(' ').expect("a type line");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert!(!seen.contains(&name), "{name} comes twice");
            seen.push(name);
            current = name;
            continue;
        }
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        assert!(
            name.starts_with(current) && !current.is_empty(),
            "{line} outside its family {current}"
        );
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'),
            "{line}"
        );
    }
    assert!(!seen.is_empty());
}
