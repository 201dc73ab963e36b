//! Many failures of one kind in a short time, against their usual rate: decryption oracles, guessed
//! keys, stuffed signatures, replays, forged tokens, injections, failed handshakes.
//!
//! One machine and one table. A burst is looked for per policy and per key; of what explains the same
//! failures, the most particular is said.

mod table;

use std::collections::{BTreeMap, HashMap};

use super::Detector;
use super::window::Window;
use crate::baseline::Baseline;
use crate::finding::{Finding, Notice, Severity};
use crate::limits::MAX_SUBJECTS;
use crate::round::{Labels, Reading, Round, Signal};
pub(super) use table::INJECTIONS;
use table::{BURSTS, Burst};

/// Seconds in which failures are counted together.
const WINDOW_SECONDS: i64 = 20;
/// Natural logarithm of how rarely chance alone reaches the limit: once in 25 thousand million looks.
const RARITY: f64 = 24.0;
/// Seconds after which a baseline is one. Until then only what is most of the traffic is said.
const LEARNED_SECONDS: f64 = 30.0;
/// Share of the requests that is "most of the traffic" while nothing is learned.
const COLD_SHARE: f64 = 0.5;
/// Seconds after which even a lasting burst becomes part of the usual.
const ACCEPTED_SECONDS: f64 = 3_600.0;
/// Least share of a coarser subject's burst that makes the finer one its explanation.
const EXPLAINED: f64 = 0.6;

/// Labels by which failures are told apart, the most particular last.
const DIMENSIONS: [&str; 2] = ["policy", "key"];

/// Every reason that some burst is made of.
pub fn reasons() -> impl Iterator<Item = &'static str> {
    BURSTS.iter().flat_map(|burst| burst.reasons).copied()
}

/// Whether this detector says it.
pub(super) fn is_burst(finding: Finding) -> bool {
    BURSTS.iter().any(|burst| burst.finding == finding)
}

/// The detector.
#[derive(Default)]
pub(super) struct Bursts {
    subjects: HashMap<(usize, Labels), Subject>,
    requests: Option<Window<f64>>,
}

struct Subject {
    recent: Window<f64>,
    baseline: Baseline,
    /// Seconds that this burst has lasted.
    firing: f64,
    /// Last seen, for making room.
    touched: i64,
}

impl Subject {
    fn new(baseline: Baseline) -> Self {
        Self {
            recent: Window::new(WINDOW_SECONDS),
            baseline,
            firing: 0.0,
            touched: 0,
        }
    }
}

impl Detector for Bursts {
    fn look(&mut self, round: &Round) -> Vec<Notice> {
        let span = round.span_seconds();
        if span <= 0.0 {
            return Vec::new();
        }
        let requests = self.requests(round, span);
        let mut detail: BTreeMap<(usize, Labels), Detail> = BTreeMap::new();
        let mut counts: HashMap<(usize, Labels), f64> = HashMap::new();
        for (at, burst) in BURSTS.iter().enumerate() {
            for (source, reading) in burst.signals().iter().flat_map(|&one| round.flows_of(one)) {
                if !burst.is_made_of(reading) || reading.labels.get("key") == Some("unknown") {
                    continue;
                }
                let subject = subject(reading);
                *counts.entry((at, subject.clone())).or_default() += reading.value;
                detail
                    .entry((at, subject))
                    .or_default()
                    .add(source, reading);
            }
        }
        self.step(round.at, span, &counts);
        let firing = self.judge(&requests);
        said(firing, &detail)
    }
}

/// A subject whose burst holds.
struct Firing {
    burst: &'static Burst,
    at: usize,
    subject: Labels,
    count: f64,
    seconds: f64,
    usual: f64,
    limit: f64,
}

impl Bursts {
    /// Requests in the window.
    fn requests(&mut self, round: &Round, span: f64) -> f64 {
        let now: f64 = round.flows_of(Signal::Verdict).map(|one| one.1.value).sum();
        let window = self
            .requests
            .get_or_insert_with(|| Window::new(WINDOW_SECONDS));
        window.push(round.at, span, now);
        window.sum()
    }

    /// Adds a round to every subject; what leaves a window is learned, unless it was a burst.
    fn step(&mut self, at: i64, span: f64, counts: &HashMap<(usize, Labels), f64>) {
        for key in counts.keys() {
            if !self.subjects.contains_key(key) {
                self.make_room();
                // A subject that was not there before had a count of zero for as long as its kind
                // was watched.
                let seconds = self
                    .subjects
                    .iter()
                    .filter(|((kind, _), _)| *kind == key.0)
                    .map(|(_, subject)| subject.baseline.seconds())
                    .fold(0.0, f64::max);
                let mut baseline = Baseline::default();
                baseline.learn(0.0, seconds);
                self.subjects.insert(key.clone(), Subject::new(baseline));
            }
        }
        // Each kind has a subject of its own from the start, so that its time is known.
        for kind in 0..BURSTS.len() {
            let whole = (kind, Labels::default());
            self.subjects
                .entry(whole)
                .or_insert_with(|| Subject::new(Baseline::default()));
        }
        for (key, subject) in &mut self.subjects {
            let count = counts.get(key).copied().unwrap_or(0.0);
            if count > 0.0 {
                subject.touched = at;
            }
            for (span, count) in subject.recent.push(at, span, count) {
                if subject.firing == 0.0 || subject.firing > ACCEPTED_SECONDS {
                    subject.baseline.learn(count, span);
                }
            }
            if subject.firing > 0.0 {
                subject.firing += span;
            }
        }
    }

    fn judge(&mut self, requests: &f64) -> Vec<Firing> {
        let mut firing = Vec::new();
        for ((at, labels), subject) in &mut self.subjects {
            let Some(burst) = BURSTS.get(*at) else {
                continue;
            };
            let count = subject.recent.sum();
            let span = subject.recent.span();
            let learned = subject.baseline.seconds() >= LEARNED_SECONDS;
            let limit = subject.baseline.limit(span, RARITY).max(burst.floor);
            let over = if learned {
                count > limit
            } else {
                count > 2.0 * burst.floor && count > COLD_SHARE * requests
            };
            if !over {
                subject.firing = 0.0;
                continue;
            }
            subject.firing = subject.firing.max(f64::MIN_POSITIVE);
            firing.push(Firing {
                burst,
                at: *at,
                subject: labels.clone(),
                count,
                seconds: span,
                usual: subject.baseline.rate() * 60.0,
                limit,
            });
        }
        firing
    }

    /// Forgets the subject that was quiet for longest.
    fn make_room(&mut self) {
        if self.subjects.len() < MAX_SUBJECTS {
            return;
        }
        let quiet = self
            .subjects
            .iter()
            .filter(|((_, labels), _)| *labels != Labels::default())
            .min_by_key(|(_, subject)| subject.touched)
            .map(|(key, _)| key.clone());
        if let Some(key) = quiet {
            self.subjects.remove(&key);
        }
    }
}

/// Who and how, for words.
#[derive(Default)]
struct Detail {
    by_reason: BTreeMap<String, f64>,
    by_source: BTreeMap<String, f64>,
}

impl Detail {
    fn add(&mut self, source: &str, reading: &Reading) {
        let reason = ["reason", "cause", "class"]
            .into_iter()
            .find_map(|name| reading.labels.get(name))
            .unwrap_or("-");
        *self.by_reason.entry(reason.to_owned()).or_default() += reading.value;
        *self.by_source.entry(source.to_owned()).or_default() += reading.value;
    }
}

/// One notice per burst and subject, coarse subjects left out where a finer one explains them.
fn said(firing: Vec<Firing>, detail: &BTreeMap<(usize, Labels), Detail>) -> Vec<Notice> {
    let rank = |labels: &Labels| {
        let mut dimensions = DIMENSIONS.iter();
        dimensions
            .rposition(|name| labels.get(name).is_some())
            .map_or(0, |at| at + 1)
    };
    let explained = |coarse: &Firing| {
        firing.iter().any(|fine| {
            fine.at == coarse.at
                && rank(&fine.subject) > rank(&coarse.subject)
                && fine.count >= EXPLAINED * coarse.count
        })
    };
    firing
        .iter()
        .filter(|one| !explained(one))
        .map(|one| {
            let burst = one.burst;
            let detail = detail.get(&(one.at, one.subject.clone()));
            let most = |word: &str, of: fn(&Detail) -> &BTreeMap<String, f64>| {
                detail.map_or_else(String::new, |detail| most(word, of(detail)))
            };
            let severity = if one.count > 4.0 * one.limit {
                Severity::Critical
            } else {
                burst.severity
            };
            Notice {
                finding: burst.finding,
                severity,
                subject: one.subject.clone(),
                seen: format!(
                    "{:.0} {} in {:.0} s{}{}{}",
                    one.count,
                    burst.what,
                    one.seconds,
                    on(&one.subject),
                    most("mostly", |detail| &detail.by_reason),
                    most("at", |detail| &detail.by_source),
                ),
                baseline: format!(
                    "usually {} a minute here; {:.0} in {:.0} s would still be chance",
                    number(one.usual),
                    one.limit,
                    one.seconds
                ),
                fits: burst.fits.to_owned(),
                remedy: burst.remedy.to_owned(),
            }
        })
        .collect()
}

fn on(subject: &Labels) -> String {
    if *subject == Labels::default() {
        String::new()
    } else {
        format!(" ({subject})")
    }
}

/// The two largest, with their counts.
fn most(word: &str, counts: &BTreeMap<String, f64>) -> String {
    let mut counts: Vec<(&String, &f64)> = counts.iter().filter(|(name, _)| *name != "-").collect();
    counts.sort_by(|left, right| right.1.total_cmp(left.1));
    let words: Vec<&str> = counts
        .iter()
        .take(2)
        .map(|(name, _)| name.as_str())
        .collect();
    if words.is_empty() {
        String::new()
    } else {
        format!("; {word} {}", words.join(" and "))
    }
}

fn number(value: f64) -> String {
    if value < 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

/// The one label that tells this failure apart.
fn subject(reading: &Reading) -> Labels {
    let name = match reading.signal {
        Signal::KeyFailure => "key",
        _ => "policy",
    };
    Labels::new(reading.labels.get(name).map(|value| (name, value)))
}

impl Burst {
    fn is_made_of(&self, reading: &Reading) -> bool {
        if reading.signal == Signal::HandshakeFailure {
            return self.reasons.is_empty();
        }
        reading
            .labels
            .get("reason")
            .is_some_and(|reason| self.reasons.contains(&reason))
    }
}
