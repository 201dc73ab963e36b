//! What the admin socket shows in Prometheus text. No label carries a key name.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

mod labels;

use labels::HitLabel;
pub use labels::{
    CauseLabel, OpLabel, ReplayLabels, RequestLabels, StateLabel, StoreLabel, TokenLabel,
};

type Histograms = Family<OpLabel, Histogram, fn() -> Histogram>;

/// Every metric of the bridge.
pub struct Metrics {
    registry: Registry,
    /// Requests by operation, algorithm and code.
    pub requests: Family<RequestLabels, Counter>,
    /// Orders given to a token, canaries and self-tests not counted.
    pub orders: Family<OpLabel, Counter>,
    exec: Histograms,
    total: Histograms,
    overhead: Histograms,
    canary: Histogram,
    /// Jobs waiting, per token.
    pub queue_depth: Family<TokenLabel, Gauge>,
    /// Jobs refused because a queue was full.
    pub queue_rejected: Counter,
    /// Sessions a token granted.
    pub sessions: Family<TokenLabel, Gauge>,
    /// 1 while a token works, else 0.
    pub token_up: Family<TokenLabel, Gauge>,
    /// How often a token was opened.
    pub token_epoch: Family<TokenLabel, Gauge>,
    /// Successful recoveries, by what caused them.
    pub reinit: Family<CauseLabel, Counter>,
    /// Workers in a call that does not return, per token.
    pub workers_stuck: Family<TokenLabel, Gauge>,
    /// Connections closed before a byte was read: `uid` or `full`.
    pub refused_connections: Family<CauseLabel, Counter>,
    /// Open connections.
    pub connections: Gauge<i64, std::sync::atomic::AtomicI64>,
    /// Cryptographic failures.
    pub crypto_failed: Counter<u64, AtomicU64>,
    /// Records asked of replay stores.
    pub replay: Family<ReplayLabels, Counter>,
    replay_time: Family<StoreLabel, Histogram, fn() -> Histogram>,
    /// 1 while a replay store is connected, else 0.
    pub replay_store_up: Family<StoreLabel, Gauge>,
    /// How often a replay store was found to have forgotten everything.
    pub replay_lost: Family<StoreLabel, Counter>,
    /// Lines of the audit log that could not be written.
    pub audit_errors: Counter,
    /// 1 while the audit log cannot be written, else 0.
    pub audit_failing: Gauge,
    /// Age of the oldest line that no checkpoint covers, in seconds.
    pub audit_lag: Gauge<f64, AtomicU64>,
    /// Versions of keys, by state.
    pub key_state: Family<StateLabel, Gauge>,
    /// Days until the next key of a token is over (`not_after`), negative after it.
    pub key_days_left: Family<TokenLabel, Gauge<f64, AtomicU64>>,
    cek_cache: Family<HitLabel, Counter>,
    /// Unwraps that shared the order of an equal one under way.
    pub shared_flights: Counter,
    /// Spans that could not be written.
    pub spans_lost: Counter,
}

impl Metrics {
    /// All zero.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("hsmb");
        let requests = Family::default();
        registry.register("requests", "Requests at the data sockets", requests.clone());
        let orders = Family::default();
        registry.register(
            "token_orders",
            "Orders given to tokens for callers",
            orders.clone(),
        );
        let exec = Histograms::new_with_constructor(latency);
        registry.register_with_unit("exec", "Time in the token", Unit::Seconds, exec.clone());
        let total = Histograms::new_with_constructor(latency);
        registry.register_with_unit("total", "Time in the bridge", Unit::Seconds, total.clone());
        let overhead = Histograms::new_with_constructor(fine);
        registry.register_with_unit(
            "overhead",
            "Time in the bridge outside the token, waiting for it included",
            Unit::Seconds,
            overhead.clone(),
        );
        let canary = latency();
        registry.register_with_unit("canary", "Time of a canary", Unit::Seconds, canary.clone());
        let queue_depth = Family::default();
        registry.register("queue_depth", "Jobs waiting", queue_depth.clone());
        let queue_rejected = Counter::default();
        registry.register(
            "queue_rejected",
            "Jobs refused by a full queue",
            queue_rejected.clone(),
        );
        let sessions = Family::default();
        registry.register("sessions", "Sessions the token granted", sessions.clone());
        let token_up = Family::default();
        registry.register("token_up", "Whether the token works", token_up.clone());
        let token_epoch = Family::default();
        registry.register(
            "token_epoch",
            "How often the token was opened",
            token_epoch.clone(),
        );
        let reinit = Family::default();
        registry.register("reinit", "Successful recoveries of a token", reinit.clone());
        let workers_stuck = Family::default();
        registry.register(
            "workers_stuck",
            "Workers in a hung call",
            workers_stuck.clone(),
        );
        let refused_connections = Family::default();
        registry.register(
            "refused_connections",
            "Connections closed before a byte was read",
            refused_connections.clone(),
        );
        let connections = Gauge::default();
        registry.register("connections", "Open connections", connections.clone());
        let crypto_failed = Counter::default();
        registry.register(
            "crypto_failed",
            "Cryptographic failures",
            crypto_failed.clone(),
        );
        let replay = Family::default();
        registry.register("replay", "Records in replay stores", replay.clone());
        let replay_time = Family::new_with_constructor(latency as fn() -> Histogram);
        registry.register_with_unit(
            "replay",
            "Time of a record in a replay store",
            Unit::Seconds,
            replay_time.clone(),
        );
        let replay_store_up = Family::default();
        registry.register(
            "replay_store_up",
            "Whether the replay store is connected",
            replay_store_up.clone(),
        );
        let replay_lost = Family::default();
        registry.register(
            "replay_lost",
            "Times a replay store forgot everything",
            replay_lost.clone(),
        );
        let audit_errors = Counter::default();
        registry.register(
            "audit_errors",
            "Lines of the audit log that could not be written",
            audit_errors.clone(),
        );
        let audit_failing = Gauge::default();
        registry.register(
            "audit_failing",
            "Whether the audit log cannot be written",
            audit_failing.clone(),
        );
        let audit_lag = Gauge::<f64, AtomicU64>::default();
        registry.register_with_unit(
            "audit_lag",
            "Age of the oldest line that no checkpoint covers",
            Unit::Seconds,
            audit_lag.clone(),
        );
        let key_state = Family::default();
        registry.register("key_state", "Versions of keys by state", key_state.clone());
        let key_days_left = Family::default();
        registry.register(
            "key_days_left",
            "Days until the next key of the token is over, by not_after",
            key_days_left.clone(),
        );
        let cek_cache = Family::default();
        registry.register("cek_cache", "Looks into the cache", cek_cache.clone());
        let shared_flights = Counter::default();
        registry.register(
            "shared_flights",
            "Unwraps that shared the order of an equal one under way",
            shared_flights.clone(),
        );
        let spans_lost = Counter::default();
        registry.register(
            "spans_lost",
            "Spans that could not be written",
            spans_lost.clone(),
        );
        Self {
            registry,
            requests,
            orders,
            exec,
            total,
            overhead,
            canary,
            queue_depth,
            queue_rejected,
            sessions,
            token_up,
            token_epoch,
            reinit,
            workers_stuck,
            refused_connections,
            connections,
            crypto_failed,
            replay,
            replay_time,
            replay_store_up,
            replay_lost,
            audit_errors,
            audit_failing,
            audit_lag,
            key_state,
            key_days_left,
            cek_cache,
            shared_flights,
            spans_lost,
        }
    }

    /// One look into the cache of content keys.
    pub fn cache(&self, hit: bool) {
        let hit = if hit { "true" } else { "false" };
        self.cek_cache.get_or_create_owned(&HitLabel { hit }).inc();
    }

    /// Time a record took.
    pub fn observe_replay(&self, store: StoreLabel, time: Duration) {
        self.replay_time
            .get_or_create(&store)
            .observe(time.as_secs_f64());
    }

    /// Time an order took in the token.
    pub fn observe_exec(&self, op: &'static str, time: Duration) {
        self.exec
            .get_or_create(&OpLabel { op })
            .observe(time.as_secs_f64());
    }

    /// Time a request took in the bridge.
    pub fn observe_total(&self, op: &'static str, time: Duration) {
        self.total
            .get_or_create(&OpLabel { op })
            .observe(time.as_secs_f64());
    }

    /// Time a request took beside its order in the token.
    pub fn observe_overhead(&self, op: &'static str, time: Duration) {
        self.overhead
            .get_or_create(&OpLabel { op })
            .observe(time.as_secs_f64());
    }

    /// Time a canary took.
    pub fn observe_canary(&self, time: Duration) {
        self.canary.observe(time.as_secs_f64());
    }

    /// The text of OpenMetrics 1.0.
    #[must_use]
    pub fn open_metrics(&self) -> String {
        let mut out = String::new();
        // Writing to a String does not fail.
        let _ = text::encode(&mut out, &self.registry);
        out
    }

    /// The text of Prometheus 0.0.4, for readers that do not ask for OpenMetrics. There the help and the
    /// type of a counter stand under the name of its sample, which ends in `_total`.
    #[must_use]
    pub fn prometheus(&self) -> String {
        let text = self.open_metrics();
        let counters: HashSet<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter"))
            .collect();
        let mut out = String::with_capacity(text.len());
        for line in text.lines() {
            if line == "# EOF" || line.starts_with("# UNIT ") {
                continue;
            }
            let about = line
                .strip_prefix("# ")
                .and_then(|rest| rest.split_once(' '))
                .and_then(|(word, rest)| Some((word, rest.split_once(' ')?)));
            match about {
                Some((word, (name, rest))) if counters.contains(name) => {
                    let _ = writeln!(out, "# {word} {name}_total {rest}");
                }
                _ => {
                    let _ = writeln!(out, "{line}");
                }
            }
        }
        out
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

fn fine() -> Histogram {
    Histogram::new(exponential_buckets(0.000_01, 2.0, 15))
}

fn latency() -> Histogram {
    Histogram::new(exponential_buckets(0.0001, 2.0, 15))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_have_their_help_in_both_formats() {
        let metrics = Metrics::new();
        metrics.queue_rejected.inc();
        let open = metrics.open_metrics();
        assert!(
            open.contains("# HELP hsmb_queue_rejected Jobs refused"),
            "{open}"
        );
        assert!(open.ends_with("# EOF\n"));
        let plain = metrics.prometheus();
        assert!(
            plain.contains("# HELP hsmb_queue_rejected_total Jobs refused"),
            "{plain}"
        );
        assert!(plain.contains("# TYPE hsmb_queue_rejected_total counter"));
        assert!(plain.contains("\nhsmb_queue_rejected_total 1\n"));
        assert!(plain.contains("# TYPE hsmb_connections gauge"));
        assert!(!plain.contains("# EOF") && !plain.contains("# UNIT"));
    }
}
