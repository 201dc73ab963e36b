//! Four questions, each answered in one sentence.

use serde::Serialize;

use super::{EndingRow, ReasonRow, SourceRow, StrengthRow, Verdicts, share};
use crate::finding::{Finding, Severity};
use crate::ledger::Ledger;
use crate::round::Role;

/// How good an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// As it should be.
    Good,
    /// Worth a look.
    Notice,
    /// Not as it should be.
    Bad,
    /// Nothing is known.
    Unknown,
}

/// A question and its answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Statement {
    /// The question.
    pub question: &'static str,
    /// How good the answer is.
    pub level: Level,
    /// The answer in a few words.
    pub answer: String,
    /// What it rests on.
    pub detail: String,
}

/// What statements are made of.
pub(super) struct Facts<'v> {
    pub(super) verdicts: Verdicts,
    pub(super) strengths: &'v [StrengthRow],
    pub(super) endings: &'v [EndingRow],
    pub(super) reasons: &'v [ReasonRow],
    pub(super) sources: &'v [SourceRow],
    pub(super) ledger: &'v Ledger,
}

pub(super) fn all(facts: &Facts<'_>) -> Vec<Statement> {
    vec![
        sealed(facts),
        strength(facts),
        next_end(facts),
        failures(facts),
    ]
}

fn sealed(facts: &Facts<'_>) -> Statement {
    let Verdicts {
        sealed,
        open,
        unjudged,
        ..
    } = facts.verdicts;
    let through = sealed + open + unjudged;
    let gateways = facts
        .sources
        .iter()
        .filter(|source| source.role == Role::Gateway);
    let down = gateways.filter(|source| !source.up).count();
    let (level, answer, detail) = if unjudged > 0.0 {
        (
            Level::Bad,
            format!("No: {} unjudged", count(unjudged, "request")),
            "They succeeded, and the gate gave no verdict on them.".to_owned(),
        )
    } else if through == 0.0 {
        (
            Level::Unknown,
            "No traffic".to_owned(),
            "Nothing got through in the last minutes.".to_owned(),
        )
    } else if open > 0.0 {
        let level = if facts.ledger.holds(Finding::OpenRoutes) {
            Level::Notice
        } else {
            Level::Good
        };
        (
            level,
            format!("Yes, {} of it", percent(share(sealed, through))),
            format!(
                "{} of {through:.0} that got through went over routes that the policy leaves open.",
                number(open)
            ),
        )
    } else {
        (
            Level::Good,
            "Yes, all of it".to_owned(),
            format!(
                "{} got through, each under a policy.",
                count(through, "request")
            ),
        )
    };
    let (level, detail) = match (down, level) {
        (0, level) => (level, detail),
        (down, level) => (
            if level == Level::Good {
                Level::Notice
            } else {
                level
            },
            format!("{detail} {} not answer, and may hide more.", count_do(down)),
        ),
    };
    Statement {
        question: "Is every byte sealed?",
        level,
        answer,
        detail,
    }
}

fn strength(facts: &Facts<'_>) -> Statement {
    let sum = |accept: &dyn Fn(&StrengthRow) -> bool| -> f64 {
        let rows = facts.strengths.iter().filter(|row| accept(row));
        rows.map(|row| row.count)
            .fold(0.0, |sum, count| sum + count)
    };
    let handshakes = sum(&|row| row.aspect == "tls-group");
    let quantum = sum(&|row| row.aspect == "tls-group" && row.strength == "post-quantum");
    let weak = sum(&|row| row.strength == "weak");
    let legacy = sum(&|row| row.strength == "legacy");
    let weakest = facts
        .strengths
        .iter()
        .find(|row| row.strength == "weak" || row.strength == "legacy");
    let groups = if handshakes > 0.0 {
        format!(
            "{} of {} with a post-quantum key exchange.",
            percent(share(quantum, handshakes)),
            count(handshakes, "handshake")
        )
    } else {
        "No handshake was counted in the last minutes.".to_owned()
    };
    let (level, answer) = if facts.strengths.is_empty() {
        (Level::Unknown, "Not known".to_owned())
    } else if weak > 0.0 {
        (Level::Bad, "Weak algorithms in use".to_owned())
    } else if facts.ledger.holds(Finding::Downgrade) {
        (Level::Bad, "Weaker than before".to_owned())
    } else if legacy > 0.0 {
        (Level::Notice, "Legacy algorithms in use".to_owned())
    } else if handshakes > 0.0 && quantum >= handshakes {
        (Level::Good, "Post-quantum throughout".to_owned())
    } else {
        (Level::Good, "Current algorithms only".to_owned())
    };
    let detail = match weakest {
        Some(row) => format!(
            "{} is {} ({}). {groups}",
            row.name, row.strength, row.aspect
        ),
        None => groups,
    };
    Statement {
        question: "By what strength?",
        level,
        answer,
        detail,
    }
}

fn next_end(facts: &Facts<'_>) -> Statement {
    let question = "What expires next?";
    let Some(first) = facts.endings.first() else {
        return Statement {
            question,
            level: Level::Unknown,
            answer: "Nothing known".to_owned(),
            detail: "No source says when a certificate or key ends.".to_owned(),
        };
    };
    let soon = facts.endings.iter().filter(|row| row.days < 21.0).count();
    Statement {
        question,
        level: match first.days {
            days if days < 3.0 => Level::Bad,
            days if days < 21.0 => Level::Notice,
            _ => Level::Good,
        },
        answer: match first.days {
            days if days < 0.0 => format!("{} has expired", first.name),
            days if days < 2.0 => format!("{} in {:.0} hours", first.name, days * 24.0),
            days if days < 1_000.0 => format!("{} in {days:.0} days", first.name),
            days => format!("{} in {:.0} years", first.name, days / 365.25),
        },
        detail: format!(
            "A {} at {}; {} of {} known ends within 21 days.",
            first.what,
            first.source,
            soon,
            facts.endings.len()
        ),
    }
}

fn failures(facts: &Facts<'_>) -> Statement {
    let refused = facts.verdicts.refused;
    let judged = facts.verdicts.judged();
    let worst = facts.ledger.worst();
    let level = match worst {
        Some(Severity::Critical) => Level::Bad,
        Some(Severity::Warning) => Level::Notice,
        _ if judged == 0.0 => Level::Unknown,
        _ => Level::Good,
    };
    let top: Vec<String> = facts
        .reasons
        .iter()
        .take(2)
        .map(|row| format!("{} ({})", row.reason, number(row.count)))
        .collect();
    Statement {
        question: "What failed, and why?",
        level,
        answer: if refused == 0.0 {
            "Nothing".to_owned()
        } else {
            format!("{} refused", percent(share(refused, judged)))
        },
        detail: if top.is_empty() {
            "No request was refused in the last minutes.".to_owned()
        } else {
            format!("{} refused: {}.", count(refused, "request"), top.join(", "))
        },
    }
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 99.9 && percent < 100.0 {
        "99.9 %".to_owned()
    } else if percent >= 10.0 || percent == 0.0 {
        format!("{percent:.0} %")
    } else {
        format!("{percent:.1} %")
    }
}

fn count(value: f64, noun: &str) -> String {
    let plural = if number(value) == "1" { "" } else { "s" };
    format!("{} {noun}{plural}", number(value))
}

fn count_do(gateways: usize) -> String {
    if gateways == 1 {
        "One gateway does".to_owned()
    } else {
        format!("{gateways} gateways do")
    }
}

fn number(value: f64) -> String {
    format!("{value:.0}")
}
