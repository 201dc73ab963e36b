//! Counters. Their number is bounded by policies and reasons; nothing a client sends is a label.

use std::cell::RefCell;
use std::collections::HashMap;

use sealgate_engine::Reason;

use crate::host;

/// Counters of one VM, defined in the host when they are first needed. The host keeps the values
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

    fn count(&self, name: String) {
        let mut ids = self.ids.borrow_mut();
        let id = *ids
            .entry(name)
            .or_insert_with_key(|name| host::counter(name).ok());
        if let Some(id) = id {
            let _ = host::count(id);
        }
    }
}
