//! Detectors: state machines over rounds, with time as an argument. Each says in every round what
//! holds now; the [ledger](crate::ledger) makes beginnings and ends of it.

mod bridge;
mod burst;
mod bypass;
mod daily;
mod downgrade;
mod expiry;
mod fleet;
mod health;
mod silence;
mod slow;
mod window;

pub use burst::reasons as burst_reasons;
pub use expiry::{Expiry, endings};

use std::fmt;

use crate::finding::{Finding, Notice};
use crate::round::Round;

/// One detector.
pub(crate) trait Detector: Send {
    /// Takes a round; says what holds.
    fn look(&mut self, round: &Round) -> Vec<Notice>;
}

/// Every detector there is.
pub struct Detectors(Vec<Box<dyn Detector>>);

impl fmt::Debug for Detectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Detectors({})", self.0.len())
    }
}

impl Default for Detectors {
    fn default() -> Self {
        Self(vec![
            Box::new(burst::Bursts::default()),
            Box::new(slow::SlowProbing::default()),
            Box::new(downgrade::Downgrades::default()),
            Box::new(bypass::Bypass::default()),
            Box::new(bridge::Bridges::default()),
            Box::new(health::Health::default()),
            Box::new(fleet::Fleet::default()),
            Box::new(expiry::Endings),
            Box::new(daily::Daily::default()),
        ])
    }
}

impl Detectors {
    /// Takes a round; says everything that holds. An attack that comes in through one gateway makes
    /// it differ from the others: that is no second finding.
    pub fn look(&mut self, round: &Round) -> Vec<Notice> {
        let mut notices: Vec<Notice> = self
            .0
            .iter_mut()
            .flat_map(|detector| detector.look(round))
            .collect();
        if notices.iter().any(|notice| burst::is_burst(notice.finding)) {
            notices.retain(|notice| {
                notice.finding != Finding::GatewayDiffers
                    || notice.subject.get("aspect") != Some("refused")
            });
        }
        notices
    }
}
