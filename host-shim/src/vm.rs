//! One VM: a wasm instance with its memory, and the state that its host calls work on.

mod buffers;
mod callbacks;
mod engine;
mod imports;
mod maps;
mod memory;
mod services;
mod wasi;

pub(crate) use callbacks::Part;
pub use engine::Module;
pub use services::{Capabilities, PluginSpec, Services};

use crate::abi::LogLevel;
use crate::call::{Answer, HttpCall};
use crate::limits;
use crate::stream::Stream;
use callbacks::Callbacks;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use wasmtime::{Memory, Store, StoreLimits, StoreLimitsBuilder, TypedFunc};

/// Context id of the plugin itself.
pub(crate) const ROOT: u32 = 1;

/// Why a VM could not be made ready.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadError {
    /// The bytes are not a module that can be compiled.
    Module(String),
    /// The module does not fit: a missing import, no memory, no allocator.
    Link(String),
    /// It trapped while starting.
    Trap(String),
    /// `on_vm_start` or `on_configure` answered false.
    Refused(&'static str),
}

impl LoadError {
    /// Stable code for logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Module(_) => "module",
            Self::Link(_) => "link",
            Self::Trap(_) => "trap",
            Self::Refused(_) => "refused",
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Module(reason) => write!(f, "the module cannot be compiled: {reason}"),
            Self::Link(reason) => write!(f, "the module does not fit this host: {reason}"),
            Self::Trap(reason) => write!(f, "the module trapped while starting: {reason}"),
            Self::Refused(callback) => write!(f, "{callback} answered false"),
        }
    }
}

impl std::error::Error for LoadError {}

/// The guest trapped (panic, out of memory, out of time); the VM is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trapped(pub String);

/// What the host calls of one VM work on.
pub(crate) struct State {
    pub(crate) services: Services,
    pub(crate) spec: Arc<PluginSpec>,
    pub(crate) limits: StoreLimits,
    pub(crate) memory: Option<Memory>,
    pub(crate) allocate: Option<TypedFunc<u32, u32>>,
    pub(crate) streams: BTreeMap<u32, Stream>,
    /// The context whose callback runs, or the one the guest chose.
    pub(crate) effective: u32,
    /// The answer that `on_http_call_response` may read.
    pub(crate) answer: Option<Answer>,
    pub(crate) calls: Vec<HttpCall>,
    /// Calls not yet answered: token -> context.
    pub(crate) pending: BTreeMap<u32, u32>,
    pub(crate) next_token: u32,
    pub(crate) tick_period_ms: u32,
}

impl State {
    pub(crate) fn stream(&mut self) -> Option<&mut Stream> {
        self.streams.get_mut(&self.effective)
    }
}

/// An instance that has been started and configured.
pub(crate) struct Vm {
    pub(crate) store: Store<State>,
    callbacks: Callbacks,
    callback_ticks: u64,
}

impl Vm {
    /// Instantiates, starts and configures.
    pub(crate) fn start(spec: &Arc<PluginSpec>, services: &Services) -> Result<Self, LoadError> {
        let limits = StoreLimitsBuilder::new()
            .memory_size(spec.memory_bytes)
            .build();
        let state = State {
            services: services.clone(),
            spec: Arc::clone(spec),
            limits,
            memory: None,
            allocate: None,
            streams: BTreeMap::new(),
            effective: ROOT,
            answer: None,
            calls: Vec::new(),
            pending: BTreeMap::new(),
            next_token: 0,
            tick_period_ms: 0,
        };
        let mut store = Store::new(engine::engine(), state);
        store.limiter(|state| &mut state.limits);
        store.epoch_deadline_trap();
        let callback_ticks = engine::ticks(spec.callback_limit.max(limits::START_CALLBACK));
        store.set_epoch_deadline(callback_ticks);

        let linker = imports::linker(&spec.capabilities)
            .map_err(|error| LoadError::Link(format!("{error:#}")))?;
        let instance = linker
            .instantiate(&mut store, spec.module.inner())
            .map_err(|error| LoadError::Link(format!("{error:#}")))?;
        let memory = instance
            .get_memory(&mut store, "memory")
            .ok_or_else(|| LoadError::Link("it exports no memory".to_owned()))?;
        let allocate = ["proxy_on_memory_allocate", "malloc"]
            .into_iter()
            .find_map(|name| instance.get_typed_func::<u32, u32>(&mut store, name).ok())
            .ok_or_else(|| LoadError::Link("it exports no allocator".to_owned()))?;
        store.data_mut().memory = Some(memory);
        store.data_mut().allocate = Some(allocate);
        let callbacks = Callbacks::find(&mut store, &instance, &spec.capabilities);
        let mut vm = Self {
            store,
            callbacks,
            callback_ticks,
        };
        vm.begin(&instance)?;
        vm.callback_ticks = engine::ticks(spec.callback_limit);
        Ok(vm)
    }

    fn begin(&mut self, instance: &wasmtime::Instance) -> Result<(), LoadError> {
        for name in ["_initialize", "_start"] {
            if let Ok(entry) = instance.get_typed_func::<(), ()>(&mut self.store, name) {
                let ran = entry.call(&mut self.store, ());
                ran.map_err(|error| LoadError::Trap(format!("{error:#}")))?;
                break;
            }
        }
        let trapped = |Trapped(reason)| LoadError::Trap(reason);
        self.context_create(ROOT, 0).map_err(trapped)?;
        let vm_bytes = self.store.data().spec.vm_config.len();
        if !self.vm_start(vm_bytes).map_err(trapped)? {
            return Err(LoadError::Refused("on_vm_start"));
        }
        let plugin_bytes = self.store.data().spec.plugin_config.len();
        if !self.configure(plugin_bytes).map_err(trapped)? {
            return Err(LoadError::Refused("on_configure"));
        }
        Ok(())
    }

    pub(crate) fn state(&mut self) -> &mut State {
        self.store.data_mut()
    }

    pub(crate) fn log(&self, level: LogLevel, text: impl Into<String>) {
        self.store.data().services.logs.push(level, text);
    }
}

impl fmt::Debug for Vm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vm").finish_non_exhaustive()
    }
}
