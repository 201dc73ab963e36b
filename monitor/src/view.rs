//! What the page shows: a summary of the last minutes, made anew in every round.

mod statement;
mod tables;

use std::collections::VecDeque;

use serde::Serialize;

use crate::detect::endings;
use crate::ledger::{Alert, Ledger};
use crate::round::{Millis, Reach, Role, Round, Signal, SourceRound};

pub use statement::{Level, Statement};
pub use tables::{KeyRow, RouteRow};

/// Everything of the overview.
#[derive(Clone, Debug, Serialize)]
pub struct View {
    /// When it was made.
    pub at: Millis,
    /// Seconds that sums cover.
    pub seconds: f64,
    /// Is every byte sealed? By what strength? What ends next? What failed?
    pub statements: Vec<Statement>,
    /// Sources with how they are.
    pub sources: Vec<SourceRow>,
    /// Requests let through sealed, let through open, refused; and not judged.
    pub verdicts: Verdicts,
    /// Strengths with their uses, per aspect.
    pub strengths: Vec<StrengthRow>,
    /// Reasons of refusals, most frequent first.
    pub reasons: Vec<ReasonRow>,
    /// Per policy.
    pub routes: Vec<RouteRow>,
    /// Per key; a key is who signs or what opens, and so the client as far as the gate knows one.
    pub keys: Vec<KeyRow>,
    /// What ends, nearest first.
    pub endings: Vec<EndingRow>,
    /// Alerts that hold, worst first.
    pub alerts: Vec<AlertRow>,
    /// Alerts that ended, latest first.
    pub past: Vec<AlertRow>,
}

/// One alert.
#[derive(Clone, Debug, Serialize)]
pub struct AlertRow {
    /// A few words for people.
    pub title: &'static str,
    /// The alert.
    #[serde(flatten)]
    pub alert: Alert,
}

/// Sums of verdicts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Verdicts {
    /// Let through under a policy.
    pub sealed: f64,
    /// Let through over a route that is open on purpose.
    pub open: f64,
    /// Refused.
    pub refused: f64,
    /// Succeeded without a verdict.
    pub unjudged: f64,
}

impl Verdicts {
    /// All that were judged.
    #[must_use]
    pub fn judged(&self) -> f64 {
        self.sealed + self.open + self.refused
    }
}

/// One source.
#[derive(Clone, Debug, Serialize)]
pub struct SourceRow {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub role: Role,
    /// Whether it answered.
    pub up: bool,
    /// Why not.
    pub why: String,
    /// Requests or calls a second.
    pub per_second: f64,
    /// Share refused or failed.
    pub failed_share: f64,
    /// Milliseconds per call, of a bridge.
    pub call_ms: Option<f64>,
    /// The policy in effect, of a gateway that says so.
    pub policy: Option<String>,
}

/// Uses of one algorithm, TLS version or group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StrengthRow {
    /// `tls-version`, `tls-group`, `signature`, ...
    pub aspect: String,
    /// Name of the algorithm.
    pub name: String,
    /// Its grade.
    pub strength: &'static str,
    /// Uses.
    pub count: f64,
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReasonRow {
    /// Its code.
    pub reason: String,
    /// The stage, as far as the code says it.
    pub stage: String,
    /// How often.
    pub count: f64,
}

/// Something with an end.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EndingRow {
    /// `certificate` or `key`.
    pub what: &'static str,
    /// Its name.
    pub name: String,
    /// Where.
    pub source: String,
    /// Days until then.
    pub days: f64,
}

/// The view of recent rounds.
pub(crate) fn of(recent: &VecDeque<Round>, ledger: &Ledger) -> View {
    let at = recent.back().map_or(0, |round| round.at);
    let verdicts = verdicts(recent);
    let strengths = tables::strengths(recent);
    let endings: Vec<EndingRow> = recent
        .back()
        .map(endings)
        .unwrap_or_default()
        .into_iter()
        .map(|one| EndingRow {
            what: one.what,
            name: one.name,
            source: one.source,
            days: one.days,
        })
        .collect();
    let reasons = tables::reasons(recent);
    let sources = recent
        .back()
        .map(|last| sources(recent, last))
        .unwrap_or_default();
    let facts = statement::Facts {
        verdicts,
        strengths: &strengths,
        endings: &endings,
        reasons: &reasons,
        sources: &sources,
        ledger,
    };
    View {
        at,
        seconds: recent.iter().map(Round::span_seconds).sum(),
        statements: statement::all(&facts),
        verdicts,
        routes: tables::routes(recent),
        keys: tables::keys(recent),
        strengths,
        reasons,
        endings,
        sources,
        alerts: ledger.open().into_iter().map(row).collect(),
        past: ledger.closed().take(30).map(row).collect(),
    }
}

fn row(alert: &Alert) -> AlertRow {
    AlertRow {
        title: alert.notice.finding.title(),
        alert: alert.clone(),
    }
}

fn verdicts(recent: &VecDeque<Round>) -> Verdicts {
    let mut sums = Verdicts::default();
    let mut succeeded = 0.0;
    for round in recent {
        for (_, reading) in round.flows_of(Signal::Verdict) {
            match reading.labels.or_dash("outcome") {
                "refused" => sums.refused += reading.value,
                "open" => sums.open += reading.value,
                _ => sums.sealed += reading.value,
            }
        }
        succeeded += total(round.flows_of(Signal::Succeeded).map(|one| one.1.value));
    }
    // A few are in flight between verdict and answer.
    let unjudged: f64 = succeeded - sums.sealed - sums.open;
    if unjudged > (0.05 * succeeded).max(6.0) {
        sums.unjudged = unjudged;
    }
    sums
}

fn sources(recent: &VecDeque<Round>, last: &Round) -> Vec<SourceRow> {
    last.sources
        .iter()
        .map(|source| {
            let rounds: Vec<&SourceRound> = recent
                .iter()
                .flat_map(|round| &round.sources)
                .filter(|one| one.source == source.source)
                .collect();
            let seconds: f64 = rounds.iter().map(|one| one.span_seconds).sum();
            let sum = |signal, bad: bool| {
                let readings = rounds.iter().flat_map(|one| one.flows_of(signal));
                total(
                    readings
                        .filter(|one| !bad || is_bad(&one.labels))
                        .map(|one| one.value),
                )
            };
            let signal = match source.role {
                Role::Gateway => Signal::Verdict,
                Role::Bridge => Signal::BridgeRequest,
            };
            let (all, bad) = (sum(signal, false), sum(signal, true));
            let calls = sum(Signal::BridgeTimed, false);
            let policy = source.levels_of(Signal::PolicyRevision);
            let mut policy = policy.filter(|one| one.labels.get("generation") == Some("current"));
            SourceRow {
                name: source.source.clone(),
                role: source.role,
                up: source.is_up(),
                why: match &source.reach {
                    Reach::Up => String::new(),
                    Reach::Down(why) => why.clone(),
                },
                per_second: share(all, seconds),
                failed_share: share(bad, all),
                call_ms: (calls > 0.0)
                    .then(|| 1000.0 * share(sum(Signal::BridgeSeconds, false), calls)),
                policy: policy
                    .next()
                    .map(|one| format!("{:012x}", one.value as u64)),
            }
        })
        .collect()
}

fn is_bad(labels: &crate::round::Labels) -> bool {
    labels.get("outcome") == Some("refused") || labels.get("code").is_some_and(|code| code != "ok")
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

fn total(values: impl Iterator<Item = f64>) -> f64 {
    // An empty sum of floats is -0, which reads badly.
    values.fold(0.0, |sum, value| sum + value)
}
