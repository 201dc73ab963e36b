//! Counters, gauges and histograms. Their number is bounded by policies and reasons; nothing a client sends is a label.

use std::cell::RefCell;
use std::collections::HashMap;

use sealgate_engine::Reason;

use crate::host;

/// Metrics of one VM, defined in the host when they are first needed. The host keeps the values
/// over reloads.
#[derive(Default)]
pub(crate) struct Metrics {
    ids: RefCell<HashMap<String, Option<u32>>>,
}

impl Metrics {
    /// A verdict was given. `outcome` is `allowed`, `open` or `refused`.
    pub(crate) fn verdict(&self, policy: &str, outcome: &'static str, reason: Option<Reason>) {
        let reason = reason.map_or("none", Reason::code);
        self.count(format!(
            "sealgate_requests_policy={policy}_outcome={outcome}_reason={reason}_total"
        ));
    }

    /// A stage that is only observed would have refused.
    pub(crate) fn observed(&self, policy: &str, reason: Reason) {
        self.count(format!(
            "sealgate_observed_policy={policy}_reason={}_total",
            reason.code()
        ));
    }

    /// A host call failed.
    pub(crate) fn host_fault(&self, call: &'static str) {
        self.count(format!("sealgate_host_faults_call={call}_total"));
    }

    /// A signature by this key was accepted at `now`, in seconds since 1970.
    pub(crate) fn key_used(&self, key_id: &str, now: Option<i64>) {
        let name = format!("sealgate_key_last_used_key={key_id}_seconds");
        let now = now.and_then(|now| u64::try_from(now).ok());
        if let (Some(id), Some(now)) = (self.id(name, host::gauge), now) {
            let _ = host::record(id, now);
        }
    }

    /// The gate's clock minus the sender's, in seconds.
    pub(crate) fn clock_skew(&self, seconds: i64) {
        let sender = if seconds < 0 { "ahead" } else { "behind" };
        let name = format!("sealgate_clock_skew_sender={sender}_seconds");
        if let Some(id) = self.id(name, host::histogram) {
            let _ = host::record(id, seconds.unsigned_abs());
        }
    }

    fn count(&self, name: String) {
        if let Some(id) = self.id(name, host::counter) {
            let _ = host::count(id);
        }
    }

    /// The host's number for a metric, defined when it is first needed.
    fn id<E>(&self, name: String, define: impl Fn(&str) -> Result<u32, E>) -> Option<u32> {
        let mut ids = self.ids.borrow_mut();
        *ids.entry(name).or_insert_with_key(|name| define(name).ok())
    }
}
