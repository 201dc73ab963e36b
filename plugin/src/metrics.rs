//! Counts what the engine tells: one number of the host's per series, looked up without making its name.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use sealgate_engine::telemetry::{
    FAMILIES, Family, HOST_FAULTS, MetricKind, PANICS, SERIES_DROPPED, Sample,
};

use crate::host;

/// Most series of one VM. Policies, keys and reasons bound them; this bounds a policy with hundreds
/// of everything, because a host never forgets a series.
const MAX_SERIES: usize = 4096;

/// Metrics of one VM, defined in the host when they are first needed. The host keeps the values
/// over reloads.
#[derive(Default)]
pub(crate) struct Metrics {
    /// The host's number of each series, by the hash of family and labels; `None` where the host
    /// does not take it. Labels are not chosen by clients, so that nobody can make hashes collide.
    ids: RefCell<HashMap<u64, Option<u32>>>,
}

impl Metrics {
    /// Defines what has no label, so that a first observation is seen as a change from zero.
    pub(crate) fn begin(&self) {
        for family in FAMILIES.iter().filter(|family| family.labels.is_empty()) {
            define(family, &[]);
        }
    }

    /// Adds to, sets or samples one series.
    pub(crate) fn add(&self, sample: Sample<'_>) {
        let Some(id) = self.id(&sample) else {
            return;
        };
        let _ = match sample.family.kind {
            MetricKind::Counter => host::count(id, sample.value),
            MetricKind::Gauge | MetricKind::Histogram => host::record(id, sample.value),
        };
    }

    /// The same from its parts.
    pub(crate) fn put(&self, family: &'static Family, labels: &[&str], value: u64) {
        self.add(Sample {
            family,
            labels,
            value,
        });
    }

    /// A host call failed.
    pub(crate) fn host_fault(&self, call: &'static str) {
        self.put(HOST_FAULTS, &[call], 1);
    }

    fn id(&self, sample: &Sample<'_>) -> Option<u32> {
        let mut hasher = DefaultHasher::new();
        (sample.family.name, sample.family.unit, sample.labels).hash(&mut hasher);
        let hash = hasher.finish();
        let mut ids = self.ids.borrow_mut();
        if let Some(id) = ids.get(&hash) {
            return *id;
        }
        if ids.len() >= MAX_SERIES {
            count_one(SERIES_DROPPED);
            return None;
        }
        let id = define(sample.family, sample.labels);
        ids.insert(hash, id);
        id
    }
}

/// Counts the end of a VM, in its last moment.
pub(crate) fn count_panic() {
    count_one(PANICS);
}

fn count_one(family: &'static Family) {
    if let Some(id) = define(family, &[]) {
        let _ = host::count(id, 1);
    }
}

fn define(family: &'static Family, labels: &[&str]) -> Option<u32> {
    host::metric(family.kind, &family.series(labels)).ok()
}
