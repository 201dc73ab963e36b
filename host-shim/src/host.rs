//! The test host: Envoy's behaviour around one module, synchronous and without a network unless a
//! cluster is a real socket.
//!
//! ```no_run
//! use sealgate_host_shim::call::Answer;
//! use sealgate_host_shim::host::{Cluster, Host, Request};
//!
//! # let wasm: Vec<u8> = Vec::new();
//! let host = Host::builder(&wasm)
//!     .plugin_config(r#"{"version":1}"#)
//!     .cluster("hsm-bridge", Cluster::closure(|call| Answer::json(call.body.clone())))
//!     .property("connection.tls_version", "TLSv1.3")
//!     .build()?;
//! let outcome = host.request(Request::post("https://api.bank.test/payments").body("{}")).run();
//! assert!(outcome.upstream().is_none(), "not one byte may reach the upstream");
//! # Ok::<(), sealgate_host_shim::host::BuildError>(())
//! ```

mod builder;
mod cluster;
mod message;
mod outcome;
mod run;
mod step;

pub use builder::{BuildError, FailurePolicy, HostBuilder};
pub use cluster::Cluster;
pub use message::{Request, Response};
pub use outcome::{Forwarded, LengthMismatch, Outcome};
pub use run::Run;
pub use step::Step;

use crate::call::HttpCall;
use crate::clock::{Clock, FakeClock};
use crate::fault::{Fault, Nth};
use crate::logs::LogLine;
use crate::property::Properties;
use crate::shared_data::SharedData;
use crate::vm::{Module, PluginSpec, Services};
use crate::worker::Worker;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A host with its VMs: one base, one main, and the workers (Envoy's N + 2). Clones share it.
#[derive(Clone)]
pub struct Host {
    shared: Arc<Shared>,
}

type Upstream = dyn Fn(&Forwarded) -> Response + Send + Sync;

struct Shared {
    services: Services,
    clock: FakeClock,
    clusters: BTreeMap<String, Cluster>,
    upstream: Box<Upstream>,
    properties: Properties,
    policy: FailurePolicy,
    tolerate_mismatch: bool,
    calls: Mutex<Vec<HttpCall>>,
    vms: Mutex<Vms>,
}

/// The VMs of the present generation.
struct Vms {
    spec: Arc<PluginSpec>,
    /// Envoy's base VM: configured, never given a stream.
    _base: Worker,
    main: Arc<Mutex<Worker>>,
    workers: Vec<Slot>,
    next: usize,
    ticked_at: u64,
}

#[derive(Clone)]
struct Slot {
    worker: Arc<Mutex<Worker>>,
    /// When this VM was loaded, in the host's time: the failure policy counts from it.
    loaded_at: u64,
}

impl Host {
    /// Begins a host of this module.
    pub fn builder(wasm: &[u8]) -> HostBuilder {
        HostBuilder::new(wasm)
    }

    /// Prepares a request; nothing happens before it is run.
    pub fn request(&self, request: Request) -> Run {
        Run::new(self.clone(), request)
    }

    /// Replaces the plugin configuration. In-flight streams finish on the old VMs.
    ///
    /// # Errors
    /// [`BuildError`] when the module refuses it; the last good one keeps serving then.
    pub fn reconfigure(&self, config: impl Into<Vec<u8>>) -> Result<(), BuildError> {
        let mut spec = PluginSpec::clone(&lock(&self.shared.vms).spec);
        spec.plugin_config = config.into();
        self.replace(spec)
    }

    /// Replaces module and configuration, as a reload does.
    ///
    /// # Errors
    /// [`BuildError`] when they do not load; the last good ones keep serving then.
    pub fn reload(&self, wasm: &[u8], config: impl Into<Vec<u8>>) -> Result<(), BuildError> {
        let mut spec = PluginSpec::clone(&lock(&self.shared.vms).spec);
        spec.module = Module::compile(wasm)
            .map_err(|error| BuildError::new(error, &self.shared.services.logs))?;
        spec.plugin_config = config.into();
        self.replace(spec)
    }

    fn replace(&self, spec: PluginSpec) -> Result<(), BuildError> {
        let workers = lock(&self.shared.vms).workers.len();
        let now = self.shared.clock.unix_nanos();
        let fresh = Vms::start(Arc::new(spec), &self.shared.services, workers, now)?;
        *lock(&self.shared.vms) = fresh;
        Ok(())
    }

    /// Everything logged so far.
    pub fn logs(&self) -> Vec<LogLine> {
        self.shared.services.logs.lines()
    }

    /// Whether a log line contains this text.
    pub fn logged(&self, text: &str) -> bool {
        self.shared.services.logs.contains(text)
    }

    /// Value of a counter or gauge, or the sample count of a histogram.
    pub fn metric(&self, name: &str) -> Option<u64> {
        self.shared.services.metrics.by_name(name)
    }

    /// Names of the metrics the guest defined, sorted.
    pub fn metric_names(&self) -> Vec<String> {
        self.shared.services.metrics.names()
    }

    /// All guest metrics as Prometheus text.
    pub fn metrics_text(&self) -> String {
        self.shared.services.metrics.prometheus_text()
    }

    /// The shared data of all VMs.
    pub fn shared_data(&self) -> &SharedData {
        &self.shared.services.shared_data
    }

    /// The host's clock; moving it alone neither ticks nor times calls out, see [`Host::advance`].
    pub fn clock(&self) -> &FakeClock {
        &self.shared.clock
    }

    /// Moves the clock, running the ticks that fall due on the main VM and on every worker.
    pub fn advance(&self, by: Duration) {
        self.shared.clock.advance(by);
        let now = self.shared.clock.unix_nanos();
        loop {
            let due = {
                let mut vms = lock(&self.shared.vms);
                let period = lock(&vms.main).tick_period();
                let Some(period) = period.and_then(|period| u64::try_from(period.as_nanos()).ok())
                else {
                    return;
                };
                let due = vms.ticked_at.saturating_add(period) <= now;
                if due {
                    vms.ticked_at = vms.ticked_at.saturating_add(period);
                }
                due
            };
            if !due {
                return;
            }
            self.tick();
        }
    }

    /// Ticks the main VM and every worker once.
    pub fn tick(&self) {
        let vms = lock(&self.shared.vms);
        lock(&vms.main).tick();
        for slot in &vms.workers {
            lock(&slot.worker).tick();
        }
    }

    /// Injects a fault into a host call (`proxy_get_buffer_bytes`), from now on.
    pub fn inject(&self, hostcall: &str, fault: Fault, nth: Nth) {
        self.shared.services.faults.add(hostcall, fault, nth);
    }

    /// Removes every injected fault.
    pub fn clear_faults(&self) {
        self.shared.services.faults.clear();
    }

    /// Every call guests made so far, in order.
    pub fn calls(&self) -> Vec<HttpCall> {
        lock(&self.shared.calls).clone()
    }

    /// Number of streams that are open in the workers of the present generation.
    pub fn open_streams(&self) -> usize {
        lock(&self.shared.vms)
            .workers
            .iter()
            .map(|slot| lock(&slot.worker).open_streams())
            .sum()
    }

    /// The worker for a new stream, reloaded first when the failure policy says so.
    fn worker(&self, wanted: Option<usize>) -> Arc<Mutex<Worker>> {
        let mut vms = lock(&self.shared.vms);
        let count = vms.workers.len().max(1);
        let index = wanted.unwrap_or(vms.next) % count;
        if wanted.is_none() {
            vms.next = (index + 1) % count;
        }
        let spec = Arc::clone(&vms.spec);
        let now = self.shared.clock.unix_nanos();
        let Some(slot) = vms.workers.get_mut(index) else {
            return Arc::clone(&vms.main);
        };
        if lock(&slot.worker).failure().is_some()
            && let FailurePolicy::FailReload { base_ms } = self.shared.policy
            && now.saturating_sub(slot.loaded_at) >= base_ms.saturating_mul(1_000_000)
        {
            // The interval counts from the last load, successful or not.
            slot.loaded_at = now;
            if let Ok(fresh) = Worker::start(&spec, &self.shared.services) {
                slot.worker = Arc::new(Mutex::new(fresh));
            }
        }
        Arc::clone(&slot.worker)
    }
}

impl Vms {
    fn start(
        spec: Arc<PluginSpec>,
        services: &Services,
        workers: usize,
        now: u64,
    ) -> Result<Self, BuildError> {
        let start = || {
            Worker::start(&spec, services).map_err(|error| BuildError::new(error, &services.logs))
        };
        let base = start()?;
        let main = Arc::new(Mutex::new(start()?));
        let workers = (0..workers)
            .map(|_| {
                start().map(|vm| Slot {
                    worker: Arc::new(Mutex::new(vm)),
                    loaded_at: now,
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            spec,
            _base: base,
            main,
            workers,
            next: 0,
            ticked_at: now,
        })
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
