//! One VM with its streams, and the rules by which Envoy's filter chain holds and releases the
//! parts of a message. No I/O: calls to make and events to carry out are taken as data.

mod flow;
mod reply;

use crate::abi::LogLevel;
use crate::call::{Answer, HttpCall};
use crate::headers::Headers;
use crate::property::Properties;
use crate::stream::{Direction, FlowState, Stream, StreamEvent};
use crate::vm::{LoadError, PluginSpec, ROOT, Services, Trapped, Vm};
use std::sync::Arc;
use std::time::Duration;

/// A stream of one worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(u32);

/// A started and configured VM and its streams. After a trap it only fails what reaches it.
#[derive(Debug)]
pub struct Worker {
    vm: Vm,
    spec: Arc<PluginSpec>,
    next_stream: u32,
    failed: Option<Trapped>,
}

impl Worker {
    /// Starts a VM: `_initialize`, `on_vm_start`, `on_configure`.
    ///
    /// # Errors
    /// [`LoadError`] when it does not link, traps, or refuses its configuration.
    pub fn start(spec: &Arc<PluginSpec>, services: &Services) -> Result<Self, LoadError> {
        let vm = Vm::start(spec, services)?;
        Ok(Self {
            vm,
            spec: Arc::clone(spec),
            next_stream: ROOT,
            failed: None,
        })
    }

    /// What the VM was made of.
    pub fn spec(&self) -> &Arc<PluginSpec> {
        &self.spec
    }

    /// Why the VM is lost, if it is.
    pub fn failure(&self) -> Option<&str> {
        self.failed.as_ref().map(|Trapped(reason)| reason.as_str())
    }

    /// Opens a stream with its properties. The guest sees it with its first part.
    pub fn open(&mut self, properties: Properties) -> StreamId {
        self.next_stream = self.next_stream.wrapping_add(1).max(ROOT + 1);
        let id = self.next_stream;
        self.vm.state().streams.insert(id, Stream::new(properties));
        if self.failed.is_none()
            && let Err(trapped) = self.vm.context_create(id, ROOT)
        {
            self.fail(trapped);
        }
        StreamId(id)
    }

    /// A message head arrives.
    pub fn headers(&mut self, id: StreamId, direction: Direction, headers: Headers, end: bool) {
        if direction == Direction::Response && self.with(id, |stream| stream.replied) == Some(true)
        {
            return; // A local reply won; the upstream's answer is dropped.
        }
        flow::headers(self, id, direction, headers, end);
    }

    /// A piece of a body arrives; `end` when nothing follows.
    pub fn body(&mut self, id: StreamId, direction: Direction, bytes: Vec<u8>, end: bool) {
        flow::body(self, id, direction, bytes, end);
    }

    /// Trailers arrive; nothing follows.
    pub fn trailers(&mut self, id: StreamId, direction: Direction, trailers: Headers) {
        flow::trailers(self, id, direction, trailers);
    }

    /// Delivers the answer of a call. An answer nobody waits for is dropped; `false` then.
    pub fn answer(&mut self, token: u32, answer: Answer) -> bool {
        let Some(context) = self.vm.state().pending.remove(&token) else {
            return false;
        };
        if self.failed.is_some() {
            return false; // The stream that waits hangs, as in Envoy.
        }
        let sizes = (
            answer.headers.len(),
            answer.body.len(),
            answer.trailers.len(),
        );
        self.vm.state().answer = Some(answer);
        let ran = self
            .vm
            .call_response(context, token, sizes.0, sizes.1, sizes.2);
        self.vm.state().answer = None;
        match ran {
            Err(trapped) => self.fail(trapped),
            Ok(()) => self.carry_out_all(),
        }
        true
    }

    /// Calls the guest made since the last time, in order.
    pub fn take_calls(&mut self) -> Vec<HttpCall> {
        std::mem::take(&mut self.vm.state().calls)
    }

    /// Whether the guest still waits for this call.
    pub fn awaits(&mut self, token: u32) -> bool {
        self.failed.is_none() && self.vm.state().pending.contains_key(&token)
    }

    /// What the filter let go of this stream since the last time, in order.
    pub fn take_events(&mut self, id: StreamId) -> Vec<StreamEvent> {
        self.with(id, |stream| stream.events.drain(..).collect())
            .unwrap_or_default()
    }

    /// A property as the guest would read it (its own `set_property` included).
    pub fn stream_property(&mut self, id: StreamId, wire_path: &[u8]) -> Option<Vec<u8>> {
        self.with(id, |stream| {
            stream
                .properties
                .value(wire_path)
                .map(|value| value.encode())
        })?
    }

    /// Ends a stream: pending calls are cancelled, then `on_log`, `on_done` and `on_delete`.
    pub fn close(&mut self, id: StreamId) {
        let state = self.vm.state();
        state.pending.retain(|_, context| *context != id.0);
        state.calls.retain(|call| call.context_id != id.0);
        let seen = self.with(id, |stream| {
            stream.in_log = true;
            !stream.unfiltered
        });
        if seen == Some(true) && self.failed.is_none() {
            let ended = self
                .vm
                .on_log(id.0)
                .and_then(|()| self.vm.done(id.0))
                .and_then(|_| self.vm.delete(id.0));
            if let Err(trapped) = ended {
                self.fail(trapped);
            }
        }
        self.vm.state().streams.remove(&id.0);
    }

    /// Runs the guest's tick.
    pub fn tick(&mut self) {
        if self.failed.is_some() {
            return;
        }
        match self.vm.tick() {
            Err(trapped) => self.fail(trapped),
            Ok(()) => self.carry_out_all(),
        }
    }

    /// The tick period the guest asked for.
    pub fn tick_period(&mut self) -> Option<Duration> {
        let period_ms = self.vm.state().tick_period_ms;
        (period_ms > 0).then(|| Duration::from_millis(u64::from(period_ms)))
    }

    /// Request bytes held for a stream whose guest sees nothing of them until it resumes.
    pub fn held_bytes(&mut self, id: StreamId) -> usize {
        let held = self.with(id, |stream| match stream.request.state {
            FlowState::PausedAll => stream.request.body.len(),
            _ => 0,
        });
        held.unwrap_or(0)
    }

    /// Number of open streams.
    pub fn open_streams(&mut self) -> usize {
        self.vm.state().streams.len()
    }

    /// Answers a stream with 503, as Envoy's `failStream`; used for streams of a lost VM.
    pub fn fail_stream(&mut self, id: StreamId) {
        reply::fail(self, id);
    }

    /// Lets a stream pass without the guest (only the FAIL_OPEN policy asks for this).
    pub fn set_unfiltered(&mut self, id: StreamId) {
        self.with(id, |stream| stream.unfiltered = true);
    }

    fn with<T>(&mut self, id: StreamId, read: impl FnOnce(&mut Stream) -> T) -> Option<T> {
        self.vm.state().streams.get_mut(&id.0).map(read)
    }

    fn fail(&mut self, trapped: Trapped) {
        self.vm
            .log(LogLevel::Critical, format!("the VM trapped: {}", trapped.0));
        self.failed = Some(trapped);
    }

    /// After a callback that belongs to no stream's part: any stream may have been acted on.
    fn carry_out_all(&mut self) {
        let ids: Vec<u32> = self.vm.state().streams.keys().copied().collect();
        for id in ids {
            flow::carry_out(self, StreamId(id));
        }
    }
}
