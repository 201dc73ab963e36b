//! One stream, part by part.

use super::cluster::Cluster;
use super::outcome::{Forwarded, Outcome, mismatch};
use super::{FailurePolicy, Host, Request, Response, lock};
use crate::call::{Answer, HttpCall};
use crate::clock::Clock;
use crate::headers::Headers;
use crate::property::PropertyValue;
use crate::stream::{Direction, StreamEvent};
use crate::worker::{StreamId, Worker};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// An open stream. The test sends its parts and answers its calls; [`Step::finish`] ends it.
#[derive(Debug)]
pub struct Step {
    host: Host,
    worker: Arc<Mutex<Worker>>,
    id: StreamId,
    request: Request,
    pending: Vec<Waiting>,
    seen: Option<Forwarded>,
    response: Option<Response>,
    replied: bool,
    reset: bool,
    answered: bool,
    closed: bool,
}

#[derive(Debug)]
struct Waiting {
    call: HttpCall,
    deadline: u64,
    cluster: Option<Cluster>,
}

impl Step {
    pub(super) fn open(host: Host, request: Request) -> Self {
        let worker = host.worker(request.worker);
        let mut properties = host.shared.properties.clone();
        properties.merge(&request.properties);
        let protocol = if request.http2 { "HTTP/2" } else { "HTTP/1.1" };
        if properties.value(b"request\0protocol").is_none() {
            properties.set("request.protocol", PropertyValue::from(protocol));
        }
        let id = {
            let mut vm = lock(&worker);
            let failed = vm.failure().is_some();
            let id = vm.open(properties);
            if failed && host.shared.policy == FailurePolicy::FailOpen {
                vm.set_unfiltered(id);
            }
            id
        };
        Self {
            host,
            worker,
            id,
            request,
            pending: Vec::new(),
            seen: None,
            response: None,
            replied: false,
            reset: false,
            answered: false,
            closed: false,
        }
    }

    /// Sends the head; the end flag follows the request's body and trailers.
    pub fn send_headers(&mut self) {
        let (head, end) = (self.request.head(), self.request.ends_with_head());
        self.vm().headers(self.id, Direction::Request, head, end);
        self.pump();
    }

    /// Sends a piece of body, whatever the request says.
    pub fn send_body(&mut self, bytes: impl Into<Vec<u8>>, end: bool) {
        let bytes = bytes.into();
        self.vm().body(self.id, Direction::Request, bytes, end);
        self.pump();
    }

    /// Sends trailers, which end the request.
    pub fn send_trailers(&mut self, trailers: Headers) {
        self.vm().trailers(self.id, Direction::Request, trailers);
        self.pump();
    }

    /// Calls that wait for an answer.
    pub fn pending_calls(&self) -> Vec<HttpCall> {
        self.pending
            .iter()
            .map(|waiting| waiting.call.clone())
            .collect()
    }

    /// Answers a pending call. `false` when the guest does not wait for it any more.
    pub fn answer(&mut self, token: u32, answer: Answer) -> bool {
        self.pending.retain(|waiting| waiting.call.token != token);
        let awaited = self.vm().answer(token, answer);
        self.pump();
        awaited
    }

    /// What the upstream has seen so far; `None` is "not one byte".
    pub fn upstream(&self) -> Option<&Forwarded> {
        self.seen.as_ref()
    }

    /// What the client has got so far.
    pub fn response(&self) -> Option<&Response> {
        self.response.as_ref()
    }

    /// A property the guest stored with `set_property`.
    pub fn stored_property(&self, name: &str) -> Option<Vec<u8>> {
        lock(&self.worker).stream_property(self.id, name.as_bytes())
    }

    /// Looks again at what left the filter: another stream's callback may have moved this one.
    pub fn refresh(&mut self) {
        self.pump();
    }

    /// Plays the rest of the request by itself, as a run does.
    pub fn play(&mut self) {
        self.send_headers();
        if !self.request.late_answers {
            self.answer_ready();
        }
        let pieces = if self.request.ends_with_head() {
            Vec::new()
        } else {
            self.request.pieces()
        };
        for (bytes, end) in pieces {
            if self.replied || self.reset {
                break;
            }
            self.send_body(bytes, end);
            if !self.request.late_answers {
                self.answer_ready();
            }
        }
        if let Some(trailers) = self.request.trailers.clone()
            && !self.replied
            && !self.reset
        {
            self.send_trailers(trailers);
        }
        self.settle();
    }

    /// Ends the stream and tells what became of it.
    ///
    /// # Panics
    /// When a forwarded message declares a length that is not its body's, unless the builder
    /// tolerates it.
    #[track_caller]
    pub fn finish(mut self) -> Outcome {
        self.pump();
        self.close();
        if !self.host.shared.tolerate_mismatch {
            self.check_lengths();
        }
        let (seen, response) = (self.seen.take(), self.response.take());
        match (response, seen) {
            (_, leaked) if self.reset => Outcome::Reset { leaked },
            (Some(reply), leaked) if self.replied && reply.complete => {
                Outcome::LocalReply { reply, leaked }
            }
            (Some(response), Some(request)) if response.complete && request.complete => {
                Outcome::Forwarded { request, response }
            }
            (_, leaked) => Outcome::Hung { leaked },
        }
    }

    /// Answers what clusters answer by themselves, until nothing new comes.
    fn answer_ready(&mut self) {
        while let Some((token, answer)) = self.pending.iter().find_map(|waiting| {
            let answer = waiting.cluster.as_ref()?.0.answer(&waiting.call)?;
            Some((waiting.call.token, answer))
        }) {
            self.answer(token, answer);
        }
    }

    /// Lets every call come to its end: by its cluster, or by the clock.
    fn settle(&mut self) {
        loop {
            self.answer_ready();
            let done = self
                .response
                .as_ref()
                .is_some_and(|response| response.complete);
            if done || self.reset {
                return;
            }
            let next = self.pending.iter().min_by_key(|waiting| waiting.deadline);
            let Some((token, deadline)) =
                next.map(|waiting| (waiting.call.token, waiting.deadline))
            else {
                return;
            };
            let now = self.host.clock().unix_nanos();
            self.host
                .clock()
                .advance(Duration::from_nanos(deadline.saturating_sub(now)));
            self.answer(token, Answer::timed_out());
        }
    }

    fn pump(&mut self) {
        loop {
            let calls = self.vm().take_calls();
            let now = self.host.clock().unix_nanos();
            for call in calls {
                lock(&self.host.shared.calls).push(call.clone());
                let timeout = u64::try_from(call.timeout.as_nanos()).unwrap_or(u64::MAX);
                let cluster = self.host.shared.clusters.get(&call.cluster).cloned();
                let deadline = now.saturating_add(timeout);
                self.pending.push(Waiting {
                    call,
                    deadline,
                    cluster,
                });
            }
            let events = self.vm().take_events(self.id);
            for event in events {
                self.apply(event);
            }
            if !self.respond() {
                return;
            }
        }
    }

    /// Lets the upstream answer a complete request, once. `true` when it did.
    fn respond(&mut self) -> bool {
        let Some(seen) = self.seen.as_ref().filter(|seen| seen.complete) else {
            return false;
        };
        if self.answered || self.replied || self.reset {
            return false;
        }
        self.answered = true;
        let response = (self.host.shared.upstream)(seen);
        let end = response.body.is_empty() && response.trailers.is_none();
        let mut vm = self.vm();
        vm.headers(self.id, Direction::Response, response.headers, end);
        if !end {
            let last = response.trailers.is_none();
            vm.body(self.id, Direction::Response, response.body, last);
        }
        if let Some(trailers) = response.trailers {
            vm.trailers(self.id, Direction::Response, trailers);
        }
        true
    }

    fn apply(&mut self, event: StreamEvent) {
        match event {
            StreamEvent::LocalReply { .. } => {
                self.replied = true;
                self.response = None;
            }
            StreamEvent::Reset => self.reset = true,
            StreamEvent::Head {
                direction: Direction::Request,
                headers,
                end,
            } => {
                self.seen = Some(Forwarded {
                    head: headers,
                    body: Vec::new(),
                    trailers: None,
                    complete: end,
                });
            }
            StreamEvent::Head {
                direction: Direction::Response,
                headers,
                end,
            } => {
                self.response = Some(Response {
                    headers,
                    complete: end,
                    ..Response::default()
                });
            }
            StreamEvent::Data {
                direction: Direction::Request,
                bytes,
                end,
            } => {
                if let Some(seen) = &mut self.seen {
                    seen.body.extend_from_slice(&bytes);
                    seen.complete |= end;
                }
            }
            StreamEvent::Data {
                direction: Direction::Response,
                bytes,
                end,
            } => {
                if let Some(response) = &mut self.response {
                    response.body.extend_from_slice(&bytes);
                    response.complete |= end;
                }
            }
            StreamEvent::Trailers {
                direction: Direction::Request,
                trailers,
            } => {
                if let Some(seen) = &mut self.seen {
                    seen.trailers = Some(trailers);
                    seen.complete = true;
                }
            }
            StreamEvent::Trailers {
                direction: Direction::Response,
                trailers,
            } => {
                if let Some(response) = &mut self.response {
                    response.trailers = Some(trailers);
                    response.complete = true;
                }
            }
        }
    }

    #[track_caller]
    #[expect(clippy::panic, reason = "this is how a test host makes its test fail")]
    fn check_lengths(&self) {
        if let Some(wrong) = self
            .seen
            .as_ref()
            .and_then(Forwarded::content_length_mismatch)
        {
            panic!(
                "the upstream would be smuggled: {wrong:?} in {:?}",
                self.seen
            );
        }
        let response = self.response.as_ref().filter(|response| response.complete);
        if self.request.method != "HEAD"
            && let Some(wrong) = response.and_then(|found| mismatch(&found.headers, &found.body))
        {
            panic!("the client would be misled: {wrong:?} in {response:?}");
        }
    }

    fn close(&mut self) {
        if !self.closed {
            self.closed = true;
            self.vm().close(self.id);
        }
    }

    fn vm(&self) -> MutexGuard<'_, Worker> {
        lock(&self.worker)
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.close();
    }
}
