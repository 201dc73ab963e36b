//! How long everything runs.

use std::time::Duration;

use serde_json::{Value, json};

/// Lengths and counts of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Rounds of every comparison.
    pub(crate) rounds: usize,
    /// One round of load on a server.
    pub(crate) load: Duration,
    /// One round of computation.
    pub(crate) compute: Duration,
    /// Computation before the first round: V8 compiles hot code a second time after a while.
    pub(crate) warm_up: Duration,
    /// Requests before the first round of a server.
    pub(crate) warm_up_requests: usize,
    /// Whether this only shows that everything runs.
    pub(crate) quick: bool,
}

impl Plan {
    /// The full plan takes minutes, the quick one seconds.
    pub(crate) fn new(quick: bool, rounds: Option<u32>) -> Self {
        let plan = if quick {
            Self {
                rounds: 1,
                load: Duration::from_millis(200),
                compute: Duration::from_millis(5),
                warm_up: Duration::from_millis(10),
                warm_up_requests: 40,
                quick,
            }
        } else {
            Self {
                rounds: 5,
                load: Duration::from_millis(1500),
                compute: Duration::from_millis(150),
                warm_up: Duration::from_millis(500),
                warm_up_requests: 600,
                quick,
            }
        };
        let rounds = rounds.map_or(plan.rounds, |rounds| rounds as usize);
        Self { rounds, ..plan }
    }

    /// For the report.
    pub(crate) fn json(&self) -> Value {
        json!({
            "rounds": self.rounds,
            "load_ms": self.load.as_secs_f64() * 1e3,
            "compute_ms": self.compute.as_secs_f64() * 1e3,
            "quick": self.quick,
        })
    }
}
