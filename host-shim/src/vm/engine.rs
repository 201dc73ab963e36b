//! One engine for the process, its epoch ticker, and compiled modules shared by their bytes.

use super::LoadError;
use crate::limits;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use wasmtime::{Config, Engine};

/// A compiled module. Clones share the code; the same bytes are compiled once per process.
#[derive(Clone)]
pub struct Module {
    inner: wasmtime::Module,
    sha256: [u8; 32],
}

/// Compiled code by the SHA-256 of its bytes.
type Cache = Mutex<HashMap<[u8; 32], Arc<OnceLock<wasmtime::Module>>>>;

/// Compiled modules kept alive by the last uses; a small bound, because a watched file may change
/// for ever.
const KEPT: usize = 32;

impl Module {
    /// Compiles (or finds) a module.
    ///
    /// # Errors
    /// [`LoadError::Module`] when the bytes are not a valid module.
    pub fn compile(wasm: &[u8]) -> Result<Self, LoadError> {
        static CACHE: OnceLock<Cache> = OnceLock::new();
        let sha256: [u8; 32] = Sha256::digest(wasm).into();
        let slot = {
            let cache = CACHE.get_or_init(Mutex::default);
            let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
            if cache.len() >= KEPT && !cache.contains_key(&sha256) {
                cache.clear();
            }
            Arc::clone(cache.entry(sha256).or_default())
        };
        if let Some(inner) = slot.get() {
            return Ok(Self {
                inner: inner.clone(),
                sha256,
            });
        }
        let inner = wasmtime::Module::from_binary(engine(), wasm)
            .map_err(|error| LoadError::Module(format!("{error:#}")))?;
        Ok(Self {
            inner: slot.get_or_init(|| inner).clone(),
            sha256,
        })
    }

    /// SHA-256 of the module's bytes.
    pub fn sha256(&self) -> [u8; 32] {
        self.sha256
    }

    /// Import names, as `module.name`, in the module's order.
    pub fn imports(&self) -> Vec<String> {
        self.inner
            .imports()
            .map(|import| format!("{}.{}", import.module(), import.name()))
            .collect()
    }

    /// Export names, in the module's order.
    pub fn exports(&self) -> Vec<String> {
        self.inner
            .exports()
            .map(|export| export.name().to_owned())
            .collect()
    }

    pub(super) fn inner(&self) -> &wasmtime::Module {
        &self.inner
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module").finish_non_exhaustive()
    }
}

/// The process-wide engine; the first use starts its ticker thread.
#[expect(
    clippy::expect_used,
    reason = "a fixed configuration; no input reaches it"
)]
pub(super) fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let mut config = Config::new();
        config.epoch_interruption(true);
        let engine = Engine::new(&config).expect("the fixed engine configuration is valid");
        let ticking = engine.clone();
        std::thread::Builder::new()
            .name("wasm-epoch".to_owned())
            .spawn(move || {
                loop {
                    std::thread::sleep(limits::EPOCH_TICK);
                    ticking.increment_epoch();
                }
            })
            .expect("a thread for the epoch ticker");
        engine
    })
}

/// A callback limit in epochs, rounded up, at least two (the first may be nearly over).
pub(super) fn ticks(limit: Duration) -> u64 {
    let ticks = limit.as_nanos().div_ceil(limits::EPOCH_TICK.as_nanos());
    u64::try_from(ticks)
        .unwrap_or(u64::MAX / 4)
        .clamp(2, u64::MAX / 4)
}
