//! A worker thread: one event loop, one VM (and the older ones that still have requests).

use super::connection;
use super::events::{Event, Events};
use super::vm_cell::VmCell;
use crate::abi::LogLevel;
use crate::net::{Client, ClusterAddr};
use crate::property::Properties;
use crate::vm::Services;
use crate::worker::Worker;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::LocalSet;
use tokio_rustls::TlsAcceptor;

/// A VM that failed to come up again is not tried more often than this.
const REBUILD: Duration = Duration::from_millis(100);

/// What all workers of a gateway share.
pub(super) struct Common {
    pub(super) services: Services,
    pub(super) events: Arc<Events>,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) own_certificate: Option<Vec<u8>>,
    pub(super) upstream: ClusterAddr,
    pub(super) clusters: BTreeMap<String, ClusterAddr>,
    pub(super) properties: Properties,
    pub(super) request_timeout: Duration,
    pub(super) body_bytes: usize,
}

/// How a worker is told things.
pub(super) struct Control {
    commands: mpsc::UnboundedSender<Command>,
}

enum Command {
    Replace(Box<Worker>),
    Stop { graceful: bool },
}

impl Control {
    /// A control and the other end for its worker.
    pub(super) fn pair() -> (Self, Commands) {
        let (commands, receiver) = mpsc::unbounded_channel();
        (Self { commands }, Commands(receiver))
    }

    /// New requests go to this VM.
    pub(super) fn replace(&self, worker: Worker) {
        // A worker that is gone serves nothing.
        let _ = self.commands.send(Command::Replace(Box::new(worker)));
    }

    /// Ends the worker.
    pub(super) fn stop(&self, graceful: bool) {
        let _ = self.commands.send(Command::Stop { graceful });
    }

    /// Another handle of the same worker.
    pub(super) fn clone_handle(&self) -> Self {
        Self {
            commands: self.commands.clone(),
        }
    }
}

/// The worker's end of a [`Control`].
pub(super) struct Commands(mpsc::UnboundedReceiver<Command>);

/// What the tasks of one worker thread share.
pub(super) struct Thread {
    pub(super) common: Arc<Common>,
    pub(super) upstream: Client,
    clusters: Rc<BTreeMap<String, Client>>,
    current: RefCell<Rc<VmCell>>,
    rebuilt: Cell<Option<Instant>>,
    /// Requests in flight.
    pub(super) busy: Cell<usize>,
    pub(super) next_connection: Cell<i64>,
}

impl Thread {
    /// The VM for a new request. A lost one is built anew first.
    pub(super) fn vm(&self) -> Rc<VmCell> {
        let current = Rc::clone(&self.current.borrow());
        if !current.failed() || self.rebuilt.get().is_some_and(|at| at.elapsed() < REBUILD) {
            return current;
        }
        let spec = current.with(|worker| Arc::clone(worker.spec()));
        match Worker::start(&spec, &self.common.services) {
            Ok(worker) => {
                self.rebuilt.set(None);
                self.replace(worker);
            }
            Err(error) => {
                self.rebuilt.set(Some(Instant::now()));
                let text = format!("a lost VM could not be built anew: {error}");
                self.common.services.logs.push(LogLevel::Critical, text);
            }
        }
        Rc::clone(&self.current.borrow())
    }

    fn replace(&self, worker: Worker) {
        let events = Arc::clone(&self.common.events);
        let cell = VmCell::new(worker, Rc::clone(&self.clusters), events);
        *self.current.borrow_mut() = cell;
    }
}

/// Runs a worker until it is stopped. Must be called on a thread of its own.
pub(super) fn run(
    common: Arc<Common>,
    listener: std::net::TcpListener,
    worker: Worker,
    commands: Commands,
) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = LocalSet::new();
    local.block_on(&runtime, serve(common, listener, worker, commands))
}

async fn serve(
    common: Arc<Common>,
    listener: std::net::TcpListener,
    worker: Worker,
    mut commands: Commands,
) -> std::io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let clusters: BTreeMap<String, Client> = common
        .clusters
        .iter()
        .map(|(name, address)| (name.clone(), Client::new(address.clone())))
        .collect();
    let clusters = Rc::new(clusters);
    let cell = VmCell::new(worker, Rc::clone(&clusters), Arc::clone(&common.events));
    let thread = Rc::new(Thread {
        upstream: Client::new(common.upstream.clone()),
        clusters,
        current: RefCell::new(cell),
        rebuilt: Cell::new(None),
        busy: Cell::new(0),
        next_connection: Cell::new(1),
        common,
    });
    let (closing, closed) = watch::channel(false);
    let graceful = loop {
        tokio::select! {
            command = commands.0.recv() => match command {
                Some(Command::Replace(worker)) => thread.replace(*worker),
                Some(Command::Stop { graceful }) => break graceful,
                None => break false,
            },
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let serving = connection::serve(Rc::clone(&thread), stream, peer, closed.clone());
                    tokio::task::spawn_local(serving);
                }
                // Out of file descriptors, most likely: leave time to close some.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
        }
    };
    drop(listener);
    if graceful {
        // Nobody listens only when there is no connection.
        let _ = closing.send(true);
        let deadline = Instant::now() + thread.common.request_timeout;
        while thread.busy.get() > 0 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // The last answers are handed to the sockets by the connections' own tasks.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Reports a handshake that failed.
pub(super) fn handshake_failed(common: &Common, reason: String) {
    common.events.emit(Event::HandshakeFailed { reason });
}
