//! One connection: its protocol, how long it may be idle, and how it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::Instant;

use super::Body;

/// Largest request head, in bytes.
const MAX_HEAD_BYTES: usize = 8 * 1024;

/// Who connected.
#[derive(Debug, Clone, Default)]
pub(super) struct Peer {
    /// User id, over a Unix socket.
    pub(super) uid: Option<u32>,
    /// Process, over a Unix socket.
    pub(super) pid: Option<i32>,
    /// The name in its certificate that let it in, over TLS.
    pub(super) name: Option<Arc<str>>,
}

/// Serves one connection, HTTP/1.1 or HTTP/2 by its first bytes, until it is idle for too long.
pub(super) async fn serve<S, F, Fut>(
    stream: S,
    peer: Peer,
    idle: Duration,
    mut stop: watch::Receiver<bool>,
    handler: F,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Fn(Request<Incoming>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Response<Body>> + Send + 'static,
{
    let activity = Arc::new(Activity::new());
    let counted = Arc::clone(&activity);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        let guard = Activity::begin(&counted);
        let answer = handler(request);
        async move {
            let response = answer.await;
            drop(guard);
            Ok::<_, std::convert::Infallible>(response)
        }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(idle)
        .max_buf_size(MAX_HEAD_BYTES + sealgate_wire::MAX_BODY_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(MAX_HEAD_BYTES).unwrap_or(u32::MAX))
        .max_concurrent_streams(256);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let mut ending = false;
    loop {
        tokio::select! {
            // Errors here are the peer's: a reset, a malformed frame.
            _ = connection.as_mut() => return,
            () = tokio::time::sleep_until(activity.idle_at(idle)), if !ending => {
                if !activity.is_idle(idle) {
                    continue;
                }
            }
            _ = stop.wait_for(|stop| *stop), if !ending => {}
            () = tokio::time::sleep(Duration::from_secs(1)), if ending => return,
        }
        if !ending {
            connection.as_mut().graceful_shutdown();
            ending = true;
        }
    }
}

/// Whether a connection has a request under way, and when the last one ended. Also covers a
/// connection that never gets as far as a request.
struct Activity {
    under_way: AtomicUsize,
    last: std::sync::Mutex<Instant>,
}

impl Activity {
    fn new() -> Self {
        Self {
            under_way: AtomicUsize::new(0),
            last: std::sync::Mutex::new(Instant::now()),
        }
    }

    fn begin(activity: &Arc<Self>) -> UnderWay {
        activity.under_way.fetch_add(1, Ordering::AcqRel);
        UnderWay(Arc::clone(activity))
    }

    fn last(&self) -> Instant {
        *self
            .last
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn idle_at(&self, idle: Duration) -> Instant {
        // Never in the past, or the select would spin while a request is under way.
        let soonest = Instant::now() + idle / 8;
        (self.last() + idle).max(soonest)
    }

    fn is_idle(&self, idle: Duration) -> bool {
        self.under_way.load(Ordering::Acquire) == 0 && self.last().elapsed() >= idle
    }
}

struct UnderWay(Arc<Activity>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        *self
            .0
            .last
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Instant::now();
        self.0.under_way.fetch_sub(1, Ordering::AcqRel);
    }
}
