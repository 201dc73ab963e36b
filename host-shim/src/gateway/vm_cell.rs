//! One VM on its worker thread, shared by the requests that began on it.

use super::events::{Event, Events};
use crate::net::Client;
use crate::property::Properties;
use crate::stream::StreamEvent;
use crate::worker::{StreamId, Worker};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::mpsc;

/// The cell. All of it lives on one thread.
pub(super) struct VmCell {
    worker: RefCell<Worker>,
    streams: RefCell<BTreeMap<StreamId, mpsc::UnboundedSender<StreamEvent>>>,
    clusters: Rc<BTreeMap<String, Client>>,
    events: Arc<Events>,
    failed: Cell<bool>,
}

impl VmCell {
    pub(super) fn new(
        worker: Worker,
        clusters: Rc<BTreeMap<String, Client>>,
        events: Arc<Events>,
    ) -> Rc<Self> {
        let cell = Rc::new(Self {
            worker: RefCell::new(worker),
            streams: RefCell::default(),
            clusters,
            events,
            failed: Cell::new(false),
        });
        cell.start_ticking();
        // Calls made while the module was configured.
        cell.pump();
        cell
    }

    /// Opens a stream; its events arrive on the receiver.
    pub(super) fn open(
        self: &Rc<Self>,
        properties: Properties,
    ) -> (StreamId, mpsc::UnboundedReceiver<StreamEvent>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let id = self.worker.borrow_mut().open(properties);
        self.streams.borrow_mut().insert(id, sender);
        self.pump();
        (id, receiver)
    }

    /// Does something to the VM and carries out what follows from it.
    pub(super) fn with<T>(self: &Rc<Self>, act: impl FnOnce(&mut Worker) -> T) -> T {
        let done = act(&mut self.worker.borrow_mut());
        self.pump();
        done
    }

    /// Ends a stream.
    pub(super) fn close(self: &Rc<Self>, id: StreamId) {
        self.streams.borrow_mut().remove(&id);
        self.with(|worker| worker.close(id));
    }

    /// The VM is lost.
    pub(super) fn failed(&self) -> bool {
        self.failed.get()
    }

    fn pump(self: &Rc<Self>) {
        for call in self.worker.borrow_mut().take_calls() {
            let token = call.token;
            let Some(client) = self.clusters.get(&call.cluster).cloned() else {
                continue;
            };
            let cell = Rc::clone(self);
            tokio::task::spawn_local(async move {
                let answer = client.ask(call).await;
                cell.with(|worker| worker.answer(token, answer));
            });
        }
        let trap = self.worker.borrow().failure().map(str::to_owned);
        if let Some(reason) = trap
            && !self.failed.replace(true)
        {
            self.events.emit(Event::Trapped { reason });
            // Envoy lets the others hang; here every stream of the VM is answered.
            let ids: Vec<StreamId> = self.streams.borrow().keys().copied().collect();
            let mut worker = self.worker.borrow_mut();
            for id in ids {
                worker.fail_stream(id);
            }
        }
        let mut worker = self.worker.borrow_mut();
        for (&id, sender) in self.streams.borrow().iter() {
            for event in worker.take_events(id) {
                // A stream that is just ending reads no more.
                let _ = sender.send(event);
            }
        }
    }

    fn start_ticking(self: &Rc<Self>) {
        let Some(period) = self.worker.borrow_mut().tick_period() else {
            return;
        };
        let cell = Rc::downgrade(self);
        tokio::task::spawn_local(async move {
            loop {
                tokio::time::sleep(period).await;
                match cell.upgrade() {
                    Some(cell) if !cell.failed() => cell.with(Worker::tick),
                    _ => return,
                }
            }
        });
    }
}
