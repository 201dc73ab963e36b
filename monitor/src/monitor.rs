//! The core: rounds in, alerts and a view out. No clock, no socket, no file.

use std::collections::VecDeque;

use crate::detect::Detectors;
use crate::ledger::{Alert, Change, Ledger, QUIET};
use crate::round::{Millis, Round};
use crate::view::{self, View};

/// How long rounds are kept for the view, in milliseconds.
const KEPT: Millis = 300_000;

/// A monitor without its input and output.
#[derive(Debug)]
pub struct Monitor {
    detectors: Detectors,
    ledger: Ledger,
    recent: VecDeque<Round>,
    quiet: Millis,
}

impl Default for Monitor {
    fn default() -> Self {
        Self::new(Ledger::default(), QUIET)
    }
}

impl Monitor {
    /// With the alerts of the run before; an alert ends when it was not noticed for `quiet`
    /// milliseconds.
    #[must_use]
    pub fn new(ledger: Ledger, quiet: Millis) -> Self {
        Self {
            detectors: Detectors::default(),
            ledger,
            recent: VecDeque::new(),
            quiet,
        }
    }

    /// Takes a round of the past: detectors learn from it what is usual, and nobody is told.
    pub fn recall(&mut self, round: &Round) {
        let _ = self.detectors.look(round);
    }

    /// Takes the round of now; returns what people are told.
    pub fn take(&mut self, round: Round) -> Vec<(Change, Alert)> {
        let notices = self.detectors.look(&round);
        let changes = self.ledger.take(notices, round.at, self.quiet);
        self.recent.push_back(round);
        let now = self.recent.back().map_or(0, |last| last.at);
        while self
            .recent
            .front()
            .is_some_and(|first| now.saturating_sub(first.at) >= KEPT)
        {
            self.recent.pop_front();
        }
        changes
    }

    /// What the page shows.
    #[must_use]
    pub fn view(&self) -> View {
        view::of(&self.recent, &self.ledger)
    }

    /// The alerts.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}
