//! The loop: reads every source, feeds the core, keeps, tells, shows.

mod deliver;
mod http;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch as channel;

use crate::limits::{MAX_PAGE_BYTES, SCRAPE_PATIENCE};
use crate::monitor::Monitor;
use crate::reading::Reader;
use crate::round::{Millis, Role, Round, SourceRound};
use crate::store::{RESOLUTIONS, Store, StoreError};
use deliver::Deliveries;
use http::{Ask, ask};

pub use crate::alert::{Webhook, WebhookError};
pub use http::{AskError, Endpoint, EndpointError};

/// Days of history that are read back at the start.
const RECALLED: Millis = 28 * 86_400_000;

/// A gateway or bridge.
#[derive(Clone, Debug)]
pub struct Source {
    /// What it is called on the page and in alerts.
    pub name: String,
    /// Its kind.
    pub role: Role,
    /// Where its metrics are.
    pub endpoint: Endpoint,
}

/// Who is told of alerts.
#[derive(Debug, Default)]
pub struct Receivers {
    /// Alertmanagers; every one of them is sent everything, as Alertmanager wants it of a cluster.
    pub alertmanagers: Vec<Endpoint>,
    /// A webhook with its secret.
    pub webhook: Option<(Endpoint, Webhook)>,
    /// Where people find the page, for links in alerts.
    pub page: Option<String>,
}

/// Everything a watch is started with.
#[derive(Debug)]
pub struct Settings {
    /// What is watched.
    pub sources: Vec<Source>,
    /// Time between rounds.
    pub every: Duration,
    /// How long an alert must not be noticed to have ended.
    pub resolve_after: Duration,
    /// File of the history; memory without one.
    pub history: Option<PathBuf>,
    /// Who is told.
    pub receivers: Receivers,
}

/// What the page reads.
#[derive(Clone, Debug)]
pub struct Shared {
    view: channel::Receiver<Arc<str>>,
    store: Arc<Mutex<Store>>,
}

impl Shared {
    /// The latest view as JSON, and a way to wait for the next.
    #[must_use]
    pub fn view(&self) -> channel::Receiver<Arc<str>> {
        self.view.clone()
    }

    /// Works on the history.
    pub fn with_store<R>(&self, work: impl FnOnce(&Store) -> R) -> R {
        work(&self.store.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A watch that is ready to run.
#[derive(Debug)]
pub struct Watch {
    readers: Vec<(Reader, Endpoint)>,
    every: Duration,
    monitor: Monitor,
    store: Arc<Mutex<Store>>,
    deliveries: Deliveries,
    view: channel::Sender<Arc<str>>,
}

impl Watch {
    /// Opens the history and learns from it what is usual.
    ///
    /// # Errors
    /// [`StoreError`] of the history.
    pub fn new(settings: Settings) -> Result<(Self, Shared), StoreError> {
        let store = match &settings.history {
            Some(path) => Store::open(path)?,
            None => Store::in_memory()?,
        };
        let ledger = store.ledger()?;
        let quiet = i64::try_from(settings.resolve_after.as_millis()).unwrap_or(Millis::MAX);
        let monitor = recalled(&store, Monitor::new(ledger, quiet), now())?;
        let store = Arc::new(Mutex::new(store));
        let (view, receiver) = channel::channel(Arc::from("null"));
        let readers = settings
            .sources
            .into_iter()
            .map(|source| (Reader::new(source.name, source.role), source.endpoint))
            .collect();
        let shared = Shared {
            view: receiver,
            store: Arc::clone(&store),
        };
        let watch = Self {
            readers,
            every: settings.every,
            monitor,
            store,
            deliveries: Deliveries::new(settings.receivers),
            view,
        };
        Ok((watch, shared))
    }

    /// Runs until the future is dropped. What a round costs is taken off the time until the next.
    ///
    /// # Errors
    /// Never by itself; the type says that nothing is returned.
    pub async fn run(mut self) -> std::convert::Infallible {
        let mut ticks = tokio::time::interval(self.every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            ticks.tick().await;
            self.round().await;
        }
    }

    async fn round(&mut self) {
        let round = Round {
            at: now(),
            sources: self.read().await,
        };
        let store = Arc::clone(&self.store);
        let copy = round.clone();
        let kept = tokio::task::spawn_blocking(move || {
            let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
            store.add(&copy)
        });
        if let Ok(Err(error)) = kept.await {
            tracing::warn!(%error, "a round could not be kept");
        }
        let changes = self.monitor.take(round);
        for (change, alert) in &changes {
            tracing::info!(
                change = ?change, id = alert.id, severity = alert.notice.severity.name(),
                subject = %alert.notice.subject, seen = alert.notice.seen, "alert"
            );
        }
        if !changes.is_empty() {
            let store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = store.save_ledger(self.monitor.ledger()) {
                tracing::warn!(%error, "alerts could not be kept");
            }
        }
        self.deliveries
            .take(&changes, self.monitor.ledger(), now())
            .await;
        match serde_json::to_string(&self.monitor.view()) {
            Ok(view) => drop(self.view.send(view.into())),
            Err(error) => tracing::warn!(%error, "no view"),
        }
    }

    /// Every source, side by side.
    async fn read(&mut self) -> Vec<SourceRound> {
        let asked: Vec<_> = self
            .readers
            .iter()
            .map(|(_, endpoint)| {
                let endpoint = endpoint.clone();
                tokio::spawn(async move {
                    let answer =
                        ask(&endpoint, Ask::default(), SCRAPE_PATIENCE, MAX_PAGE_BYTES).await;
                    (answer, now())
                })
            })
            .collect();
        let mut rounds = Vec::with_capacity(asked.len());
        for (task, (reader, _)) in asked.into_iter().zip(&mut self.readers) {
            rounds.push(match task.await {
                Ok((Ok(page), at)) => reader.read(&page, at),
                Ok((Err(error), _)) => reader.failed(error.to_string()),
                Err(_) => reader.failed("reading it failed"),
            });
        }
        rounds
    }
}

/// A monitor that has seen the history.
fn recalled(store: &Store, mut monitor: Monitor, now: Millis) -> Result<Monitor, StoreError> {
    let [(short, short_kept), _, _] = RESOLUTIONS;
    let recent = now.saturating_sub(short.saturating_mul(i64::try_from(short_kept).unwrap_or(0)));
    let from = now.saturating_sub(RECALLED);
    for round in store.rounds(2, from)?.iter().filter(|one| one.at < recent) {
        monitor.recall(round);
    }
    for round in store.rounds(0, recent)? {
        monitor.recall(&round);
    }
    Ok(monitor)
}

/// Milliseconds since 1970.
fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}
