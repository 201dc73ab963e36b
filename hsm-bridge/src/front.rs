//! The sockets: who may connect, how long, and which handler answers.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use crate::audit::Audit;
use crate::config::{Config, SocketConfig};
use crate::keyring::Keyring;
use crate::metrics::{CauseLabel, Metrics, StateLabel};
use crate::replay::ReplayStore;
use crate::service::Service;

mod admin;
mod answer;
mod bind;
mod budget;
mod cache;
mod data;
mod flights;
mod job;
mod lifecycle;
mod schedule;

pub use bind::bind;

type Body = http_body_util::Full<Bytes>;

/// Largest request head, in bytes.
const MAX_HEAD_BYTES: usize = 8 * 1024;

/// Open connections of operators: callers cannot use them up.
const MAX_ADMIN_CONNECTIONS: usize = 64;

/// Everything the handlers share.
pub struct Bridge {
    config: Config,
    services: HashMap<String, Arc<Service>>,
    replay: HashMap<String, Arc<ReplayStore>>,
    keyring: Keyring,
    audit: Option<Arc<Audit>>,
    cache: cache::Cache,
    flights: flights::Flights,
    changing: Mutex<()>,
    metrics: Arc<Metrics>,
    connections: Arc<Semaphore>,
    admin_connections: Arc<Semaphore>,
}

/// The keys and the log of a bridge.
pub struct Books {
    /// Versions and their states.
    pub keyring: Keyring,
    /// The audit log, if one is kept.
    pub audit: Option<Arc<Audit>>,
}

impl Bridge {
    /// Joins the configuration with its services, and makes its replay stores.
    #[must_use]
    pub fn new(
        config: Config,
        services: Vec<Arc<Service>>,
        books: Books,
        metrics: Arc<Metrics>,
    ) -> Arc<Self> {
        let replay = config
            .replay
            .iter()
            .map(|store| ReplayStore::new(store.clone(), Arc::clone(&metrics)))
            .map(|store| (store.name().to_owned(), store))
            .collect();
        let connections = Arc::new(Semaphore::new(config.server.max_conns));
        let services = services
            .into_iter()
            .map(|service| (service.name().to_owned(), service))
            .collect();
        let bridge = Self {
            config,
            services,
            replay,
            keyring: books.keyring,
            audit: books.audit,
            cache: cache::Cache::default(),
            flights: flights::Flights::default(),
            changing: Mutex::new(()),
            metrics,
            connections,
            admin_connections: Arc::new(Semaphore::new(MAX_ADMIN_CONNECTIONS)),
        };
        bridge.recognise();
        Arc::new(bridge)
    }

    /// Destroys what is due, and signs checkpoints, until `stop` turns true.
    pub fn tend(
        self: &Arc<Self>,
        stop: watch::Receiver<bool>,
    ) -> impl Future<Output = ()> + Send + use<> {
        lifecycle::tend(Arc::clone(self), stop)
    }

    /// Notes the fingerprints of versions that the journal does not know.
    fn recognise(&self) {
        for key in &self.config.keys {
            let service = self.services.get(&key.token);
            for version in self.keyring.versions(&key.kid) {
                if let Some(ready) = service.and_then(|service| service.key(&version.label)) {
                    let fingerprint = &ready.facts.fingerprint;
                    self.keyring.seen(&key.kid, version.number, fingerprint);
                }
            }
        }
    }

    fn show_keys(&self) {
        use crate::keyring::State;
        let mut counts: HashMap<&'static str, i64> = HashMap::new();
        let states = [
            State::PreActive,
            State::Active,
            State::Retired,
            State::Disabled,
            State::Scheduled,
            State::Destroyed,
        ];
        for state in states {
            counts.insert(state.name(), 0);
        }
        for key in &self.config.keys {
            for version in self.keyring.versions(&key.kid) {
                let count = counts.entry(version.state.name()).or_default();
                *count = count.saturating_add(1);
            }
        }
        self.show_days_left();
        for (state, count) in counts {
            self.metrics
                .key_state
                .get_or_create_owned(&StateLabel { state })
                .set(count);
        }
    }

    /// One change of a key at a time.
    fn changing(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The services.
    pub fn services(&self) -> impl Iterator<Item = &Arc<Service>> {
        self.services.values()
    }

    /// The replay stores; somebody has to [`ReplayStore::keep`] each.
    pub fn replay_stores(&self) -> impl Iterator<Item = &Arc<ReplayStore>> {
        self.replay.values()
    }

    /// What stands behind a data socket: who may ask what, by its section.
    ///
    /// # Errors
    /// When the socket's header token cannot be read.
    pub fn door(self: &Arc<Self>, socket: &SocketConfig) -> io::Result<Door> {
        let rules = data::DataSocket::new(Arc::clone(self), socket)?;
        Ok(Door(Arc::new(RwLock::new(Arc::new(rules)))))
    }

    /// Serves a data socket until `stop` turns true.
    pub fn serve_data(
        self: &Arc<Self>,
        listener: UnixListener,
        uids: Vec<u32>,
        door: &Door,
        stop: watch::Receiver<bool>,
    ) -> impl Future<Output = ()> + Send + use<> {
        let door = Arc::clone(&door.0);
        let places = Arc::clone(&self.connections);
        self.accept(listener, uids, places, stop, move |request| {
            let rules = Arc::clone(&door.read().unwrap_or_else(PoisonError::into_inner));
            async move { rules.answer(request).await }
        })
    }

    /// Serves the admin socket until `stop` turns true.
    pub fn serve_admin(
        self: &Arc<Self>,
        listener: UnixListener,
        stop: watch::Receiver<bool>,
    ) -> impl Future<Output = ()> + Send + use<> {
        let bridge = Arc::clone(self);
        let places = Arc::clone(&self.admin_connections);
        self.accept(listener, Vec::new(), places, stop, move |request| {
            let bridge = Arc::clone(&bridge);
            async move { admin::answer(bridge, request).await }
        })
    }

    fn accept<F, Fut>(
        self: &Arc<Self>,
        listener: UnixListener,
        uids: Vec<u32>,
        places: Arc<Semaphore>,
        mut stop: watch::Receiver<bool>,
        handler: F,
    ) -> impl Future<Output = ()> + Send + use<F, Fut>
    where
        F: Fn(Request<Incoming>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Response<Body>> + Send + 'static,
    {
        let bridge = Arc::clone(self);
        async move {
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    _ = stop.wait_for(|stop| *stop) => return,
                };
                match accepted {
                    Ok((stream, _)) => {
                        bridge.admit(stream, &uids, &places, stop.clone(), handler.clone());
                    }
                    Err(error) => {
                        // Out of descriptors, most likely: let some close.
                        tracing::error!(event = "accept-failed", %error);
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                }
            }
        }
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

    fn refuse(&self, cause: &'static str) {
        self.metrics
            .refused_connections
            .get_or_create_owned(&CauseLabel { cause })
            .inc();
    }
}

/// The rules of a data socket, which can be made anew while it is open.
pub struct Door(Arc<RwLock<Arc<data::DataSocket>>>);

impl Door {
    /// Takes the rules of another door; requests under way end by those they began with.
    pub fn take(&self, other: Door) {
        let new = Arc::clone(&other.0.read().unwrap_or_else(PoisonError::into_inner));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = new;
    }
}

/// Who connected.
#[derive(Debug, Clone, Copy, Default)]
struct Peer {
    uid: Option<u32>,
    pid: Option<i32>,
}

/// Serves one connection, HTTP/1.1 or HTTP/2 by its first bytes, until it is idle for too long.
async fn serve<F, Fut>(
    stream: UnixStream,
    peer: Peer,
    idle: Duration,
    mut stop: watch::Receiver<bool>,
    handler: F,
) where
    F: Fn(Request<Incoming>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Response<Body>> + Send + 'static,
{
    let activity = Arc::new(Activity::new());
    let counted = Arc::clone(&activity);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
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
