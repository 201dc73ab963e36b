//! From notices, which hold or do not hold in a round, to alerts, which begin and end.
//!
//! An alert begins with the first notice of its kind and subject, is the same while notices keep
//! coming, and ends when none came for a while. What is sent to people is a beginning or an end,
//! each once.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::finding::{Finding, Notice, Severity};
use crate::limits::{MAX_CLOSED_ALERTS, MAX_OPEN_ALERTS};
use crate::round::Millis;

/// How long no notice may come before an alert ends, unless said otherwise, in milliseconds.
pub(crate) const QUIET: Millis = 60_000;

/// A notice with its life.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Of kind, subject and beginning; letters and digits only.
    pub id: String,
    /// The worst and latest words.
    pub notice: Notice,
    /// When it began.
    pub since: Millis,
    /// When it was last noticed.
    pub last: Millis,
    /// When it ended, if it did.
    pub ended: Option<Millis>,
}

/// A change that people are told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It begins, or it got worse.
    Firing,
    /// It is over.
    Resolved,
}

/// All alerts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Ledger {
    open: Vec<Alert>,
    closed: Vec<Alert>,
    /// Notices that found no room.
    pub overflowed: u64,
}

impl Ledger {
    /// What a round's notices change. What is told again would be a second call at night: an alert
    /// is told when it begins, when its severity rises, and when it ends.
    pub fn take(
        &mut self,
        notices: Vec<Notice>,
        now: Millis,
        quiet: Millis,
    ) -> Vec<(Change, Alert)> {
        let mut changes = Vec::new();
        for notice in notices {
            let mut open = self.open.iter_mut();
            if let Some(alert) = open.find(|one| one.notice.identity() == notice.identity()) {
                alert.last = now;
                let worse = notice.severity > alert.notice.severity;
                let severity = notice.severity.max(alert.notice.severity);
                alert.notice = Notice { severity, ..notice };
                if worse {
                    changes.push((Change::Firing, alert.clone()));
                }
            } else if self.open.len() < MAX_OPEN_ALERTS {
                let alert = Alert {
                    id: identify(&notice, now),
                    notice,
                    since: now,
                    last: now,
                    ended: None,
                };
                self.open.push(alert.clone());
                changes.push((Change::Firing, alert));
            } else {
                self.overflowed = self.overflowed.saturating_add(1);
            }
        }
        let (open, over) = std::mem::take(&mut self.open)
            .into_iter()
            .partition(|alert| now.saturating_sub(alert.last) < quiet);
        self.open = open;
        for mut alert in over {
            alert.ended = Some(now);
            changes.push((Change::Resolved, alert.clone()));
            self.closed.push(alert);
        }
        let spare = self.closed.len().saturating_sub(MAX_CLOSED_ALERTS);
        self.closed.drain(..spare);
        changes
    }

    /// Alerts that hold, worst and oldest first.
    #[must_use]
    pub fn open(&self) -> Vec<&Alert> {
        let mut open: Vec<&Alert> = self.open.iter().collect();
        open.sort_by_key(|alert| (std::cmp::Reverse(alert.notice.severity), alert.since));
        open
    }

    /// Alerts that ended, latest first.
    pub fn closed(&self) -> impl Iterator<Item = &Alert> {
        self.closed.iter().rev()
    }

    /// Whether an alert of this kind holds.
    #[must_use]
    pub fn holds(&self, finding: Finding) -> bool {
        self.open
            .iter()
            .any(|alert| alert.notice.finding == finding)
    }

    /// The worst that holds.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.open.iter().map(|alert| alert.notice.severity).max()
    }
}

fn identify(notice: &Notice, now: Millis) -> String {
    let mut hash = Sha256::new();
    hash.update(notice.finding.code());
    for (name, value) in notice.subject.pairs() {
        for part in [name, value] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    hash.update(now.to_be_bytes());
    let digest = hash.finalize();
    let half: String = digest
        .iter()
        .take(10)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{}-{half}", notice.finding.code())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::round::Labels;

    fn notice(key: &str, severity: Severity) -> Notice {
        Notice {
            finding: Finding::KeyGuessing,
            severity,
            subject: Labels::new([("key", key)]),
            seen: String::new(),
            baseline: String::new(),
            fits: String::new(),
            remedy: String::new(),
        }
    }

    fn told(changes: &[(Change, Alert)]) -> Vec<Change> {
        changes.iter().map(|change| change.0).collect()
    }

    #[test]
    fn an_alert_is_told_once_and_its_end_once() {
        let mut ledger = Ledger::default();
        let begun = ledger.take(vec![notice("a", Severity::Warning)], 0, QUIET);
        assert_eq!(told(&begun), [Change::Firing]);
        for now in [5_000, 10_000] {
            let same = ledger.take(vec![notice("a", Severity::Warning)], now, QUIET);
            assert!(same.is_empty());
        }
        assert!(ledger.take(Vec::new(), 69_999, QUIET).is_empty());
        let ended = ledger.take(Vec::new(), 70_000, QUIET);
        assert_eq!(told(&ended), [Change::Resolved]);
        assert_eq!(
            (ended[0].1.ended, &ended[0].1.id),
            (Some(70_000), &begun[0].1.id)
        );
        assert!(ledger.take(Vec::new(), 75_000, QUIET).is_empty() && ledger.open().is_empty());
    }

    #[test]
    fn what_gets_worse_is_told_again_and_does_not_get_better_by_itself() {
        let mut ledger = Ledger::default();
        ledger.take(vec![notice("a", Severity::Warning)], 0, QUIET);
        let worse = ledger.take(vec![notice("a", Severity::Critical)], 1, QUIET);
        assert_eq!(told(&worse), [Change::Firing]);
        assert!(
            ledger
                .take(vec![notice("a", Severity::Warning)], 2, QUIET)
                .is_empty()
        );
        assert_eq!(ledger.worst(), Some(Severity::Critical));
    }

    #[test]
    fn two_subjects_are_two_alerts_and_a_second_time_has_a_new_id() {
        let mut ledger = Ledger::default();
        let both = ["a", "b"].map(|key| notice(key, Severity::Info)).to_vec();
        let first = ledger.take(both, 0, QUIET);
        assert_ne!(first[0].1.id, first[1].1.id);
        ledger.take(Vec::new(), QUIET, QUIET);
        let again = ledger.take(vec![notice("a", Severity::Info)], QUIET + 1, QUIET);
        assert_ne!(again[0].1.id, first[0].1.id);
    }

    #[test]
    fn a_flood_of_subjects_is_bounded() {
        let mut ledger = Ledger::default();
        let many = (0..MAX_OPEN_ALERTS + 7).map(|key| notice(&key.to_string(), Severity::Info));
        let changes = ledger.take(many.collect(), 0, QUIET);
        assert_eq!((changes.len(), ledger.overflowed), (MAX_OPEN_ALERTS, 7));
    }
}
