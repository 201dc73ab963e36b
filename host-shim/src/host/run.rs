//! Playing one request from its head to its outcome.

use super::{Host, Outcome, Request, Step};

/// A request about to be played.
#[derive(Debug)]
#[must_use]
pub struct Run {
    host: Host,
    request: Request,
}

impl Run {
    pub(super) fn new(host: Host, request: Request) -> Self {
        Self { host, request }
    }

    /// Plays the whole request. Clusters answer by themselves; over a call that nobody answers
    /// the fake clock is moved to its timeout.
    ///
    /// # Panics
    /// When a forwarded message declares a length that is not its body's, unless the builder
    /// tolerates it.
    #[track_caller]
    pub fn run(self) -> Outcome {
        let mut step = self.step();
        step.play();
        step.finish()
    }

    /// Opens the stream and hands control to the test.
    pub fn step(self) -> Step {
        Step::open(self.host, self.request)
    }
}
