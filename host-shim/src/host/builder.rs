//! Building a host, and why it may not come up.

use super::{Cluster, Forwarded, Host, Response, Shared, Vms};
use crate::clock::{Clock, FakeClock};
use crate::logs::{LogLine, Logs};
use crate::property::{Properties, PropertyValue};
use crate::vm::{Capabilities, LoadError, Module, PluginSpec, Services};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a worker does after its VM trapped (Envoy's `failure_policy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailurePolicy {
    /// 503 for ever. Envoy's default.
    #[default]
    FailClosed,
    /// 503 until the base interval since the last load has passed, then a new VM.
    FailReload {
        /// The interval, milliseconds.
        base_ms: u64,
    },
    /// Every later request passes unfiltered. Here only to show what must never be shipped.
    FailOpen,
}

/// The module or its configuration did not load.
#[derive(Clone, Debug)]
pub struct BuildError {
    /// Why.
    pub error: LoadError,
    /// What had been logged by then.
    pub logs: Vec<LogLine>,
}

impl BuildError {
    pub(super) fn new(error: LoadError, logs: &Logs) -> Self {
        Self {
            error,
            logs: logs.lines(),
        }
    }

    /// Whether a log line contains this text.
    pub fn logged(&self, text: &str) -> bool {
        self.logs.iter().any(|line| line.text.contains(text))
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)?;
        for line in &self.logs {
            write!(f, "\n  {:?}: {}", line.level, line.text)?;
        }
        Ok(())
    }
}

impl std::error::Error for BuildError {}

/// Collects what a host is made of. Every setter may be repeated; the last wins, except for
/// clusters, properties and environment, which add up.
#[must_use]
pub struct HostBuilder {
    wasm: Vec<u8>,
    vm_config: Vec<u8>,
    plugin_config: Vec<u8>,
    env: Vec<(String, String)>,
    workers: usize,
    stop_iteration: bool,
    clusters: BTreeMap<String, Cluster>,
    upstream: Box<super::Upstream>,
    properties: Properties,
    clock: FakeClock,
    policy: FailurePolicy,
    memory_bytes: Option<usize>,
    callback_limit: Option<Duration>,
    body_bytes: Option<usize>,
    capabilities: Capabilities,
    tolerate_mismatch: bool,
}

impl HostBuilder {
    pub(super) fn new(wasm: &[u8]) -> Self {
        let mut properties = Properties::new();
        properties.set("source.address", "127.0.0.1:50000");
        properties.set("connection.id", 1);
        properties.set("connection.mtls", false);
        Self {
            wasm: wasm.to_vec(),
            vm_config: Vec::new(),
            plugin_config: Vec::new(),
            env: Vec::new(),
            workers: 1,
            stop_iteration: true,
            clusters: BTreeMap::new(),
            upstream: Box::new(|_| Response::new(200, "")),
            properties,
            clock: FakeClock::default(),
            policy: FailurePolicy::default(),
            memory_bytes: None,
            callback_limit: None,
            body_bytes: None,
            capabilities: Capabilities::All,
            tolerate_mismatch: false,
        }
    }

    /// Plugin configuration (the policy).
    pub fn plugin_config(mut self, config: impl Into<Vec<u8>>) -> Self {
        self.plugin_config = config.into();
        self
    }

    /// VM configuration.
    pub fn vm_config(mut self, config: impl Into<Vec<u8>>) -> Self {
        self.vm_config = config.into();
        self
    }

    /// One variable of the guest's environment.
    pub fn env(mut self, key: &str, value: &str) -> Self {
        self.env.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Worker VMs, at least 1 (default 1). A base and a main VM come on top.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers.max(1);
        self
    }

    /// Envoy's `allow_on_headers_stop_iteration` (default true, as we deploy it).
    pub fn stop_iteration(mut self, allow: bool) -> Self {
        self.stop_iteration = allow;
        self
    }

    /// A cluster that guests may call.
    pub fn cluster(mut self, name: &str, cluster: Cluster) -> Self {
        self.clusters.insert(name.to_owned(), cluster);
        self
    }

    /// How the upstream answers a complete request (default: 200, empty).
    pub fn upstream(
        mut self,
        answer: impl Fn(&Forwarded) -> Response + Send + Sync + 'static,
    ) -> Self {
        self.upstream = Box::new(answer);
        self
    }

    /// A property of every stream, by its dotted name.
    pub fn property(mut self, dotted: &str, value: impl Into<PropertyValue>) -> Self {
        self.properties.set(dotted, value);
        self
    }

    /// One key of the route's metadata.
    pub fn route_metadata(mut self, namespace: &str, key: &str, value: &str) -> Self {
        self.properties.set_route_metadata(namespace, key, value);
        self
    }

    /// The clock (default: standing at 2026-01-01).
    pub fn clock(mut self, clock: FakeClock) -> Self {
        self.clock = clock;
        self
    }

    /// What happens after a trap (default: Envoy's, fail closed for ever).
    pub fn failure_policy(mut self, policy: FailurePolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Linear memory of a VM, bytes.
    pub fn memory_limit(mut self, bytes: usize) -> Self {
        self.memory_bytes = Some(bytes);
        self
    }

    /// Longest single callback, in real time.
    pub fn callback_limit(mut self, limit: Duration) -> Self {
        self.callback_limit = Some(limit);
        self
    }

    /// Buffer limit of a stream, bytes (default 1 MiB).
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_bytes = Some(bytes);
        self
    }

    /// Only these host calls and callbacks exist.
    pub fn only_capabilities<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        let names: BTreeSet<String> = names.into_iter().map(str::to_owned).collect();
        self.capabilities = Capabilities::Only(names);
        self
    }

    /// One host call or callback does not exist.
    pub fn without_capability(mut self, name: &str) -> Self {
        match &mut self.capabilities {
            Capabilities::All => {
                self.capabilities = Capabilities::Without(BTreeSet::from([name.to_owned()]));
            }
            Capabilities::Without(names) => {
                names.insert(name.to_owned());
            }
            Capabilities::Only(names) => {
                names.remove(name);
            }
        }
        self
    }

    /// Report a wrong `content-length` in the outcome instead of failing the test.
    pub fn tolerate_length_mismatch(mut self) -> Self {
        self.tolerate_mismatch = true;
        self
    }

    /// Compiles, starts and configures every VM.
    ///
    /// # Errors
    /// [`BuildError`] when the module does not load or `on_configure` answers false.
    pub fn build(self) -> Result<Host, BuildError> {
        let services = Services {
            clock: Arc::new(self.clock.clone()),
            clusters: Arc::new(self.clusters.keys().cloned().collect()),
            ..Services::default()
        };
        let module =
            Module::compile(&self.wasm).map_err(|error| BuildError::new(error, &services.logs))?;
        let mut spec = PluginSpec::new(module);
        spec.vm_config = self.vm_config;
        spec.plugin_config = self.plugin_config;
        spec.env = self.env;
        spec.stop_iteration = self.stop_iteration;
        spec.capabilities = self.capabilities;
        spec.memory_bytes = self.memory_bytes.unwrap_or(spec.memory_bytes);
        spec.callback_limit = self.callback_limit.unwrap_or(spec.callback_limit);
        spec.body_bytes = self.body_bytes.unwrap_or(spec.body_bytes);
        let now = self.clock.unix_nanos();
        let vms = Vms::start(Arc::new(spec), &services, self.workers, now)?;
        Ok(Host {
            shared: Arc::new(Shared {
                services,
                clock: self.clock,
                clusters: self.clusters,
                upstream: self.upstream,
                properties: self.properties,
                policy: self.policy,
                tolerate_mismatch: self.tolerate_mismatch,
                calls: Mutex::default(),
                vms: Mutex::new(vms),
            }),
        })
    }
}

impl fmt::Debug for HostBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostBuilder").finish_non_exhaustive()
    }
}
