//! One client connection: the handshake, its properties, and its requests.

use super::framing::FramingGuard;
use super::worker::{Thread, handshake_failed};
use super::{exchange, identity};
use crate::limits;
use crate::net::OutBody;
use crate::property::Properties;
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;

/// Time a client has to send a whole HTTP/1.1 head.
const HEAD_TIME: Duration = Duration::from_secs(10);

/// Requests that an HTTP/2 client may have open (Envoy's edge recommendation).
const HTTP2_STREAMS: u32 = 100;

/// What the requests of a connection share.
pub(super) struct Connection {
    pub(super) scheme: &'static str,
    pub(super) properties: Properties,
    requests: Cell<u64>,
    two_framings: Rc<Cell<Option<u64>>>,
}

impl Connection {
    /// Counts a request; `false` when its head, or one before it, declared two framings.
    pub(super) fn admits(&self) -> bool {
        let number = self.requests.get().saturating_add(1);
        self.requests.set(number);
        self.two_framings.get().is_none_or(|first| number < first)
    }
}

/// The stream is cut without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the stream was closed by the filter")
    }
}

impl std::error::Error for Cut {}

/// Serves a connection to its end.
pub(super) async fn serve(
    thread: Rc<Thread>,
    stream: TcpStream,
    peer: SocketAddr,
    closed: watch::Receiver<bool>,
) {
    // A failure only costs latency.
    let _ = stream.set_nodelay(true);
    let Ok(local) = stream.local_addr() else {
        return;
    };
    let number = thread.next_connection.get();
    thread.next_connection.set(number.wrapping_add(1));
    let mut properties = identity::transport(peer, local, number);
    properties.merge(&thread.common.properties);
    let Some(acceptor) = thread.common.tls.clone() else {
        return http(thread, "http", properties, stream, closed).await;
    };
    match tokio::time::timeout(limits::HANDSHAKE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => {
            let own = thread.common.own_certificate.as_deref();
            identity::tls(&mut properties, stream.get_ref().1, own);
            http(thread, "https", properties, stream, closed).await;
        }
        Ok(Err(error)) => handshake_failed(&thread.common, error.to_string()),
        Err(_) => handshake_failed(&thread.common, "the client took too long".to_owned()),
    }
}

async fn http<T>(
    thread: Rc<Thread>,
    scheme: &'static str,
    properties: Properties,
    stream: T,
    mut closed: watch::Receiver<bool>,
) where
    T: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let two_framings = Rc::new(Cell::new(None));
    let io = TokioIo::new(FramingGuard::new(stream, Rc::clone(&two_framings)));
    let requests = Cell::new(0);
    let connection = Rc::new(Connection {
        scheme,
        properties,
        requests,
        two_framings,
    });
    let mut builder = auto::Builder::new(Local);
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(limits::HEAD_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(HTTP2_STREAMS)
        .max_header_list_size(limits::HEAD_BYTES as u32);
    let service = service_fn(move |request: Request<Incoming>| {
        let (thread, connection) = (Rc::clone(&thread), Rc::clone(&connection));
        async move { answer(thread, connection, request).await }
    });
    let mut serving = pin!(builder.serve_connection(io, service));
    let mut closing = false;
    loop {
        tokio::select! {
            // How a connection ends is the client's business.
            _ = serving.as_mut() => return,
            changed = closed.changed(), if !closing => {
                closing = true;
                if changed.is_ok() {
                    serving.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

async fn answer(
    thread: Rc<Thread>,
    connection: Rc<Connection>,
    request: Request<Incoming>,
) -> Result<Response<OutBody>, Cut> {
    exchange::run(thread, connection, request).await
}

/// Runs hyper's tasks on this thread.
#[derive(Clone, Copy)]
struct Local;

impl<F> Executor<F> for Local
where
    F: Future + 'static,
{
    fn execute(&self, future: F) {
        tokio::task::spawn_local(async move {
            future.await;
        });
    }
}
