//! An upstream that records, and clients that speak what a test needs.

use crate::common::guest_path;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, Uri};
use hyper_util::rt::{TokioExecutor, TokioIo};
use sealgate_host_shim::gateway::{Event, Gateway, GatewayBuilder};
use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A request as the upstream saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Option<HeaderMap>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// An upstream that answers `200 upstream` and remembers what it was asked.
#[derive(Clone)]
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
}

impl Upstream {
    pub(crate) fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let upstream = Self {
            address: listener.local_addr().unwrap(),
            seen: Arc::default(),
            connections: Arc::default(),
        };
        let serving = upstream.clone();
        std::thread::spawn(move || runtime().block_on(serving.serve(listener)));
        upstream
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    async fn serve(self, listener: std::net::TcpListener) {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            self.connections.fetch_add(1, Ordering::SeqCst);
            let upstream = self.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| upstream.clone().answer(request));
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    }

    async fn answer(
        self,
        request: Request<Incoming>,
    ) -> Result<Response<http_body_util::combinators::BoxBody<Bytes, Infallible>>, Infallible> {
        let (parts, body) = request.into_parts();
        // A body that breaks off is not a request that was seen.
        let Ok(body) = body.collect().await else {
            return Ok(Response::new(Full::from("broken").boxed()));
        };
        let trailers = body.trailers().cloned();
        let wants_trailers = parts.headers.contains_key("x-want-trailers");
        self.seen.lock().unwrap().push(Seen {
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
            body: body.to_bytes().to_vec(),
            trailers,
        });
        if !wants_trailers {
            return Ok(Response::new(Full::from("upstream").boxed()));
        }
        let mut end = HeaderMap::new();
        end.insert("x-end", "of response".parse().unwrap());
        let frames = [
            Ok(Frame::data(Bytes::from("upstream"))),
            Ok(Frame::trailers(end)),
        ];
        let body = Frames(frames.into_iter().collect());
        let mut response = Response::new(BodyExt::boxed(body));
        response
            .headers_mut()
            .insert("trailer", "x-end".parse().unwrap());
        Ok(response)
    }
}

/// A body of these frames.
pub(crate) struct Frames(pub(crate) std::collections::VecDeque<Result<Frame<Bytes>, Infallible>>);

impl hyper::body::Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        std::task::Poll::Ready(self.0.pop_front())
    }
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// A gateway builder for a guest on a free port of this machine.
pub(crate) fn gateway(guest: &str, upstream: &Upstream) -> GatewayBuilder {
    Gateway::builder()
        .listen("127.0.0.1:0".parse().unwrap())
        .upstream(upstream.url())
        .module(guest_path(guest))
}

/// Collects events.
#[derive(Clone, Default)]
pub(crate) struct EventLog(Arc<Mutex<Vec<Event>>>);

impl EventLog {
    pub(crate) fn sink(&self) -> impl Fn(&Event) + Send + Sync + 'static {
        let log = Arc::clone(&self.0);
        move |event| log.lock().unwrap().push(event.clone())
    }

    pub(crate) fn all(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }
}

/// Sends raw bytes and reads until the server closes (ask for `connection: close`).
pub(crate) fn raw(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(15)))
        .unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// One GET over a new plain connection: status and body.
pub(crate) fn get(address: SocketAddr, headers: &str) -> (u16, String) {
    let request =
        format!("GET /a HTTP/1.1\r\nhost: api.test\r\nconnection: close\r\n{headers}\r\n");
    split(&raw(address, request.as_bytes()))
}

/// Status and body of an answer; 0 when there is none.
pub(crate) fn split(answer: &str) -> (u16, String) {
    let status = answer
        .get(9..12)
        .and_then(|status| status.parse().ok())
        .unwrap_or(0);
    let body = answer
        .split_once("\r\n\r\n")
        .map(|(_, body)| body)
        .unwrap_or_default();
    (status, body.to_owned())
}

/// What a hyper client got.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Option<HeaderMap>,
}

/// Sends one request over any stream, HTTP/2 or HTTP/1.1.
pub(crate) async fn send<T>(
    io: T,
    http2: bool,
    request: Request<http_body_util::combinators::BoxBody<Bytes, Infallible>>,
) -> Got
where
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let io = TokioIo::new(io);
    let response = if http2 {
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
                .await
                .unwrap();
        tokio::spawn(connection);
        sender.send_request(request).await.unwrap()
    } else {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(request).await.unwrap()
    };
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap();
    let trailers = body.trailers().cloned();
    Got {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: body.to_bytes().to_vec(),
        trailers,
    }
}

/// A request with a body that ends with one trailer.
pub(crate) fn with_trailers(
    mut request: hyper::http::request::Builder,
    pieces: &[&'static str],
) -> Request<http_body_util::combinators::BoxBody<Bytes, Infallible>> {
    request = request.method("POST");
    let mut end = HeaderMap::new();
    end.insert("x-end", "of request".parse().unwrap());
    let mut frames: std::collections::VecDeque<_> = pieces
        .iter()
        .map(|piece| Ok(Frame::data(Bytes::from(*piece))))
        .collect();
    frames.push_back(Ok(Frame::trailers(end)));
    request.body(BodyExt::boxed(Frames(frames))).unwrap()
}

/// A fresh directory of this test.
pub(crate) fn directory(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("sealgate-gateway-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// Replaces a file as an operator should: write beside, then rename.
pub(crate) fn rename_over(path: &Path, content: &[u8]) {
    let beside = path.with_extension("new");
    std::fs::write(&beside, content).unwrap();
    std::fs::rename(&beside, path).unwrap();
}

/// Waits until something holds; fails after `limit`.
pub(crate) fn eventually(limit: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(
            began.elapsed() < limit,
            "{what} did not happen within {limit:?}"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}
