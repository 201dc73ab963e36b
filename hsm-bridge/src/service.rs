//! One token in service: a queue of jobs, workers with a session each, and what to do when the
//! token fails.
//!
//! A corrupt ciphertext and a dying token return the same errors, so an unclear error is put to
//! the *canary*: an order on a real key whose result is known. Only when the canary fails too is
//! the token taken out of service (the *breaker* opens, every answer is `token_down` at once) and
//! opened again from scratch by the *warden* thread.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use prometheus_client::metrics::gauge::Gauge;
use sealgate_wire::KeyFailure;
use tokio::sync::oneshot;

use crate::metrics::{CauseLabel, Metrics, TokenLabel};
use crate::token::{FaultClass, Order, Token, TokenFault, Yield};

mod judge;
mod keys;
mod queue;
mod survey;
#[cfg(test)]
mod tests;
mod warden;

pub use survey::{KeyPlan, Off, ReadyKey};

use queue::Queue;
use survey::Survey;

/// Settings of a service.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The token's name in the configuration.
    pub name: String,
    /// Workers, at most; a token that grants fewer sessions gets fewer.
    pub workers: usize,
    /// Jobs that may wait.
    pub queue: usize,
    /// The keys to serve.
    pub keys: Vec<KeyPlan>,
    /// Label of the key the canary uses; the first that can, when not given.
    pub canary: Option<String>,
}

/// How a token is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Everything works.
    Active,
    /// Works, but a planned key or algorithm is missing.
    Degraded,
    /// Does not work.
    Unavailable,
}

/// A token in service.
pub struct Service {
    settings: Settings,
    token: Box<dyn Token>,
    metrics: Arc<Metrics>,
    queue: Queue<Job>,
    // This token's gauge of `metrics`, looked up once.
    depth: Gauge,
    survey: RwLock<Survey>,
    // The keys of the settings, and those that were made since.
    plans: RwLock<Vec<KeyPlan>>,
    // Orders carried out, by label.
    uses: RwLock<HashMap<String, AtomicU64>>,
    breaker: AtomicU8,
    cause: Mutex<&'static str>,
    verdict: Mutex<Option<Verdict>>,
    last_good: Mutex<Instant>,
    epoch: AtomicU64,
    // When each worker's present call began, in milliseconds of `born`, plus one; 0 when idle.
    busy: Vec<AtomicU64>,
    born: Instant,
    stop: AtomicBool,
    bell: (Mutex<()>, Condvar),
}

/// The lane of canaries and surveys. With a single session the one worker shares it.
const CANARY_LANE: usize = 0;
/// At most one canary in this time; its verdict is shared.
const CANARY_EVERY: Duration = Duration::from_millis(100);
/// How old the last proof of life may be for the token to count as working.
const STALE_AFTER: Duration = Duration::from_secs(3);

const UP: u8 = 0;
const DOWN: u8 = 1;
/// The PIN was refused: never tried again.
const REFUSED: u8 = 2;

struct Job {
    label: String,
    order: Order,
    proven: bool,
    deadline: Instant,
    reply: oneshot::Sender<Result<Yield, KeyFailure>>,
}

#[derive(Clone, Copy)]
struct Verdict {
    at: Instant,
    good: bool,
}

impl Service {
    /// Opens the token, surveys the keys, and starts the threads.
    ///
    /// # Errors
    /// What the token answered; the PIN is tried once.
    pub fn start(
        settings: Settings,
        token: Box<dyn Token>,
        metrics: Arc<Metrics>,
    ) -> Result<Arc<Self>, TokenFault> {
        token.reopen()?;
        let survey = survey::survey(
            token.as_ref(),
            CANARY_LANE,
            &settings.keys,
            settings.canary.as_deref(),
        )?;
        let workers = settings.workers.max(1);
        let service = Arc::new(Self {
            queue: Queue::new(settings.queue),
            depth: metrics.queue_depth.get_or_create_owned(&TokenLabel {
                token: settings.name.clone(),
            }),
            token,
            metrics,
            survey: RwLock::new(survey),
            plans: RwLock::new(settings.keys.clone()),
            uses: RwLock::new(HashMap::new()),
            breaker: AtomicU8::new(UP),
            cause: Mutex::new("none"),
            verdict: Mutex::new(None),
            last_good: Mutex::new(Instant::now()),
            epoch: AtomicU64::new(0),
            busy: (0..workers).map(|_| AtomicU64::new(0)).collect(),
            born: Instant::now(),
            stop: AtomicBool::new(false),
            bell: (Mutex::new(()), Condvar::new()),
            settings,
        });
        service.opened();
        for index in 0..workers {
            let service = Arc::clone(&service);
            spawn(format!("worker-{index}"), move || service.work(index))?;
        }
        let warden = Arc::clone(&service);
        spawn("warden".to_owned(), move || warden.watch())?;
        Ok(service)
    }

    /// The token's name in the configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// What the token knows of a key. `None` when the key is missing from it.
    #[must_use]
    pub fn key(&self, label: &str) -> Option<Arc<ReadyKey>> {
        let survey = self.survey.read().unwrap_or_else(PoisonError::into_inner);
        survey.keys.get(label).cloned()
    }

    /// How many orders the token carried out with a key, since this began.
    #[must_use]
    pub fn uses(&self, label: &str) -> u64 {
        let uses = self.uses.read().unwrap_or_else(PoisonError::into_inner);
        uses.get(label)
            .map_or(0, |uses| uses.load(Ordering::Relaxed))
    }

    fn count_use(&self, label: &str) {
        let uses = self.uses.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(uses) = uses.get(label) {
            uses.fetch_add(1, Ordering::Relaxed);
            return;
        }
        drop(uses);
        let mut uses = self.uses.write().unwrap_or_else(PoisonError::into_inner);
        uses.entry(label.to_owned())
            .or_default()
            .fetch_add(1, Ordering::Relaxed);
    }

    /// How often the token was opened: what was found in one life says nothing of the next.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Puts an order in the queue and waits for its result until the deadline.
    ///
    /// # Errors
    /// [`KeyFailure::TokenDown`], [`KeyFailure::Busy`], [`KeyFailure::TokenTimeout`], or what the
    /// token's fault means.
    pub async fn submit(
        &self,
        label: &str,
        order: Order,
        proven: bool,
        deadline: Instant,
    ) -> Result<Yield, KeyFailure> {
        if self.breaker.load(Ordering::Acquire) != UP {
            return Err(KeyFailure::TokenDown);
        }
        let (reply, answer) = oneshot::channel();
        let job = Job {
            label: label.to_owned(),
            order,
            proven,
            deadline,
            reply,
        };
        if !self.queue.push(job) {
            self.metrics.queue_rejected.inc();
            return Err(KeyFailure::Busy);
        }
        match tokio::time::timeout_at(deadline.into(), answer).await {
            Ok(Ok(result)) => result,
            // The worker let the job go: its deadline had passed, or the service stops.
            Ok(Err(_)) | Err(_) => Err(KeyFailure::TokenTimeout),
        }
    }

    /// How the token is doing, by the last proof of life (at most a second or so old).
    #[must_use]
    pub fn health(&self) -> Health {
        let up = self.breaker.load(Ordering::Acquire) == UP;
        if !up || lock(&self.last_good).elapsed() > STALE_AFTER {
            return Health::Unavailable;
        }
        let survey = self.survey.read().unwrap_or_else(PoisonError::into_inner);
        let plans = self.plans.read().unwrap_or_else(PoisonError::into_inner);
        let whole = plans.iter().all(|plan| {
            survey
                .keys
                .get(&plan.label)
                .is_some_and(|key| !key.algorithms.is_empty())
        });
        if whole {
            Health::Active
        } else {
            Health::Degraded
        }
    }

    /// Whether at least half of the workers have been in one call for longer than `limit`. A call
    /// cannot be cancelled, and the module cannot be closed while one runs: only a new process
    /// helps.
    #[must_use]
    pub fn is_stuck(&self, limit: Duration) -> bool {
        let now = self.milliseconds();
        let limit = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        let stuck = self
            .busy
            .iter()
            .map(|since| since.load(Ordering::Relaxed))
            .filter(|since| *since != 0 && now.saturating_sub(*since) > limit)
            .count();
        let gauge = self
            .metrics
            .workers_stuck
            .get_or_create_owned(&self.label());
        gauge.set(i64::try_from(stuck).unwrap_or(i64::MAX));
        stuck.saturating_mul(2) >= self.busy.len()
    }

    /// Lets the workers finish what is queued, then ends the threads.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.queue.close();
        self.ring();
    }

    fn ring(&self) {
        // Taken once, so that the warden is either before its check or already waiting.
        drop(lock(&self.bell.0));
        self.bell.1.notify_all();
    }

    fn work(&self, index: usize) {
        let Some(busy) = self.busy.get(index) else {
            return;
        };
        loop {
            let Some(lane) = self.lane(index) else {
                // The token granted fewer sessions than workers: wait for the next opening.
                if self.stop.load(Ordering::Acquire) {
                    return;
                }
                std::thread::sleep(CANARY_EVERY);
                continue;
            };
            let Some(job) = self.queue.pop() else { return };
            self.show_depth();
            if job.reply.is_closed() || Instant::now() >= job.deadline {
                continue;
            }
            // The token may have been opened again meanwhile, with fewer sessions.
            let lane = self.lane(index).unwrap_or(lane);
            busy.store(self.milliseconds(), Ordering::Relaxed);
            let answer = self.carry_out(lane, &job);
            busy.store(0, Ordering::Relaxed);
            // The caller may be gone; a secret in the answer is wiped by its drop.
            let _ = job.reply.send(answer);
        }
    }

    fn lane(&self, index: usize) -> Option<usize> {
        let lanes = self.token.lanes();
        // While the token is down there is no lane, but jobs must still be answered.
        if lanes <= 1 {
            return (index == 0).then_some(CANARY_LANE);
        }
        let lane = index.saturating_add(1);
        (lane < lanes).then_some(lane)
    }

    fn opened(&self) {
        let epoch = self.epoch.fetch_add(1, Ordering::AcqRel).saturating_add(1);
        let label = self.label();
        let metrics = &self.metrics;
        let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        metrics
            .token_epoch
            .get_or_create_owned(&label)
            .set(i64::try_from(epoch).unwrap_or(i64::MAX));
        metrics.token_up.get_or_create_owned(&label).set(1);
        metrics
            .sessions
            .get_or_create_owned(&label)
            .set(number(self.token.lanes()));
        *lock(&self.last_good) = Instant::now();
        let keys = self
            .survey
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .keys
            .len();
        tracing::info!(
            event = "token-up",
            token = self.settings.name,
            epoch,
            sessions = self.token.lanes(),
            keys
        );
    }

    fn recovered(&self) {
        let cause = *lock(&self.cause);
        self.metrics
            .reinit
            .get_or_create_owned(&CauseLabel { cause })
            .inc();
        self.opened();
    }

    fn show_depth(&self) {
        let depth = i64::try_from(self.queue.len()).unwrap_or(i64::MAX);
        self.depth.set(depth);
    }

    fn label(&self) -> TokenLabel {
        TokenLabel {
            token: self.settings.name.clone(),
        }
    }

    fn milliseconds(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis())
            .unwrap_or(u64::MAX)
            .saturating_add(1)
    }
}

fn spawn(name: String, work: impl FnOnce() + Send + 'static) -> Result<(), TokenFault> {
    std::thread::Builder::new()
        .name(name)
        .spawn(work)
        .map(drop)
        .map_err(|error| {
            TokenFault::new(
                FaultClass::Unclear,
                format!("cannot start a thread: {error}"),
            )
        })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
