//! Which policy is in force, over all VMs of the host: whoever loads a new one first says so.
//!
//! A host runs the module in several VMs and configures each; the shared data tell which of them is
//! the first with a new policy, so that a reload counts once and not once per worker.

use std::collections::BTreeMap;

use sealgate_engine::telemetry::{KEY_NOT_AFTER, POLICY_LOADED, POLICY_LOADS, POLICY_REVISION};
use sealgate_engine::{Gate, SharedAnswer, SharedRequest};
use serde::{Deserialize, Serialize};

use crate::host::{self, Moment};
use crate::metrics::Metrics;

const KEY: &str = "sealgate/policy";
/// Attempts to write; every lost one means that another VM wrote.
const ATTEMPTS: usize = 16;

/// The policy in force, as the host's VMs share it.
#[derive(Clone, Default, Serialize, Deserialize)]
struct InForce {
    revision: u64,
    loaded: i64,
    /// Keys that have an end, or had one in an earlier policy.
    ends: BTreeMap<String, i64>,
    /// Revision and loading time of the policy before it.
    previous: Option<(u64, i64)>,
}

/// Tells metrics that this policy is in force now. Every VM does, because a host forgets the gauges
/// of a VM that it has thrown away; the first one counts the load.
pub(crate) fn announce(gate: &Gate, metrics: &Metrics, now: Moment) {
    for _ in 0..ATTEMPTS {
        let (before, version) = match host::shared(&SharedRequest::Get { key: KEY.into() }) {
            SharedAnswer::Value { value, version } => {
                (serde_json::from_slice(&value).ok(), Some(version))
            }
            SharedAnswer::Absent => (None, None),
            _ => return,
        };
        let before: Option<InForce> = before;
        if let Some(current) = before
            .as_ref()
            .filter(|before| before.revision == gate.revision())
        {
            return record(metrics, current);
        }
        let mut ends: BTreeMap<String, i64> =
            before.iter().flat_map(|it| it.ends.clone()).collect();
        ends.values_mut().for_each(|end| *end = 0);
        ends.extend(
            gate.key_ends()
                .iter()
                .map(|(id, end)| ((*id).to_owned(), *end)),
        );
        let in_force = InForce {
            revision: gate.revision(),
            loaded: now.seconds(),
            ends,
            previous: before.map(|before| (before.revision, before.loaded)),
        };
        let write = SharedRequest::CompareAndSwap {
            key: KEY.into(),
            value: serde_json::to_vec(&in_force).unwrap_or_default(),
            version,
        };
        match host::shared(&write) {
            SharedAnswer::Stored => {
                metrics.put(POLICY_LOADS, &[], 1);
                return record(metrics, &in_force);
            }
            SharedAnswer::Conflict => {}
            _ => return,
        }
    }
}

fn record(metrics: &Metrics, current: &InForce) {
    let now = Some((current.revision, current.loaded));
    for (generation, policy) in [("current", now), ("previous", current.previous)] {
        let Some((revision, loaded)) = policy else {
            continue;
        };
        metrics.put(POLICY_REVISION, &[generation], revision);
        metrics.put(POLICY_LOADED, &[generation], unsigned(loaded));
    }
    for (key, end) in &current.ends {
        metrics.put(KEY_NOT_AFTER, &[key], unsigned(*end));
    }
}

fn unsigned(seconds: i64) -> u64 {
    u64::try_from(seconds).unwrap_or_default()
}
