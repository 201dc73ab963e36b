//! Few probes at a time, for long: what stays under every burst's floor.
//!
//! Per policy, injections and plaintexts out of shape are counted over an hour. Two things tell a
//! prober from a clumsy user: it keeps coming in many separate minutes, and it tries many kinds.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Detector;
use super::burst::INJECTIONS;
use super::window::{Add, Window};
use crate::baseline::Baseline;
use crate::finding::{Finding, Notice, Severity};
use crate::limits::MAX_SUBJECTS;
use crate::round::{Labels, Round, Signal};

/// Seconds that are looked at together.
const WINDOW_SECONDS: i64 = 3_600;
/// Separate minutes with a probe in them that are no accident.
const MINUTES: usize = 8;
/// Different reasons among them that are no accident.
const KINDS: usize = 4;
/// Standard deviations above the usual.
const SIGMAS: f64 = 5.0;

/// The detector.
#[derive(Default)]
pub(super) struct SlowProbing {
    policies: HashMap<String, Policy>,
}

struct Policy {
    hour: Window<Probes>,
    baseline: Baseline,
    firing: bool,
}

/// Probes by minute and reason.
#[derive(Clone, Debug, Default)]
struct Probes {
    count: f64,
    minutes: BTreeSet<i64>,
    reasons: BTreeSet<String>,
}

impl Add for Probes {
    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.minutes.extend(&other.minutes);
        self.reasons.extend(other.reasons.iter().cloned());
    }
}

impl Detector for SlowProbing {
    fn look(&mut self, round: &Round) -> Vec<Notice> {
        let span = round.span_seconds();
        if span <= 0.0 {
            return Vec::new();
        }
        let mut now: BTreeMap<&str, Probes> = BTreeMap::new();
        for (_, reading) in round.flows_of(Signal::Verdict) {
            let Some(reason) = reading.labels.get("reason").filter(|name| is_probe(name)) else {
                continue;
            };
            let probes = now.entry(reading.labels.or_dash("policy")).or_default();
            probes.count += reading.value;
            probes.minutes.insert(round.at.div_euclid(60_000));
            probes.reasons.insert(reason.to_owned());
        }
        for policy in now.keys() {
            if !self.policies.contains_key(*policy) && self.policies.len() < MAX_SUBJECTS {
                let policy = (*policy).to_owned();
                self.policies.insert(policy, Policy::new());
            }
        }
        self.policies
            .iter_mut()
            .filter_map(|(name, policy)| {
                let probes = now.remove(name.as_str()).unwrap_or_default();
                policy.look(name, round.at, span, probes)
            })
            .collect()
    }
}

impl Policy {
    fn new() -> Self {
        Self {
            hour: Window::new(WINDOW_SECONDS),
            baseline: Baseline::default(),
            firing: false,
        }
    }

    fn look(&mut self, name: &str, at: i64, span: f64, probes: Probes) -> Option<Notice> {
        for (span, old) in self.hour.push(at, span, probes) {
            if !self.firing {
                self.baseline.learn(old.count, span);
            }
        }
        let hour = self.hour.sum();
        let seconds = self.hour.span();
        let limit = self.baseline.limit(seconds, SIGMAS);
        self.firing =
            hour.minutes.len() >= MINUTES && hour.reasons.len() >= KINDS && hour.count > limit;
        self.firing.then(|| Notice {
            finding: Finding::SlowProbing,
            severity: Severity::Warning,
            subject: Labels::new([("policy", name)]),
            seen: format!(
                "{:.0} probes of {} kinds in {} separate minutes of the last {:.0}",
                hour.count,
                hour.reasons.len(),
                hour.minutes.len(),
                (seconds / 60.0).ceil(),
            ),
            baseline: format!(
                "usually {:.1} an hour on this policy; up to {limit:.0} would still be chance",
                self.baseline.rate() * 3_600.0
            ),
            fits: "Somebody feels for what the scan and the contract let through, slowly enough to stay \
                   under alarms that count per minute."
                .to_owned(),
            remedy: "Search the access log of the last hour for these reasons: one key or client will \
                     stand out. Suspend it, and keep paranoia of `inspect` where it is."
                .to_owned(),
        })
    }
}

fn is_probe(reason: &str) -> bool {
    INJECTIONS.contains(&reason)
        || ["inspect-malformed", "inspect-limits", "contract-operation", "contract-body", "ambiguous-path"]
            .contains(&reason)
}
