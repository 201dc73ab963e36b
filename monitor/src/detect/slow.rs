//! Few probes at a time, for long: what stays under every burst's floor.
//!
//! Per policy, injections are counted over an hour. Two things tell a prober from a clumsy user and
//! from a campaign that is over soon: it tries many kinds, and comes back to each.

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
/// Milliseconds that make one visit.
const VISIT: i64 = 300_000;
/// Visits of one kind that are no accident.
const VISITS: usize = 3;
/// Kinds with so many visits that are no accident.
const KINDS: usize = 4;
/// Natural logarithm of how rarely chance alone reaches the limit.
const RARITY: f64 = 10.0;

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

/// Probes, and the visits of each reason.
#[derive(Clone, Debug, Default)]
struct Probes {
    count: f64,
    visits: BTreeSet<(String, i64)>,
}

impl Probes {
    /// Reasons that came back often enough.
    fn kinds(&self) -> usize {
        let mut visits: BTreeMap<&str, usize> = BTreeMap::new();
        for (reason, _) in &self.visits {
            *visits.entry(reason).or_default() += 1;
        }
        visits.values().filter(|count| **count >= VISITS).count()
    }
}

impl Add for Probes {
    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.visits.extend(other.visits.iter().cloned());
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
            let visit = round.at.div_euclid(VISIT);
            probes.visits.insert((reason.to_owned(), visit));
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
        let limit = self.baseline.limit(seconds, RARITY);
        let kinds = hour.kinds();
        // In the first hour there is nothing to compare with but that nobody probes.
        let unusual = hour.count > limit || self.baseline.seconds() == 0.0;
        self.firing = kinds >= KINDS && unusual;
        self.firing.then(|| Notice {
            finding: Finding::SlowProbing,
            severity: Severity::Warning,
            subject: Labels::new([("policy", name)]),
            seen: format!(
                "{:.0} injections within {:.0} minutes; {kinds} kinds came back at least {VISITS} times",
                hour.count,
                (seconds / 60.0).ceil(),
            ),
            baseline: if self.baseline.seconds() > 0.0 {
                format!(
                    "usually {:.1} an hour on this policy; up to {limit:.0} would still be chance",
                    self.baseline.rate() * 3_600.0
                )
            } else {
                "watched for less than an hour; honest clients send none of several kinds".to_owned()
            },
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
}
