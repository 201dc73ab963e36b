//! Runs the monitor over labelled traffic and counts what it said: precision and recall.

use super::{Attack, Traffic};
use crate::finding::Finding;
use crate::ledger::Change;
use crate::monitor::Monitor;
use crate::reading::Reader;
use crate::round::{Millis, Round};

/// Seconds between rounds, as `sealgate watch` has it by default.
const EVERY: f64 = 5.0;
/// Gateways of the fleet.
const GATEWAYS: usize = 4;
/// A Tuesday, 09:00.
const START: Millis = 1_790_672_400_000;

/// A monitor over generated traffic, with time at any speed.
#[derive(Debug)]
pub struct Rehearsal {
    traffic: Traffic,
    readers: Vec<Reader>,
    monitor: Monitor,
}

impl Rehearsal {
    /// From a seed, beginning at so many hours after nine.
    #[must_use]
    pub fn new(seed: u64, hours: f64) -> Self {
        let start = START.saturating_add((hours * 3_600_000.0) as Millis);
        let traffic = Traffic::new(seed, GATEWAYS, start);
        let readers = traffic
            .sources()
            .map(|(name, role)| Reader::new(name, role))
            .collect();
        Self {
            traffic,
            readers,
            monitor: Monitor::default(),
        }
    }

    /// Lets the traffic run; returns each alert that began, with the seconds after which it did.
    pub fn run(&mut self, attack: Option<Attack>, seconds: f64) -> Vec<(f64, Finding)> {
        self.traffic.attack(attack.as_slice());
        let mut begun = Vec::new();
        let mut passed = 0.0;
        while passed < seconds {
            self.traffic.step(EVERY);
            passed += EVERY;
            let at = self.traffic.now();
            let mut sources = Vec::with_capacity(self.readers.len());
            for reader in &mut self.readers {
                sources.push(match self.traffic.page(reader.source()) {
                    Some(page) => reader.read(&page, at),
                    None => reader.failed("nobody listens there"),
                });
            }
            let changes = self.monitor.take(Round { at, sources });
            begun.extend(
                changes
                    .into_iter()
                    .filter(|change| change.0 == Change::Firing)
                    .map(|(_, alert)| (passed, alert.notice.finding)),
            );
        }
        begun
    }

    /// The monitor.
    #[must_use]
    pub fn monitor(&self) -> &Monitor {
        &self.monitor
    }
}

/// What was said of one attack, over several seeds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Score {
    /// Runs.
    pub runs: usize,
    /// Runs in which it was said in time.
    pub found: usize,
    /// Alerts that were right: the one that must be, and those that may.
    pub right: usize,
    /// Alerts that were wrong.
    pub wrong: Vec<Finding>,
    /// Seconds until it was said, of each run in which it was.
    pub seconds: Vec<f64>,
}

impl Score {
    /// Share of the alerts that were right.
    #[must_use]
    pub fn precision(&self) -> f64 {
        let all = self.right + self.wrong.len();
        if all == 0 {
            1.0
        } else {
            self.right as f64 / all as f64
        }
    }

    /// Share of the runs in which the attack was found.
    #[must_use]
    pub fn recall(&self) -> f64 {
        if self.runs == 0 {
            0.0
        } else {
            self.found as f64 / self.runs as f64
        }
    }

    /// The middle of the times until it was said.
    #[must_use]
    pub fn median_seconds(&self) -> Option<f64> {
        let mut seconds = self.seconds.clone();
        seconds.sort_by(f64::total_cmp);
        seconds.get(seconds.len() / 2).copied()
    }
}

/// Runs one attack for each seed: ten minutes of normal load, then the attack.
#[must_use]
pub fn score(attack: Attack, seeds: std::ops::Range<u64>) -> Score {
    let mut score = Score::default();
    for seed in seeds {
        // At another hour of the day each.
        let mut rehearsal = Rehearsal::new(seed, (seed * 5 % 24) as f64);
        let before = rehearsal.run(None, 600.0);
        score.wrong.extend(before.into_iter().map(|begun| begun.1));
        let begun = rehearsal.run(Some(attack), attack.within().max(120.0));
        score.runs += 1;
        let found = begun.iter().find(|one| one.1 == attack.must());
        if let Some((seconds, _)) = found.filter(|one| one.0 <= attack.within()) {
            score.found += 1;
            score.seconds.push(*seconds);
        }
        for (_, finding) in begun {
            if finding == attack.must() || attack.may().contains(&finding) {
                score.right += 1;
            } else {
                score.wrong.push(finding);
            }
        }
    }
    score
}

/// Alerts over so many hours of normal load, which should be none.
#[must_use]
pub fn false_alerts(seed: u64, hours: f64) -> Vec<(f64, Finding)> {
    Rehearsal::new(seed, 0.0).run(None, hours * 3_600.0)
}
