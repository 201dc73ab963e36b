//! The sockets: who may connect, how long, and which handler answers.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Semaphore, watch};

use crate::audit::Audit;
use crate::config::{Config, SocketConfig};
use crate::keyring::Keyring;
use crate::metrics::{Metrics, StateLabel};
use crate::replay::ReplayStore;
use crate::service::Service;
use crate::spans::Spans;

mod accept;
mod admin;
mod answer;
mod bind;
mod body;
mod budget;
mod cache;
mod connection;
mod data;
mod flights;
mod headers;
mod health;
mod job;
mod lifecycle;
mod schedule;
mod tls;

pub use bind::bind;
pub use tls::Gatekeeper;

type Body = http_body_util::Full<Bytes>;
type Answering = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// Open connections of operators: callers cannot use them up.
const MAX_ADMIN_CONNECTIONS: usize = 64;

/// Everything the handlers share.
pub struct Bridge {
    config: Config,
    services: HashMap<String, Arc<Service>>,
    replay: HashMap<String, Arc<ReplayStore>>,
    keyring: Keyring,
    audit: Option<Arc<Audit>>,
    spans: Option<Spans>,
    cache: cache::Cache,
    flights: flights::Flights,
    changing: Mutex<()>,
    metrics: Arc<Metrics>,
    connections: Arc<Semaphore>,
    admin_connections: Arc<Semaphore>,
}

/// The keys and the logs of a bridge.
pub struct Books {
    /// Versions and their states.
    pub keyring: Keyring,
    /// The audit log, if one is kept.
    pub audit: Option<Arc<Audit>>,
    /// Where traces go, if anywhere.
    pub spans: Option<Spans>,
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
            spans: books.spans,
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
        let places = Arc::clone(&self.connections);
        self.accept(listener, uids, places, stop, door.handler())
    }

    /// Serves a data socket behind TLS until `stop` turns true.
    pub fn serve_tls(
        self: &Arc<Self>,
        listener: TcpListener,
        keeper: Gatekeeper,
        door: &Door,
        stop: watch::Receiver<bool>,
    ) -> impl Future<Output = ()> + Send + use<> {
        let places = Arc::clone(&self.connections);
        self.accept_tls(listener, keeper, places, stop, door.handler())
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
}

/// The rules of a data socket, which can be made anew while it is open.
pub struct Door(Arc<RwLock<Arc<data::DataSocket>>>);

impl Door {
    /// Answers each request by the rules of its moment.
    fn handler(
        &self,
    ) -> impl Fn(Request<Incoming>) -> Answering + Clone + Send + Sync + 'static + use<> {
        let door = Arc::clone(&self.0);
        move |request| {
            let rules = Arc::clone(&door.read().unwrap_or_else(PoisonError::into_inner));
            Box::pin(async move { rules.answer(request).await })
        }
    }

    /// Takes the rules of another door; requests under way end by those they began with.
    pub fn take(&self, other: Door) {
        let new = Arc::clone(&other.0.read().unwrap_or_else(PoisonError::into_inner));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = new;
    }
}
