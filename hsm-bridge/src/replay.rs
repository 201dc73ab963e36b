//! The replay store: what was seen is kept in a Valkey or Redis server, so that many gates share
//! it. One command asks and records (`SET .. NX PX`), and nothing here ever guesses: when the
//! server does not answer, or may have forgotten, the answer is `store_down`.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use redis::Value;
use redis::aio::MultiplexedConnection;
use sealgate_wire::{KeyFailure, ReplayRequest};
use tokio::sync::{Notify, Semaphore, watch};

use crate::metrics::{Metrics, ReplayLabels, StoreLabel};
use crate::secret::SecretSource;

mod connect;

use connect::connect;
pub use connect::inspect;

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A Unix socket.
    Unix(PathBuf),
    /// A port of this machine; the protocol is not encrypted.
    Loopback(std::net::SocketAddr),
}

/// `[[replay]]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayConfig {
    /// Its name here and on the wire.
    pub name: String,
    /// Where the server is.
    pub address: Address,
    /// User of the server's access list; its default user when not set.
    pub user: Option<String>,
    /// The password, when the server asks for one; read at each connection.
    pub password: Option<SecretSource>,
    /// How long the server may take for an answer.
    pub timeout: Duration,
    /// Records under way at once; more are refused with `busy`.
    pub in_flight: usize,
    /// Whether the store refuses, for as long as the longest time it was asked to remember, after
    /// the server lost its memory.
    pub refuse_after_loss: bool,
}

/// A proof of life at least this often, with or without traffic.
const WATCH_EVERY: Duration = Duration::from_secs(1);
/// First pause between attempts to connect; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// Longest pause: a server that returns is in service within a second.
const LONGEST_PAUSE: Duration = Duration::from_millis(800);

/// One store in service.
pub struct ReplayStore {
    config: ReplayConfig,
    metrics: Arc<Metrics>,
    state: Mutex<State>,
    permits: Semaphore,
    longest_ttl_ms: AtomicU64,
    bell: Notify,
}

#[derive(Default)]
struct State {
    connection: Option<MultiplexedConnection>,
    // What the server's memory calls itself; another name means that it forgot.
    memory: Option<String>,
    blind_until: Option<Instant>,
}

impl ReplayStore {
    /// A store that is not connected yet; [`ReplayStore::keep`] connects it.
    #[must_use]
    pub fn new(config: ReplayConfig, metrics: Arc<Metrics>) -> Arc<Self> {
        let store = Self {
            permits: Semaphore::new(config.in_flight),
            config,
            metrics,
            state: Mutex::new(State::default()),
            longest_ttl_ms: AtomicU64::new(0),
            bell: Notify::new(),
        };
        store.show_up(false);
        Arc::new(store)
    }

    /// The store's name in the configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// Whether records can be made at this moment.
    #[must_use]
    pub fn is_up(&self) -> bool {
        let state = self.lock();
        state.connection.is_some() && !state.is_blind()
    }

    /// Records a digest: true for the one caller that did it first.
    ///
    /// # Errors
    /// [`KeyFailure::Busy`] when too many records are under way, [`KeyFailure::StoreDown`] when
    /// nobody knows. The digest may have been recorded even then.
    pub async fn record(
        &self,
        request: &ReplayRequest,
        deadline: Instant,
    ) -> Result<bool, KeyFailure> {
        let start = Instant::now();
        let answer = self.ask(request, deadline).await;
        self.metrics.observe_replay(self.label(), start.elapsed());
        let result = match &answer {
            Ok(true) => "fresh",
            Ok(false) => "seen",
            Err(failure) => failure.code(),
        };
        self.metrics
            .replay
            .get_or_create_owned(&ReplayLabels {
                store: self.config.name.clone(),
                result,
            })
            .inc();
        answer
    }

    /// Connects and keeps connected until `stop` turns true.
    pub async fn keep(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut pause = FIRST_PAUSE;
        loop {
            let connected = self.lock().connection.is_some();
            if connected {
                pause = FIRST_PAUSE;
                tokio::select! {
                    () = tokio::time::sleep(WATCH_EVERY) => {}
                    () = self.bell.notified() => {}
                    _ = stop.wait_for(|stop| *stop) => return,
                }
                self.look().await;
                continue;
            }
            match connect(&self.config).await {
                Ok((connection, memory)) => self.connected(connection, memory),
                Err(detail) => {
                    tracing::warn!(
                        event = "replay-store-away",
                        store = self.config.name,
                        detail
                    );
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        _ = stop.wait_for(|stop| *stop) => return,
                    }
                    pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    async fn ask(&self, request: &ReplayRequest, deadline: Instant) -> Result<bool, KeyFailure> {
        let Ok(_permit) = self.permits.try_acquire() else {
            return Err(KeyFailure::Busy);
        };
        self.longest_ttl_ms
            .fetch_max(request.ttl_ms, Ordering::Relaxed);
        let connection = {
            let state = self.lock();
            state.connection.clone().filter(|_| !state.is_blind())
        };
        let mut connection = connection.ok_or(KeyFailure::StoreDown)?;
        let mut set = redis::cmd("SET");
        set.arg(connect::key(&self.config.name, &request.digest))
            .arg(1)
            .arg("NX")
            .arg("PX")
            .arg(request.ttl_ms);
        let until = deadline.min(Instant::now() + self.config.timeout);
        let asked = set.query_async::<Value>(&mut connection);
        let detail = match tokio::time::timeout_at(until.into(), asked).await {
            Ok(Ok(Value::Okay)) => return Ok(true),
            Ok(Ok(Value::Nil)) => return Ok(false),
            Ok(Ok(_)) => "an answer that SET does not have".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        self.disconnected(&detail);
        Err(KeyFailure::StoreDown)
    }

    /// Asks whether the server is there, and still is the one that remembers.
    async fn look(&self) {
        let (connection, memory) = {
            let state = self.lock();
            (state.connection.clone(), state.memory.clone())
        };
        let (Some(mut connection), Some(memory)) = (connection, memory) else {
            return;
        };
        let asked = connect::memory(&mut connection, &self.config.name);
        match tokio::time::timeout(self.config.timeout, asked).await {
            Ok(Ok(Some(now))) if now == memory => {}
            // Connecting finds out more, and what it means.
            Ok(Ok(_)) => self.disconnected("the server's memory is not the one it was"),
            Ok(Err(detail)) => self.disconnected(&detail),
            Err(_) => self.disconnected("no answer in time"),
        }
    }

    fn connected(&self, connection: MultiplexedConnection, memory: String) {
        let mut state = self.lock();
        let lost = state.memory.as_ref().is_some_and(|known| *known != memory);
        if lost {
            let longest = Duration::from_millis(self.longest_ttl_ms.load(Ordering::Relaxed));
            if self.config.refuse_after_loss {
                state.blind_until = Some(Instant::now() + longest);
            }
            self.metrics
                .replay_lost
                .get_or_create_owned(&self.label())
                .inc();
            tracing::error!(
                event = "replay-memory-lost",
                store = self.config.name,
                refusing = self.config.refuse_after_loss,
                longest_ttl_ms = longest.as_millis()
            );
        }
        state.memory = Some(memory);
        state.connection = Some(connection);
        drop(state);
        self.show_up(true);
        tracing::info!(event = "replay-store-up", store = self.config.name);
    }

    fn disconnected(&self, detail: &str) {
        if self.lock().connection.take().is_some() {
            self.show_up(false);
            tracing::error!(
                event = "replay-store-down",
                store = self.config.name,
                detail
            );
            self.bell.notify_one();
        }
    }

    fn show_up(&self, up: bool) {
        self.metrics
            .replay_store_up
            .get_or_create_owned(&self.label())
            .set(i64::from(up));
    }

    fn label(&self) -> StoreLabel {
        StoreLabel {
            store: self.config.name.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_blind(&self) -> bool {
        self.blind_until.is_some_and(|until| Instant::now() < until)
    }
}
