//! wasmtime, configured as the host of the embedded gateway configures it.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{anyhow, ensure};
use wasmtime::{Config, Engine, Instance, Linker, Module, Store, TypedFunc};

/// An instance of the guest.
pub(crate) struct Wasmtime {
    store: Store<()>,
    prepare: TypedFunc<(u32, u32), u32>,
    run: TypedFunc<u32, u32>,
}

impl Wasmtime {
    /// Compiles and instantiates the guest.
    ///
    /// # Errors
    /// The module does not load.
    pub(crate) fn load(module: &Path) -> anyhow::Result<Self> {
        let mut config = Config::new();
        // As in host-shim: every loop checks whether its time is up, and that has its price.
        config.epoch_interruption(true);
        let engine = Engine::new(&config).map_err(fault)?;
        let module = Module::from_file(&engine, module).map_err(fault)?;
        let mut linker = Linker::new(&engine);
        // Hash tables are seeded by the host; what with does not matter here. The other WASI calls
        // that the standard library imports are never made.
        linker
            .func_wrap("wasi_snapshot_preview1", "random_get", |_: i32, _: i32| 0)
            .map_err(fault)?;
        linker
            .define_unknown_imports_as_traps(&module)
            .map_err(fault)?;
        let mut store = Store::new(&engine, ());
        store.set_epoch_deadline(u64::MAX / 2);
        let instance: Instance = linker.instantiate(&mut store, &module).map_err(fault)?;
        if let Ok(start) = instance.get_typed_func::<(), ()>(&mut store, "_initialize") {
            start.call(&mut store, ()).map_err(fault)?;
        }
        let prepare = instance
            .get_typed_func(&mut store, "prepare")
            .map_err(fault)?;
        let run = instance.get_typed_func(&mut store, "run").map_err(fault)?;
        Ok(Self {
            store,
            prepare,
            run,
        })
    }
}

impl super::Engine for Wasmtime {
    fn version(&self) -> String {
        "wasmtime with epoch interruption".to_owned()
    }

    fn prepare(&mut self, operation: u32, bytes: usize) -> anyhow::Result<usize> {
        let arguments = (operation, u32::try_from(bytes)?);
        let length = self
            .prepare
            .call(&mut self.store, arguments)
            .map_err(fault)?;
        Ok(length as usize)
    }

    fn run(&mut self, times: u32) -> anyhow::Result<Duration> {
        let began = Instant::now();
        let right = self.run.call(&mut self.store, times).map_err(fault)?;
        let taken = began.elapsed();
        ensure!(right == 1, "a result in wasmtime is wrong");
        Ok(taken)
    }
}

/// wasmtime's error type is its own; the whole chain as text.
fn fault(error: wasmtime::Error) -> anyhow::Error {
    anyhow!("{error:#}")
}
