//! HTTP calls of the guest: answers, failures that look like answers, cancellation.

use crate::common::host;
use sealgate_host_shim::call::Answer;
use sealgate_host_shim::host::{Cluster, Host, Request};
use std::io::{Read, Write};
use std::net::TcpListener;

const URL: &str = "https://api.bank.test/payments";

fn answer_of(cluster: Cluster) -> String {
    let host = host("probe").cluster("bridge", cluster).build().unwrap();
    text(&host, "call:bridge")
}

fn text(host: &Host, command: &str) -> String {
    let outcome = host
        .request(Request::get(URL).header("x-do", command))
        .run();
    outcome
        .response()
        .unwrap_or_else(|| panic!("{outcome:?}"))
        .text()
}

#[test]
fn a_closure_answers() {
    let cluster = Cluster::closure(|call| {
        assert_eq!((call.method(), call.path()), ("POST", "/probe"));
        assert_eq!(call.headers.text("content-length"), Some("8"));
        Answer::new(201, [call.body.as_slice(), b"!"].concat())
    });
    assert_eq!(answer_of(cluster), "201 question! 2 0");
}

#[test]
fn a_timeout_is_a_504_with_a_24_byte_body() {
    assert_eq!(
        answer_of(Cluster::never()),
        "504 upstream request timeout 3 0"
    );
}

#[test]
fn a_refused_connection_is_a_503_with_a_body() {
    let text = answer_of(Cluster::refused());
    assert!(text.starts_with("503 upstream connect error"), "{text}");
}

#[test]
fn no_response_at_all_has_no_header() {
    assert_eq!(answer_of(Cluster::answers(Answer::none())), "  0 0");
}

/// An unknown cluster and a head without `:authority` are BadArgument (2) at once.
#[test]
fn bad_arguments_are_refused_at_once() {
    let host = host("probe")
        .cluster("bridge", Cluster::never())
        .build()
        .unwrap();
    assert_eq!(text(&host, "call:unknown"), "refused at once: 2");
    assert_eq!(text(&host, "call:bridge!"), "refused at once: 2");
    assert!(host.calls().is_empty());
}

#[test]
fn a_call_is_cancelled_with_its_stream() {
    let host = host("probe")
        .cluster("bridge", Cluster::manual())
        .build()
        .unwrap();
    let mut step = host
        .request(Request::get(URL).header("x-do", "call:bridge"))
        .step();
    step.send_headers();
    let token = step.pending_calls()[0].token;
    drop(step);
    let mut other = host.request(Request::get(URL)).step();
    other.send_headers();
    assert!(!other.answer(token, Answer::ok("nobody waits")));
    assert!(other.finish().is_forwarded());
}

#[test]
fn real_sockets_answer_over_tcp_and_unix() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || serve_one(listener.accept().unwrap().0));
    assert_eq!(answer_of(Cluster::tcp(address)), "200 hello 2 0");
    assert!(
        server
            .join()
            .unwrap()
            .starts_with("POST /probe HTTP/1.1\r\n")
    );

    let path = std::env::temp_dir().join(format!("sealgate-shim-{}.sock", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let server = std::thread::spawn(move || serve_one(listener.accept().unwrap().0));
    assert_eq!(answer_of(Cluster::unix(&path)), "200 hello 2 0");
    let request = server.join().unwrap();
    assert!(request.contains("host: probe.test\r\n"), "{request}");
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_missing_socket_is_a_503() {
    let text = answer_of(Cluster::unix("/nonexistent/sealgate.sock"));
    assert!(text.starts_with("503 upstream connect error"), "{text}");
}

#[test]
fn a_real_server_that_says_nothing_is_a_504() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    assert_eq!(
        answer_of(Cluster::tcp(address)),
        "504 upstream request timeout 3 0"
    );
}

#[test]
fn a_foreign_function_is_not_found() {
    let host = host("probe").build().unwrap();
    assert_eq!(text(&host, "foreign:verify_signature"), "Err(1)");
}

fn serve_one(mut stream: impl Read + Write) -> String {
    let mut seen = Vec::new();
    let mut buffer = [0; 1024];
    while !seen.ends_with(b"question") {
        let read = stream.read(&mut buffer).unwrap();
        assert_ne!(read, 0, "the request broke off");
        seen.extend_from_slice(&buffer[..read]);
    }
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")
        .unwrap();
    String::from_utf8(seen).unwrap()
}
