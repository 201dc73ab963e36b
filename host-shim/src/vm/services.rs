//! What a VM is made of (its spec) and what it shares with its siblings (its services).

use super::Module;
use crate::clock::{Clock, SystemClock};
use crate::fault::Faults;
use crate::limits;
use crate::logs::Logs;
use crate::metrics::Metrics;
use crate::shared_data::SharedData;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Which host calls and callbacks a VM may use (Envoy's `capability_restriction_config`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Capabilities {
    /// No restriction.
    #[default]
    All,
    /// Only these names. A callback that is not listed is skipped without a word; a host call
    /// that is not listed does not exist.
    Only(BTreeSet<String>),
    /// All but these names.
    Without(BTreeSet<String>),
}

impl Capabilities {
    pub(super) fn allows(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.contains(name),
            Self::Without(names) => !names.contains(name),
        }
    }
}

/// A module with its configuration: everything that a reload replaces.
#[derive(Clone, Debug)]
pub struct PluginSpec {
    /// The compiled module.
    pub module: Module,
    /// VM configuration bytes.
    pub vm_config: Vec<u8>,
    /// Plugin configuration bytes (the policy).
    pub plugin_config: Vec<u8>,
    /// Environment of the guest.
    pub env: Vec<(String, String)>,
    /// Envoy's `allow_on_headers_stop_iteration`.
    pub stop_iteration: bool,
    /// Callbacks and host calls that exist.
    pub capabilities: Capabilities,
    /// Linear memory bound, bytes.
    pub memory_bytes: usize,
    /// Longest single callback.
    pub callback_limit: Duration,
    /// Buffer limit of a stream, bytes; a held body above it is answered 413.
    pub body_bytes: usize,
}

impl PluginSpec {
    /// A spec with Envoy's limits, the stop-iteration option on, and no configuration.
    pub fn new(module: Module) -> Self {
        Self {
            module,
            vm_config: Vec::new(),
            plugin_config: Vec::new(),
            env: Vec::new(),
            stop_iteration: true,
            capabilities: Capabilities::All,
            memory_bytes: limits::TEST_MEMORY_BYTES,
            callback_limit: limits::TEST_CALLBACK,
            body_bytes: limits::BODY_BYTES,
        }
    }
}

/// What all VMs of a host share; it outlives every reload.
#[derive(Clone)]
pub struct Services {
    /// Shared data.
    pub shared_data: Arc<SharedData>,
    /// Metrics.
    pub metrics: Arc<Metrics>,
    /// Logs.
    pub logs: Arc<Logs>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Names of the clusters that exist; a call to another one is refused at once.
    pub clusters: Arc<BTreeSet<String>>,
    /// Injected faults.
    pub faults: Arc<Faults>,
}

impl Default for Services {
    fn default() -> Self {
        Self {
            shared_data: Arc::default(),
            metrics: Arc::default(),
            logs: Arc::default(),
            clock: Arc::new(SystemClock),
            clusters: Arc::default(),
            faults: Arc::default(),
        }
    }
}
