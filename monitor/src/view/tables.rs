//! The page's tables.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use super::{ReasonRow, StrengthRow, Verdicts};
use crate::round::{Round, Signal};
use crate::strength::Strength;

/// Most rows of a table.
const MAX_ROWS: usize = 200;

/// One policy.
#[derive(Clone, Debug, Serialize)]
pub struct RouteRow {
    /// Name of the policy.
    pub name: String,
    /// Its verdicts.
    pub verdicts: Verdicts,
    /// Refusals that stages in observe mode would have made.
    pub observed: f64,
    /// The most frequent reason.
    pub top_reason: Option<String>,
}

/// One key.
#[derive(Clone, Debug, Default, Serialize)]
pub struct KeyRow {
    /// Its id in the policy.
    pub name: String,
    /// Tokens and payloads it opened.
    pub opened: f64,
    /// Failures under it.
    pub failed: f64,
    /// The most frequent reason.
    pub top_reason: Option<String>,
    /// When it last verified a signature, in milliseconds since 1970.
    pub last_used: Option<f64>,
    /// Days until its end.
    pub days: Option<f64>,
}

/// Uses of algorithms, by aspect, weakest first.
pub(super) fn strengths(recent: &VecDeque<Round>) -> Vec<StrengthRow> {
    let mut uses: BTreeMap<(String, Strength, String), f64> = BTreeMap::new();
    for round in recent {
        for source in &round.sources {
            for reading in &source.flows {
                let labels = &reading.labels;
                let (aspect, name, strength) = match reading.signal {
                    Signal::TlsVersion => {
                        let name = labels.or_dash("version");
                        ("tls-version", name, Strength::of_tls_version(name))
                    }
                    Signal::TlsGroup => {
                        let name = labels.or_dash("group");
                        ("tls-group", name, Strength::of_group(name))
                    }
                    Signal::TlsCipher => {
                        let name = labels.or_dash("cipher");
                        ("tls-cipher", name, Strength::of_algorithm(name))
                    }
                    Signal::Algorithm => {
                        let name = labels.or_dash("algorithm");
                        let given = labels.get("strength").and_then(Strength::from_name);
                        let strength = given.unwrap_or_else(|| Strength::of_algorithm(name));
                        (labels.or_dash("kind"), name, strength)
                    }
                    _ => continue,
                };
                let key = (aspect.to_owned(), strength, name.to_owned());
                *uses.entry(key).or_default() += reading.value;
            }
        }
    }
    uses.into_iter()
        .take(MAX_ROWS)
        .map(|((aspect, strength, name), count)| StrengthRow {
            aspect,
            name,
            strength: strength.name(),
            count,
        })
        .collect()
}

/// Reasons of refusals, most frequent first.
pub(super) fn reasons(recent: &VecDeque<Round>) -> Vec<ReasonRow> {
    let mut counts: BTreeMap<(&str, &str), f64> = BTreeMap::new();
    for round in recent {
        for (_, reading) in round.flows_of(Signal::Verdict) {
            let labels = &reading.labels;
            if labels.get("outcome") == Some("refused") {
                let reason = labels.or_dash("reason");
                let stage = labels.get("stage").unwrap_or_else(|| stage(reason));
                *counts.entry((reason, stage)).or_default() += reading.value;
            }
        }
    }
    let mut rows: Vec<ReasonRow> = counts
        .into_iter()
        .map(|((reason, stage), count)| ReasonRow {
            reason: reason.to_owned(),
            stage: stage.to_owned(),
            count,
        })
        .collect();
    rows.sort_by(|left, right| right.count.total_cmp(&left.count));
    rows.truncate(MAX_ROWS);
    rows
}

/// Per policy, busiest first.
pub(super) fn routes(recent: &VecDeque<Round>) -> Vec<RouteRow> {
    #[derive(Default)]
    struct Sums<'r> {
        verdicts: Verdicts,
        observed: f64,
        reasons: BTreeMap<&'r str, f64>,
    }
    let mut sums: BTreeMap<&str, Sums<'_>> = BTreeMap::new();
    for round in recent {
        for (_, reading) in round.flows_of(Signal::Verdict) {
            let route = sums.entry(reading.labels.or_dash("policy")).or_default();
            match reading.labels.or_dash("outcome") {
                "refused" => {
                    route.verdicts.refused += reading.value;
                    let reason = reading.labels.or_dash("reason");
                    *route.reasons.entry(reason).or_default() += reading.value;
                }
                "open" => route.verdicts.open += reading.value,
                _ => route.verdicts.sealed += reading.value,
            }
        }
        for (_, reading) in round.flows_of(Signal::Observed) {
            let route = sums.entry(reading.labels.or_dash("policy")).or_default();
            route.observed += reading.value;
        }
    }
    let mut rows: Vec<RouteRow> = sums
        .into_iter()
        .map(|(name, sums)| RouteRow {
            name: name.to_owned(),
            verdicts: sums.verdicts,
            observed: sums.observed,
            top_reason: top(&sums.reasons),
        })
        .collect();
    rows.sort_by(|left, right| right.verdicts.judged().total_cmp(&left.verdicts.judged()));
    rows.truncate(MAX_ROWS);
    rows
}

/// Per key, most failures first.
pub(super) fn keys(recent: &VecDeque<Round>) -> Vec<KeyRow> {
    let mut rows: BTreeMap<&str, (KeyRow, BTreeMap<&str, f64>)> = BTreeMap::new();
    for round in recent {
        for source in &round.sources {
            for reading in source.flows.iter().chain(&source.levels) {
                let Some(key) = reading.labels.get("key") else {
                    continue;
                };
                let (row, reasons) = rows.entry(key).or_default();
                match reading.signal {
                    Signal::Opened => row.opened += reading.value,
                    Signal::KeyFailure => {
                        row.failed += reading.value;
                        let reason = reading.labels.or_dash("reason");
                        *reasons.entry(reason).or_default() += reading.value;
                    }
                    Signal::KeyLastUsed if reading.value > 0.0 => {
                        let used = reading.value * 1000.0;
                        row.last_used = Some(row.last_used.map_or(used, |kept| kept.max(used)));
                    }
                    Signal::KeyEnds if reading.value > 0.0 => {
                        let days = (reading.value - round.at as f64 / 1000.0) / 86_400.0;
                        row.days = Some(days);
                    }
                    _ => {}
                }
            }
        }
    }
    let mut rows: Vec<KeyRow> = rows
        .into_iter()
        .map(|(name, (row, reasons))| KeyRow {
            name: name.to_owned(),
            top_reason: top(&reasons),
            ..row
        })
        .collect();
    rows.sort_by(|left, right| right.failed.total_cmp(&left.failed));
    rows.truncate(MAX_ROWS);
    rows
}

fn top(counts: &BTreeMap<&str, f64>) -> Option<String> {
    let most = counts
        .iter()
        .max_by(|left, right| left.1.total_cmp(right.1));
    most.map(|(name, _)| (*name).to_owned())
}

/// The stage that a reason's code begins with.
fn stage(reason: &str) -> &'static str {
    const STAGES: [(&str, &str); 9] = [
        ("signature", "signature"),
        ("digest", "signature"),
        ("token", "token"),
        ("payload", "payload"),
        ("replay", "replay"),
        ("injection", "inspect"),
        ("inspect", "inspect"),
        ("contract", "inspect"),
        ("client-certificate", "channel"),
    ];
    let mut stages = STAGES.iter();
    let found = stages.find(|(start, _)| reason.starts_with(start));
    found.map_or("shape", |(_, stage)| stage)
}
