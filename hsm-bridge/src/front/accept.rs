//! Who may connect: accepting, and turning away before a byte of a request is read.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::{Request, Response};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};

use super::connection::{Peer, serve};
use super::{Body, Bridge, Gatekeeper};
use crate::metrics::CauseLabel;

impl Bridge {
    pub(super) fn accept<F, Fut>(
        self: &Arc<Self>,
        listener: UnixListener,
        uids: Vec<u32>,
        places: Arc<Semaphore>,
        stop: watch::Receiver<bool>,
        handler: F,
    ) -> impl Future<Output = ()> + Send + use<F, Fut>
    where
        F: Fn(Request<Incoming>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Response<Body>> + Send + 'static,
    {
        let bridge = Arc::clone(self);
        each(
            stop.clone(),
            move |context| listener.poll_accept(context).map_ok(|(stream, _)| stream),
            move |stream| bridge.admit(stream, &uids, &places, stop.clone(), handler.clone()),
        )
    }

    fn admit<F, Fut>(
        self: &Arc<Self>,
        stream: UnixStream,
        uids: &[u32],
        places: &Arc<Semaphore>,
        stop: watch::Receiver<bool>,
        handler: F,
    ) where
        F: Fn(Request<Incoming>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Response<Body>> + Send + 'static,
    {
        // The user id at the time of connect; dropping the stream closes it unread.
        let credentials = stream.peer_cred().ok();
        let peer = Peer {
            uid: credentials.map(|peer| peer.uid()),
            pid: credentials.and_then(|peer| peer.pid()),
            name: None,
        };
        let uid = peer.uid;
        let welcome = uid.is_some_and(|uid| {
            uids.contains(&uid) || (uids.is_empty() && uid == rustix::process::geteuid().as_raw())
        });
        if !welcome {
            tracing::warn!(event = "connection-refused", cause = "uid", uid);
            self.refuse("uid");
            return;
        }
        let Ok(permit) = Arc::clone(places).try_acquire_owned() else {
            self.refuse("full");
            return;
        };
        let bridge = Arc::clone(self);
        tokio::spawn(async move {
            bridge.metrics.connections.inc();
            serve(
                stream,
                peer,
                bridge.config.server.idle_timeout,
                stop,
                handler,
            )
            .await;
            bridge.metrics.connections.dec();
            drop(permit);
        });
    }

    pub(super) fn accept_tls<F, Fut>(
        self: &Arc<Self>,
        listener: TcpListener,
        keeper: Gatekeeper,
        places: Arc<Semaphore>,
        stop: watch::Receiver<bool>,
        handler: F,
    ) -> impl Future<Output = ()> + Send + use<F, Fut>
    where
        F: Fn(Request<Incoming>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Response<Body>> + Send + 'static,
    {
        let bridge = Arc::clone(self);
        let keeper = Arc::new(keeper);
        each(
            stop.clone(),
            move |context| listener.poll_accept(context).map_ok(|(stream, _)| stream),
            move |stream| {
                let keeper = Arc::clone(&keeper);
                bridge.admit_tls(stream, keeper, &places, stop.clone(), handler.clone());
            },
        )
    }

    fn admit_tls<F, Fut>(
        self: &Arc<Self>,
        stream: TcpStream,
        keeper: Arc<Gatekeeper>,
        places: &Arc<Semaphore>,
        stop: watch::Receiver<bool>,
        handler: F,
    ) where
        F: Fn(Request<Incoming>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Response<Body>> + Send + 'static,
    {
        let Ok(permit) = Arc::clone(places).try_acquire_owned() else {
            self.refuse("full");
            return;
        };
        // Requests are small, and each waits for its answer.
        let _ = stream.set_nodelay(true);
        let from = stream.peer_addr().ok();
        let bridge = Arc::clone(self);
        tokio::spawn(async move {
            bridge.metrics.connections.inc();
            match keeper.admit(stream).await {
                Ok((stream, name)) => {
                    let peer = Peer {
                        name: Some(Arc::from(name)),
                        ..Peer::default()
                    };
                    serve(
                        stream,
                        peer,
                        bridge.config.server.idle_timeout,
                        stop,
                        handler,
                    )
                    .await;
                }
                Err(refusal) => {
                    let cause = refusal.cause();
                    tracing::warn!(
                        event = "connection-refused",
                        cause,
                        from = from.map(tracing::field::display)
                    );
                    bridge.refuse(cause);
                }
            }
            bridge.metrics.connections.dec();
            drop(permit);
        });
    }

    fn refuse(&self, cause: &'static str) {
        self.metrics
            .refused_connections
            .get_or_create_owned(&CauseLabel { cause })
            .inc();
    }
}

/// Admits each connection until the end.
async fn each<S>(
    mut stop: watch::Receiver<bool>,
    mut accept: impl FnMut(&mut Context<'_>) -> Poll<io::Result<S>>,
    admit: impl Fn(S),
) {
    loop {
        let accepted = tokio::select! {
            accepted = poll_fn(&mut accept) => accepted,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match accepted {
            Ok(stream) => admit(stream),
            Err(error) => wait_after(&error).await,
        }
    }
}

/// Out of descriptors, most likely: lets some close.
async fn wait_after(error: &io::Error) {
    tracing::error!(event = "accept-failed", %error);
    tokio::time::sleep(Duration::from_millis(50)).await;
}
