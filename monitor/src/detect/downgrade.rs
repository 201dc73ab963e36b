//! Weaker cryptography than before: the share of weak algorithms, of TLS below 1.3, of handshakes
//! without a post-quantum group, each against what it usually is.

use std::collections::HashMap;

use super::Detector;
use super::window::Window;
use crate::baseline::ShareBaseline;
use crate::finding::{Finding, Notice, Severity};
use crate::limits::MAX_SUBJECTS;
use crate::round::{Labels, Reading, Round, Signal};
use crate::strength::Strength;

/// Seconds that are looked at together.
const WINDOW_SECONDS: i64 = 30;
/// Fewer uses than this say nothing of a share.
const LEAST_USES: f64 = 12.0;
/// Uses after which a usual share is known.
const LEARNED_USES: f64 = 300.0;
/// Uses after which one that never occurred is news.
const LEARNED_NEVER: f64 = 1_000.0;
/// A share that grew by less is not worth a word.
const LEAST_GROWTH: f64 = 0.10;
/// Weaker uses that are worth one when there never were any.
const FIRST_SEEN: f64 = 4.0;
/// Standard deviations above the usual.
const SIGMAS: f64 = 6.0;

/// The detector.
#[derive(Default)]
pub(super) struct Downgrades {
    shares: HashMap<Labels, Share>,
}

struct Share {
    /// Weaker uses, and all.
    recent: Window<[f64; 2]>,
    usual: ShareBaseline,
    firing: bool,
    example: String,
}

/// What is told apart: the words of a finding's subject.
fn aspect(reading: &Reading) -> Option<(Labels, bool, &str)> {
    let labels = &reading.labels;
    match reading.signal {
        Signal::TlsVersion => {
            let version = labels.get("version")?;
            let weaker = Strength::of_tls_version(version) < Strength::Current;
            Some((Labels::new([("aspect", "tls-version")]), weaker, version))
        }
        Signal::TlsGroup => {
            let group = labels.get("group")?;
            let weaker = Strength::of_group(group) < Strength::PostQuantum;
            Some((Labels::new([("aspect", "tls-group")]), weaker, group))
        }
        Signal::Algorithm => {
            let kind = labels.get("kind")?;
            // The same handshakes are counted by the proxy itself.
            if kind.starts_with("tls") {
                return None;
            }
            let algorithm = labels.get("algorithm")?;
            let strength = labels.get("strength").and_then(Strength::from_name);
            let strength = strength.unwrap_or_else(|| Strength::of_algorithm(algorithm));
            let subject = Labels::new([
                ("aspect", kind),
                ("policy", labels.get("policy").unwrap_or("all")),
            ]);
            Some((subject, strength < Strength::Current, algorithm))
        }
        _ => None,
    }
}

impl Detector for Downgrades {
    fn look(&mut self, round: &Round) -> Vec<Notice> {
        let span = round.span_seconds();
        if span <= 0.0 {
            return Vec::new();
        }
        let mut now: HashMap<Labels, [f64; 2]> = HashMap::new();
        for signal in [Signal::TlsVersion, Signal::TlsGroup, Signal::Algorithm] {
            for (_, reading) in round.flows_of(signal) {
                let Some((subject, weaker, name)) = aspect(reading) else {
                    continue;
                };
                if !self.shares.contains_key(&subject) {
                    if self.shares.len() >= MAX_SUBJECTS {
                        continue;
                    }
                    self.shares.insert(subject.clone(), Share::new());
                }
                if weaker && let Some(share) = self.shares.get_mut(&subject) {
                    name.clone_into(&mut share.example);
                }
                let sums = now.entry(subject).or_default();
                sums[0] += if weaker { reading.value } else { 0.0 };
                sums[1] += reading.value;
            }
        }
        self.shares
            .iter_mut()
            .filter_map(|(subject, share)| {
                let sums = now.get(subject).copied().unwrap_or_default();
                share.look(subject, round.at, span, sums)
            })
            .collect()
    }
}

impl Share {
    fn new() -> Self {
        Self {
            recent: Window::new(WINDOW_SECONDS),
            usual: ShareBaseline::default(),
            firing: false,
            example: String::new(),
        }
    }

    fn look(&mut self, subject: &Labels, at: i64, span: f64, sums: [f64; 2]) -> Option<Notice> {
        for (span, [part, whole]) in self.recent.push(at, span, sums) {
            if !self.firing {
                self.usual.learn(part, whole, span);
            }
        }
        let [part, whole] = self.recent.sum();
        let usual = self.usual.share();
        let share = if whole > 0.0 { part / whole } else { 0.0 };
        let growth = share - usual;
        let limit = LEAST_GROWTH.max(SIGMAS * self.usual.deviation(whole));
        let known = self.usual.whole() >= LEARNED_USES;
        let never_before = self.usual.whole() >= LEARNED_NEVER
            && usual * self.usual.whole() < 0.5
            && part >= FIRST_SEEN;
        self.firing = known && whole >= LEAST_USES && (growth > limit || never_before);
        self.firing.then(|| {
            let (what, weaker) = words(subject.or_dash("aspect"));
            Notice {
                finding: Finding::Downgrade,
                severity: if growth > 0.5 {
                    Severity::Critical
                } else {
                    Severity::Warning
                },
                subject: subject.clone(),
                seen: format!(
                    "{:.0} of {whole:.0} {what} in {:.0} s {weaker} ({:.0} %), such as {}",
                    part,
                    self.recent.span(),
                    share * 100.0,
                    self.example,
                ),
                baseline: format!(
                    "usually {:.1} %; up to {:.1} % would still be chance",
                    usual * 100.0,
                    (usual + limit).min(1.0) * 100.0
                ),
                fits: "Somebody between client and gate strips the better offers, or clients were moved \
                       to weaker software: what is recorded now is easier to open later."
                    .to_owned(),
                remedy: "Narrow what the listener and the policy accept to what partners need \
                         (tls_minimum_protocol_version, ecdh_curves, alg and enc of the policy); then \
                         ask the clients that fail what changed."
                    .to_owned(),
            }
        })
    }
}

fn words(aspect: &str) -> (&'static str, &'static str) {
    match aspect {
        "tls-version" => ("handshakes", "used TLS below 1.3"),
        "tls-group" => ("handshakes", "had no post-quantum key exchange"),
        _ => ("messages", "used a weak or legacy algorithm"),
    }
}
