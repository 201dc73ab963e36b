//! Watching module and configuration, and replacing them for all workers or for none.

use super::config::ConfigSource;
use super::events::{Event, Events};
use super::worker::Control;
use crate::limits;
use crate::logs::LogLine;
use crate::vm::{Module, PluginSpec, Services};
use crate::worker::Worker;
use sha2::{Digest, Sha256};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;

/// Where the module comes from.
#[derive(Clone, Debug)]
pub(super) enum ModuleSource {
    File(PathBuf),
    Bytes(Arc<[u8]>),
}

impl ModuleSource {
    fn read(&self) -> Result<Arc<[u8]>, String> {
        match self {
            Self::Bytes(bytes) => Ok(Arc::clone(bytes)),
            Self::File(path) => std::fs::read(path)
                .map(Arc::from)
                .map_err(|error| format!("{}: {error}", path.display())),
        }
    }
}

/// What a generation is made from.
pub(super) struct Recipe {
    pub(super) module: ModuleSource,
    pub(super) config: Arc<dyn ConfigSource>,
    /// Limits and environment; module and configuration are filled in.
    pub(super) template: Box<dyn Fn(Module) -> PluginSpec + Send>,
    pub(super) services: Services,
    pub(super) workers: usize,
}

/// Module and configuration as they were read.
#[derive(PartialEq, Eq)]
pub(super) struct Content {
    module: [u8; 32],
    config: [u8; 32],
}

impl Recipe {
    /// Reads, compiles, starts and configures: one VM for each worker, or the reason why not.
    pub(super) fn cook(&self, last: Option<&Content>) -> Result<Option<Cooked>, String> {
        let wasm = self.module.read()?;
        let config = self.config.load()?;
        let content = Content {
            module: Sha256::digest(&wasm).into(),
            config: Sha256::digest(&config).into(),
        };
        if last == Some(&content) {
            return Ok(None);
        }
        let before = self.services.logs.lines().len();
        let module = Module::compile(&wasm).map_err(|error| error.to_string())?;
        let mut spec = (self.template)(module);
        spec.plugin_config = config;
        let spec = Arc::new(spec);
        let workers = (0..self.workers)
            .map(|_| Worker::start(&spec, &self.services))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| with_logs(&error.to_string(), &self.services, before))?;
        Ok(Some(Cooked { content, workers }))
    }

    fn fingerprint(&self) -> Vec<Option<Stamp>> {
        let mut paths = self.config.watched();
        if let ModuleSource::File(path) = &self.module {
            paths.push(path.clone());
        }
        paths.iter().map(|path| Stamp::of(path)).collect()
    }
}

/// A generation, ready to serve.
pub(super) struct Cooked {
    pub(super) content: Content,
    pub(super) workers: Vec<Worker>,
}

/// Enough of a file's identity to see a rename, a copy over it, and a changed symbolic link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    bytes: u64,
    seconds: i64,
    nanos: i64,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let meta = std::fs::metadata(path).ok()?;
        Some(Self {
            inode: meta.ino(),
            bytes: meta.size(),
            seconds: meta.mtime(),
            nanos: meta.mtime_nsec(),
        })
    }
}

/// The watching thread. Dropping it ends the thread.
pub(super) struct Reloader {
    wake: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Reloader {
    pub(super) fn start(
        recipe: Recipe,
        first: Content,
        controls: Vec<Control>,
        events: Arc<Events>,
    ) -> std::io::Result<Self> {
        let (wake, woken) = channel();
        let thread = std::thread::Builder::new()
            .name("sealgate-reload".to_owned())
            .spawn(move || {
                let mut watch = Watch {
                    seen: recipe.fingerprint(),
                    settled: true,
                    content: first,
                    version: 1,
                    recipe,
                    controls,
                    events,
                };
                // The files may have changed between the first load and the first look.
                watch.reload();
                loop {
                    match woken.recv_timeout(limits::WATCH_PERIOD) {
                        Ok(()) => watch.reload(),
                        Err(RecvTimeoutError::Timeout) => watch.look(),
                        Err(RecvTimeoutError::Disconnected) => return,
                    }
                }
            })?;
        Ok(Self {
            wake: Some(wake),
            thread: Some(thread),
        })
    }

    pub(super) fn wake(&self) {
        if let Some(wake) = &self.wake {
            // A thread that is gone has nothing to look at.
            let _ = wake.send(());
        }
    }
}

impl Drop for Reloader {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            // It ends at its next look.
            let _ = thread.join();
        }
    }
}

struct Watch {
    recipe: Recipe,
    controls: Vec<Control>,
    events: Arc<Events>,
    seen: Vec<Option<Stamp>>,
    /// What was seen has been acted on.
    settled: bool,
    content: Content,
    version: u64,
}

impl Watch {
    /// A change is acted on once two looks agree: a copy in progress is left to finish.
    fn look(&mut self) {
        let now = self.recipe.fingerprint();
        if now != self.seen {
            self.seen = now;
            self.settled = false;
        } else if !self.settled {
            self.reload();
        }
    }

    fn reload(&mut self) {
        self.settled = true;
        self.seen = self.recipe.fingerprint();
        match self.recipe.cook(Some(&self.content)) {
            Ok(None) => {}
            Ok(Some(cooked)) => {
                self.content = cooked.content;
                self.version += 1;
                for (control, worker) in self.controls.iter().zip(cooked.workers) {
                    control.replace(worker);
                }
                self.events.emit(Event::Reloaded {
                    version: self.version,
                });
            }
            Err(reason) => self.events.emit(Event::ReloadFailed { reason }),
        }
    }
}

/// A reason together with what the guest logged meanwhile: that is where a policy's faults are.
pub(super) fn with_logs(reason: &str, services: &Services, before: usize) -> String {
    let lines = services.logs.lines();
    let said: Vec<String> = lines
        .iter()
        .skip(before.min(lines.len()))
        .map(|LogLine { text, .. }| text.clone())
        .collect();
    if said.is_empty() {
        reason.to_owned()
    } else {
        format!("{reason}: {}", said.join("; "))
    }
}
