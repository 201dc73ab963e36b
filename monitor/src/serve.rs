//! The page: three files, a view as JSON, a stream of views, and history for the charts.
//!
//! It is read-only and holds no secret, yet says what an attacker likes to know. So it listens on
//! loopback only, answers only to the host names it was told (a page elsewhere cannot reach it by
//! rebinding a name), and allows nothing but itself.

mod history;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderValue;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::watch as channel;

use crate::limits::MAX_FOLLOWERS;
use crate::watch::Shared;

type Body = UnsyncBoxBody<Bytes, Infallible>;

const HTML: &str = include_str!("page/index.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPTS: [(&str, &str); 3] = [
    ("/page.js", include_str!("page/page.js")),
    ("/draw.js", include_str!("page/draw.js")),
    ("/tables.js", include_str!("page/tables.js")),
];
const ICON: &str = include_str!("page/icon.svg");

/// Nothing but ourselves; no inline script or style.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Sent when nothing else is, so that a broken connection shows.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The page's server.
#[derive(Debug)]
pub struct Server {
    shared: Shared,
    hosts: Vec<String>,
    followers: AtomicUsize,
}

impl Server {
    /// Answers to the loopback names, and to those in `hosts` besides (of a proxy in front).
    #[must_use]
    pub fn new(shared: Shared, hosts: Vec<String>) -> Arc<Self> {
        Arc::new(Self {
            shared,
            hosts,
            followers: AtomicUsize::new(0),
        })
    }

    /// Serves until the future is dropped.
    pub async fn run(self: Arc<Self>, listener: TcpListener) -> Infallible {
        loop {
            let Ok((stream, peer)) = listener.accept().await else {
                // Out of descriptors, most likely: breathe.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let server = Arc::clone(&self);
            tokio::spawn(async move { server.connection(stream, peer).await });
        }
    }

    async fn connection(self: Arc<Self>, stream: tokio::net::TcpStream, peer: SocketAddr) {
        let service = service_fn(|request: Request<Incoming>| {
            let server = Arc::clone(&self);
            async move { Ok::<_, Infallible>(server.answer(&request)) }
        });
        let served = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_secs(5))
            .max_headers(50)
            .serve_connection(TokioIo::new(stream), service)
            .await;
        if let Err(error) = served {
            tracing::debug!(%peer, %error, "a connection ended early");
        }
    }

    fn answer(self: &Arc<Self>, request: &Request<Incoming>) -> Response<Body> {
        let host = request.headers().get("host");
        if !host.is_some_and(|host| self.is_ours(host)) {
            return plain(
                StatusCode::MISDIRECTED_REQUEST,
                "not a name of this monitor",
            );
        }
        if request.method() != Method::GET && request.method() != Method::HEAD {
            return plain(StatusCode::METHOD_NOT_ALLOWED, "read only");
        }
        let path = request.uri().path();
        if let Some((_, script)) = SCRIPTS.iter().find(|one| one.0 == path) {
            return file("text/javascript; charset=utf-8", script);
        }
        match path {
            "/" => file("text/html; charset=utf-8", HTML),
            "/page.css" => file("text/css; charset=utf-8", STYLE),
            "/icon.svg" => file("image/svg+xml", ICON),
            "/healthz" => plain(StatusCode::OK, "ok"),
            "/api/view" => {
                let view = self.shared.view().borrow().to_string();
                typed("application/json", full(view))
            }
            "/api/history" => match history::answer(&self.shared, request.uri().query()) {
                Some(json) => typed("application/json", full(json)),
                None => plain(StatusCode::BAD_REQUEST, "by, name and span"),
            },
            "/events" => self.follow(),
            _ => plain(StatusCode::NOT_FOUND, "nothing here"),
        }
    }

    fn is_ours(&self, host: &HeaderValue) -> bool {
        let Ok(host) = host.to_str() else {
            return false;
        };
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        };
        ["127.0.0.1", "localhost", "[::1]"].contains(&name)
            || self.hosts.iter().any(|own| own.eq_ignore_ascii_case(name))
    }

    /// Server-sent events: the view now, and every one that follows.
    fn follow(self: &Arc<Self>) -> Response<Body> {
        if self.followers.fetch_add(1, Ordering::Relaxed) >= MAX_FOLLOWERS {
            self.followers.fetch_sub(1, Ordering::Relaxed);
            return plain(StatusCode::SERVICE_UNAVAILABLE, "enough followers");
        }
        let mut view = self.shared.view();
        view.mark_changed();
        let following = Following {
            view,
            server: Arc::clone(self),
        };
        let mut response = typed("text/event-stream", stream(following));
        let headers = response.headers_mut();
        headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        response
    }
}

/// One browser that follows; counted until it goes.
struct Following {
    view: channel::Receiver<Arc<str>>,
    server: Arc<Server>,
}

impl Drop for Following {
    fn drop(&mut self) {
        self.server.followers.fetch_sub(1, Ordering::Relaxed);
    }
}

fn stream(following: Following) -> Body {
    let events = futures_util::stream::unfold(following, |mut following| async move {
        let changed = tokio::time::timeout(HEARTBEAT, following.view.changed()).await;
        let event = match changed {
            Ok(Ok(())) => {
                let view = following.view.borrow_and_update();
                format!("data: {}\n\n", &**view)
            }
            Ok(Err(_)) => return None,
            Err(_) => ": still here\n\n".to_owned(),
        };
        let frame = hyper::body::Frame::data(Bytes::from(event));
        Some((Ok(frame), following))
    });
    http_body_util::StreamBody::new(events).boxed_unsync()
}

fn file(kind: &'static str, text: &'static str) -> Response<Body> {
    typed(
        kind,
        Full::new(Bytes::from_static(text.as_bytes())).boxed_unsync(),
    )
}

fn full(text: String) -> Body {
    Full::new(Bytes::from(text)).boxed_unsync()
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = file("text/plain; charset=utf-8", text);
    *response.status_mut() = status;
    response
}

fn typed(kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-type", kind),
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
