//! Requests and responses through the gateway: HTTP/1.1, HTTP/2, trailers, raw paths, framing.

use crate::support::{Upstream, gateway, get, raw, runtime, send, split, with_trailers};
use hyper::Request;
use sealgate_host_shim::gateway::{ClusterAddr, Gateway};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

#[test]
fn a_request_passes_and_the_upstream_connection_is_kept() {
    let upstream = Upstream::start();
    let gateway = gateway("panic_on_request", &upstream).start().unwrap();
    for _ in 0..5 {
        assert_eq!(get(gateway.address(), ""), (200, "upstream".to_owned()));
    }
    let seen = upstream.seen();
    assert_eq!(seen.len(), 5);
    assert_eq!(seen[0].method, "GET");
    assert_eq!(seen[0].header("x-filtered"), Some("yes"));
    assert_eq!(seen[0].header("host"), Some("api.test"));
    assert_eq!(upstream.connections(), 1);
    assert!(
        gateway
            .metrics_text()
            .contains("sealgate_gateway_requests_total 5\n")
    );
    gateway.shutdown();
}

#[test]
fn the_path_is_forwarded_as_it_stood_on_the_wire() {
    let upstream = Upstream::start();
    let gateway = gateway("empty", &upstream).start().unwrap();
    let request = "GET /a/../b//c%2fd?x=%41 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    assert_eq!(split(&raw(gateway.address(), request.as_bytes())).0, 200);
    assert_eq!(upstream.seen()[0].uri, "/a/../b//c%2fd?x=%41");
}

/// hyper would drop the length and go on; the gateway looks at the wire and refuses, in either
/// order and on a kept connection too.
#[test]
fn two_framings_are_refused() {
    let upstream = Upstream::start();
    let gateway = gateway("empty", &upstream).start().unwrap();
    let both = |before: &str, first: &str, second: &str| {
        let request = format!(
            "{before}POST /a HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{first}\r\n{second}\r\n\r\n\
             4\r\nbody\r\n0\r\n\r\n"
        );
        raw(gateway.address(), request.as_bytes())
    };
    let (length, coding) = ("content-length: 4", "transfer-encoding: chunked");
    assert_eq!(split(&both("", length, coding)).0, 400);
    assert_eq!(split(&both("", coding, length)).0, 400);
    assert!(upstream.seen().is_empty());
    for before in [
        "POST /b HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc",
        "POST /b HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ] {
        let answers = both(before, coding, length);
        assert!(answers.starts_with("HTTP/1.1 200"), "{answers}");
        assert!(answers.contains("HTTP/1.1 400"), "{answers}");
    }
    assert!(
        upstream
            .seen()
            .iter()
            .all(|seen| seen.uri == "/b" && seen.body == b"abc")
    );
    assert_eq!(upstream.seen().len(), 2);
}

/// A body that looks like a head with two framings is only a body.
#[test]
fn a_body_may_talk_about_framings() {
    let upstream = Upstream::start();
    let gateway = gateway("empty", &upstream).start().unwrap();
    let body = "POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n";
    let request = format!(
        "POST /a HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(split(&raw(gateway.address(), request.as_bytes())).0, 200);
    assert_eq!(upstream.seen()[0].body, body.as_bytes());
}

#[test]
fn ambiguous_hosts_are_refused() {
    let upstream = Upstream::start();
    let gateway = gateway("empty", &upstream).start().unwrap();
    for hosts in ["", "host: a\r\nhost: b\r\n"] {
        let request = format!("GET / HTTP/1.1\r\nconnection: close\r\n{hosts}\r\n");
        assert_eq!(
            split(&raw(gateway.address(), request.as_bytes())).0,
            400,
            "{hosts:?}"
        );
    }
    assert!(upstream.seen().is_empty());
}

#[test]
fn hop_by_hop_headers_stay_on_their_hop() {
    let upstream = Upstream::start();
    let gateway = gateway("empty", &upstream).start().unwrap();
    let headers = "te: trailers\r\nx-kept: 1\r\nkeep-alive: 5\r\nproxy-connection: close\r\n";
    assert_eq!(get(gateway.address(), headers).0, 200);
    let nominated = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close, x-gone\r\nx-gone: 1\r\n\r\n";
    assert_eq!(split(&raw(gateway.address(), nominated.as_bytes())).0, 200);
    let seen = upstream.seen();
    assert_eq!(seen[0].header("x-kept"), Some("1"));
    // `te: trailers` is the gateway's own promise to the upstream, made when the client made it.
    assert_eq!(seen[0].header("te"), Some("trailers"));
    for name in ["keep-alive", "proxy-connection"] {
        assert_eq!(seen[0].header(name), None, "{name}");
    }
    assert_eq!(seen[1].header("x-gone"), None);
    assert_eq!(seen[1].header("te"), None);
    assert_eq!(seen[1].header("connection"), None);
}

#[test]
fn a_local_reply_leaves_the_upstream_untouched() {
    let upstream = Upstream::start();
    let gateway = gateway("echo_headers", &upstream).start().unwrap();
    let (status, body) = get(gateway.address(), "x-mine: 1\r\n");
    assert_eq!(status, 200);
    assert!(body.starts_with(":authority: api.test\n:path: /a\n:method: GET\n:scheme: http\n"));
    assert!(body.contains("x-mine: 1\n"), "{body}");
    assert_eq!(upstream.connections(), 0);
}

#[test]
fn http2_with_trailers_both_ways() {
    let upstream = Upstream::start();
    let gateway = gateway("probe", &upstream).start().unwrap();
    for (command, shown) in [("stream", ""), ("hold", "trailers:1:10")] {
        let address = gateway.address();
        let request = Request::builder()
            .uri(format!("http://{address}/h2"))
            .header("x-do", command)
            .header("te", "trailers")
            .header("x-want-trailers", "1");
        let request = with_trailers(request, &["01234", "56789"]);
        let got = runtime().block_on(async {
            send(
                tokio::net::TcpStream::connect(address).await.unwrap(),
                true,
                request,
            )
            .await
        });
        assert_eq!(got.status, 200);
        assert_eq!(got.body, b"upstream");
        assert_eq!(
            got.headers.get("x-response-callback").unwrap(),
            "other:false"
        );
        assert_eq!(got.trailers.unwrap().get("x-end").unwrap(), "of response");
        let seen = upstream.seen().pop().unwrap();
        assert_eq!(seen.body, b"0123456789");
        assert!(
            seen.header("x-shown").unwrap_or_default().ends_with(shown),
            "{seen:?}"
        );
        if command == "hold" {
            assert_eq!(seen.trailers.unwrap().get("x-end").unwrap(), "of request");
        }
    }
}

#[test]
fn http1_with_trailers() {
    let upstream = Upstream::start();
    let gateway = gateway("probe", &upstream).start().unwrap();
    let request = "POST /a HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-do: hold\r\n\
                   trailer: x-end\r\ntransfer-encoding: chunked\r\n\r\n\
                   4\r\nbody\r\n0\r\nx-end: of request\r\n\r\n";
    assert_eq!(split(&raw(gateway.address(), request.as_bytes())).0, 200);
    let seen = upstream.seen().pop().unwrap();
    assert_eq!(seen.body, b"body");
    assert_eq!(seen.trailers.unwrap().get("x-end").unwrap(), "of request");
}

#[test]
fn a_held_body_is_whole_or_413() {
    let upstream = Upstream::start();
    let gateway = gateway("probe", &upstream)
        .body_limit(100_000)
        .start()
        .unwrap();
    for (bytes, status) in [(100_000usize, 200), (100_001, 413)] {
        let mut request = format!(
            "POST /a HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-do: hold\r\n\
             content-length: {bytes}\r\n\r\n"
        )
        .into_bytes();
        request.extend(std::iter::repeat_n(b'a', bytes));
        let answer = raw(gateway.address(), &request);
        assert_eq!(split(&answer).0, status, "{bytes}");
    }
    assert_eq!(upstream.seen().len(), 1);
    assert_eq!(upstream.seen()[0].body.len(), 100_000);
    assert_eq!(upstream.seen()[0].header("content-length"), Some("100000"));
}

/// A guest that forgets the length cannot smuggle: the message is stopped and reported.
#[test]
fn a_stale_content_length_never_leaves() {
    let upstream = Upstream::start();
    let log = crate::support::EventLog::default();
    let gateway = gateway("grow_body_stale_length", &upstream)
        .on_event(log.sink())
        .start()
        .unwrap();
    let request =
        "POST /a HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 10\r\n\r\n0123456789";
    assert_eq!(split(&raw(gateway.address(), request.as_bytes())).0, 502);
    assert_eq!(upstream.connections(), 0);
    assert!(
        gateway
            .metrics_text()
            .contains("sealgate_gateway_length_mismatches_total 1\n")
    );
    assert_eq!(log.all().len(), 1);
}

#[test]
fn an_upstream_that_is_down_is_a_502() {
    let upstream = Upstream::start();
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let gateway = gateway("empty", &upstream)
        .upstream(format!("http://{closed}"))
        .start()
        .unwrap();
    let (status, body) = get(gateway.address(), "");
    assert_eq!(status, 502);
    assert!(body.contains("urn:sealgate:problem:bad-gateway"), "{body}");
}

#[test]
fn a_call_goes_to_its_cluster_and_other_requests_go_on_meanwhile() {
    let upstream = Upstream::start();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let cluster = ClusterAddr::tcp(listener.local_addr().unwrap());
    let gateway = gateway("panic_in_call", &upstream)
        .cluster("helper", cluster)
        .start()
        .unwrap();
    let address = gateway.address();
    let first = std::thread::spawn(move || get(address, "").0);
    let (mut held, _) = listener.accept().unwrap();
    // The only worker is waiting for the first call and takes the second request anyway.
    let second = std::thread::spawn(move || get(address, "").0);
    let (mut other, _) = listener.accept().unwrap();
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    other.write_all(answer).unwrap();
    assert_eq!(second.join().unwrap(), 200);
    held.write_all(answer).unwrap();
    assert_eq!(first.join().unwrap(), 200);
}

#[test]
fn a_call_over_a_unix_socket_and_one_to_nobody() {
    let upstream = Upstream::start();
    let directory = crate::support::directory("unix");
    let path = directory.join("bridge.sock");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut seen = [0; 4096];
        let _ = stream.read(&mut seen).unwrap();
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")
            .unwrap();
    });
    let gateway = gateway("probe", &upstream)
        .cluster("bridge", ClusterAddr::unix(&path))
        .cluster("dead", ClusterAddr::unix(directory.join("none.sock")))
        .start()
        .unwrap();
    let (_, body) = get(gateway.address(), "x-do: call:bridge\r\n");
    assert!(body.starts_with("200 hello"), "{body}");
    server.join().unwrap();
    let (_, body) = get(gateway.address(), "x-do: call:dead\r\n");
    assert!(body.starts_with("503 upstream connect error"), "{body}");
    let (_, body) = get(gateway.address(), "x-do: call:unknown\r\n");
    assert_eq!(body, "refused at once: 2");
}

#[test]
fn a_request_that_nobody_answers_times_out() {
    let upstream = Upstream::start();
    let gateway = gateway("probe", &upstream)
        .request_timeout(Duration::from_millis(300))
        .start()
        .unwrap();
    let began = Instant::now();
    let (status, body) = get(gateway.address(), "x-do: resume-and-pause\r\n");
    assert_eq!(status, 504, "{body}");
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(upstream.seen().is_empty());
}

/// A stream ends in the guest too, whether it was answered or abandoned.
#[test]
fn streams_are_cleaned_up() {
    let upstream = Upstream::start();
    let gateway = gateway("probe", &upstream).start().unwrap();
    assert_eq!(get(gateway.address(), "").0, 200);
    let mut abandoned = TcpStream::connect(gateway.address()).unwrap();
    abandoned
        .write_all(b"POST / HTTP/1.1\r\nhost: a\r\nx-do: hold\r\ncontent-length: 9\r\n\r\nabc")
        .unwrap();
    std::thread::sleep(Duration::from_millis(100));
    drop(abandoned);
    crate::support::eventually(Duration::from_secs(5), "the second on_done", || {
        gateway.metrics_text().contains("done_total 2\n")
    });
    assert_eq!(upstream.seen().len(), 1);
}

#[test]
fn a_graceful_shutdown_finishes_what_is_in_flight() {
    let upstream = Upstream::start();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let cluster = ClusterAddr::tcp(listener.local_addr().unwrap());
    let gateway = gateway("panic_in_call", &upstream)
        .cluster("helper", cluster)
        .start()
        .unwrap();
    let address = gateway.address();
    let client = std::thread::spawn(move || get(address, ""));
    let (mut held, _) = listener.accept().unwrap();
    let stopping = std::thread::spawn(move || gateway.shutdown());
    std::thread::sleep(Duration::from_millis(100));
    held.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        .unwrap();
    assert_eq!(client.join().unwrap(), (200, "upstream".to_owned()));
    stopping.join().unwrap();
    assert!(
        TcpStream::connect(address).is_err(),
        "nobody listens any more"
    );
}

#[test]
fn a_gateway_without_its_parts_says_which() {
    let error = Gateway::builder()
        .listen("127.0.0.1:0".parse().unwrap())
        .start()
        .unwrap_err();
    assert_eq!(error.to_string(), "the gateway needs an upstream");
}

/// A client that goes away while the upstream is silent leaves nothing behind.
#[test]
fn a_client_that_leaves_during_the_response_ends_the_stream() {
    let upstream = Upstream::start();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let gateway = gateway("probe", &upstream).upstream(url).start().unwrap();
    let mut client = TcpStream::connect(gateway.address()).unwrap();
    client
        .write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        .unwrap();
    let (mut server, _) = listener.accept().unwrap();
    let mut buffer = [0; 4096];
    let _ = server.read(&mut buffer).unwrap();
    server
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")
        .unwrap();
    let _ = client.read(&mut buffer).unwrap();
    drop(client);
    crate::support::eventually(Duration::from_secs(5), "on_done", || {
        gateway.metrics_text().contains("done_total 1\n")
    });
}
