//! One HTTP stream: callbacks in, engine events through, host calls out.

mod head;
mod response;

use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, LogLevel};
use sealgate_engine::telemetry::{BRIDGE_CALLS, BRIDGE_LATENCY, REQUESTS};
use sealgate_engine::{
    Effect, Event, Exchange, Forward, Gate, KeyQuestion, MAX_KEY_SET_BYTES, Reason, Refusal, Ticket,
};
use serde_json::json;
use zeroize::Zeroizing;

use crate::host::{self, HostFault, Moment};
use crate::root::{Shared, log_json};

/// Who owns the request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Held; nothing may pass.
    Pending,
    /// Forwarded; everything else passes.
    Allowed,
    /// Answered by us; nothing passes any more.
    Refused,
}

/// One stream's state.
pub(crate) struct Stream {
    context_id: u32,
    gate: Option<Gate>,
    shared: Rc<Shared>,
    exchange: Option<Exchange>,
    verdict: Verdict,
    request_id: String,
    /// The request's trace context, for the key service.
    traceparent: String,
    /// The host's clock, read once per callback.
    now: Moment,
    /// The engine waits for the body.
    body_wanted: bool,
    /// The stream has ended, by its last body byte or by its trailers.
    body_complete: bool,
    has_trailers: bool,
    /// The one question that is on its way.
    asked: Option<Asked>,
    response: ResponseState,
}

/// A question on its way, to the key service or to an issuer for its keys.
struct Asked {
    /// The host's number of the call.
    call: u32,
    ticket: Ticket,
    operation: &'static str,
    at: Moment,
    /// The largest answer to it.
    max_bytes: usize,
}

/// Where the response is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ResponseState {
    /// Not here yet, or nothing is done to it.
    Free,
    /// Held: its body or its signature is outstanding.
    Held,
    /// Signed, and on its way.
    Released,
    /// Replaced by our own answer; nothing of the upstream's passes.
    Replaced,
}

impl Stream {
    pub(crate) fn new(context_id: u32, gate: Option<Gate>, shared: Rc<Shared>) -> Self {
        Self {
            context_id,
            gate,
            shared,
            exchange: None,
            verdict: Verdict::Pending,
            request_id: String::new(),
            traceparent: String::new(),
            now: Moment::default(),
            body_wanted: false,
            body_complete: false,
            has_trailers: false,
            asked: None,
            response: ResponseState::Free,
        }
    }

    /// Gives the engine one event and does what it says until it waits or has decided.
    fn drive(&mut self, event: Event) {
        if let Err(fault) = self.try_drive(event) {
            self.shared.metrics.host_fault(fault.call);
            log_json(
                LogLevel::Error,
                json!({ "sealgate": "host-fault", "call": fault.call }),
            );
            self.refuse(Reason::HostCallFailed.into());
        }
    }

    fn try_drive(&mut self, event: Event) -> Result<(), HostFault> {
        self.now = host::now()?;
        let mut event = event;
        while self.verdict == Verdict::Pending {
            let Some(exchange) = self.exchange.as_mut() else {
                self.refuse(Reason::NoPolicy.into());
                return Ok(());
            };
            match exchange.handle(event, self.now.seconds()) {
                Effect::Wait => return Ok(()),
                Effect::NeedBody => {
                    self.body_wanted = true;
                    if !self.body_complete {
                        return Ok(());
                    }
                    event = self.take_body()?;
                }
                Effect::AskKey { ticket, question } => match self.ask(ticket, &question) {
                    Ok(()) => return Ok(()),
                    Err(fault) => event = self.no_answer(ticket, fault),
                },
                Effect::FetchKeySet { ticket, question } => match host::fetch_key_set(&question) {
                    Ok(call) => {
                        self.asked = Some(Asked {
                            call,
                            ticket,
                            operation: "jwks",
                            at: self.now,
                            max_bytes: MAX_KEY_SET_BYTES,
                        });
                        return Ok(());
                    }
                    Err(fault) => event = self.no_answer(ticket, fault),
                },
                Effect::Shared { ticket, request } => {
                    event = Event::SharedAnswer {
                        ticket,
                        answer: host::shared(&request),
                    };
                }
                Effect::Forward(forward) => return self.forward(&forward),
                Effect::NeedResponseBody | Effect::Respond(_) => {
                    self.refuse(Reason::UnexpectedEvent.into());
                    return Ok(());
                }
                Effect::Refuse(refusal) => {
                    self.refuse(refusal);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn take_body(&mut self) -> Result<Event, HostFault> {
        self.body_wanted = false;
        let max_bytes = self.exchange.as_ref().and_then(Exchange::max_body_bytes);
        host::request_body(max_bytes.unwrap_or_default()).map(Event::Body)
    }

    fn ask(&mut self, ticket: Ticket, question: &KeyQuestion) -> Result<(), HostFault> {
        self.asked = Some(Asked {
            call: host::ask_key_service(question, &self.traceparent)?,
            ticket,
            operation: question.operation,
            at: self.now,
            max_bytes: sealgate_wire::MAX_BODY_BYTES,
        });
        Ok(())
    }

    /// An unknown cluster answers at once, and never will answer otherwise.
    fn no_answer(&self, ticket: Ticket, fault: HostFault) -> Event {
        self.shared.metrics.host_fault(fault.call);
        Event::KeyAnswer {
            ticket,
            status: 0,
            body: Zeroizing::default(),
        }
    }

    /// Counts an answer: `refused` where the key service was asked for something it will not do.
    fn count_call(&mut self, asked: &Asked, status: u16) {
        self.now = host::now().unwrap_or(asked.at);
        let outcome = match status {
            200..=299 => "answered",
            400..=499 => "refused",
            _ => "failed",
        };
        let metrics = &self.shared.metrics;
        metrics.put(BRIDGE_CALLS, &[asked.operation, outcome], 1);
        let millis = self.now.millis_since(asked.at);
        metrics.put(BRIDGE_LATENCY, &[asked.operation], millis);
    }

    /// Applies the changes; only when all of them took does the verdict become `Allowed`.
    fn forward(&mut self, forward: &Forward) -> Result<(), HostFault> {
        host::edit_request_headers(forward.edits())?;
        if let Some(body) = forward.body() {
            host::replace_request_body(body)?;
        }
        if self.has_trailers {
            self.drop_trailers()?;
        }
        self.verdict = Verdict::Allowed;
        self.shared.watch.end(self.context_id);
        if let Some(exchange) = &self.exchange {
            self.report(exchange, None);
        }
        Ok(())
    }

    /// Trailers are not part of what was signed, sealed or scanned: none passes.
    fn drop_trailers(&self) -> Result<(), HostFault> {
        for name in host::request_trailer_names()? {
            host::remove_request_trailer(&name)?;
        }
        Ok(())
    }

    /// Answers the client, once. From here on every callback holds.
    fn refuse(&mut self, refusal: Refusal) {
        if self.verdict != Verdict::Pending {
            return;
        }
        self.verdict = Verdict::Refused;
        self.shared.watch.end(self.context_id);
        let reason = refusal.reason;
        let policy = self.exchange.as_ref().map_or("none", Exchange::policy_name);
        let mut line = json!({
            "sealgate": "refused",
            "request_id": self.request_id,
            "policy": policy,
            "stage": reason.stage().name(),
            "reason": reason.code(),
        });
        if let (Some(exchange), Some(members)) = (&self.exchange, line.as_object_mut()) {
            if let Some(key) = exchange.key_of(reason) {
                members.insert("key".into(), key.into());
            }
            if let Some(place) = exchange.finding_place() {
                members.insert("place".into(), place.into());
            }
            // What `sealgate explain` prints for the sender's side can be compared with this.
            if let Some(mismatch) = exchange.signature_mismatch() {
                members.insert(
                    "signed_sha256".into(),
                    mismatch.octets_sha256.clone().into(),
                );
                members.insert("covered".into(), mismatch.covered.clone().into());
            }
        }
        log_json(LogLevel::Warn, line);
        match &self.exchange {
            Some(exchange) => self.report(exchange, Some(reason)),
            None => {
                let labels = ["none", reason.stage().name(), "refused", reason.code()];
                self.shared.metrics.put(REQUESTS, &labels, 1);
                publish("sealgate_reason", reason.code());
            }
        }
        let body = refusal.body(&self.request_id);
        if let Err(fault) = host::send_response(refusal.status(), &refusal.headers(), &body) {
            self.shared.metrics.host_fault(fault.call);
        }
    }

    /// What an exchange leaves behind beside its verdict.
    fn report(&self, exchange: &Exchange, refused: Option<Reason>) {
        let metrics = &self.shared.metrics;
        exchange.telemetry(refused, &mut |sample| metrics.add(sample));
        let policy = exchange.policy_name();
        self.shared.connections.count(metrics, policy, self.now);
        let key = match refused {
            Some(reason) => exchange.key_of(reason),
            None => exchange.accepted_signature().map(|(key, _)| key),
        };
        publish("sealgate_policy", policy);
        publish("sealgate_key", key.unwrap_or_default());
        if let Some(reason) = refused {
            publish("sealgate_stage", reason.stage().name());
            publish("sealgate_reason", reason.code());
        }
        for observation in exchange.observations() {
            log_json(
                LogLevel::Warn,
                json!({
                    "sealgate": "observed",
                    "request_id": self.request_id,
                    "policy": policy,
                    "stage": observation.stage().name(),
                    "reason": observation.reason.code(),
                }),
            );
        }
    }

    /// What every request callback returns: the head goes on only after `Allowed`.
    fn action(&self) -> Action {
        match self.verdict {
            Verdict::Allowed => Action::Continue,
            Verdict::Pending | Verdict::Refused => Action::Pause,
        }
    }

    /// The stream has ended; the engine gets its body if it waits for one.
    fn end_of_body(&mut self) {
        self.body_complete = true;
        if !self.body_wanted {
            return;
        }
        match self.take_body() {
            Ok(event) => self.drive(event),
            Err(fault) => {
                self.shared.metrics.host_fault(fault.call);
                self.refuse(Reason::HostCallFailed.into());
            }
        }
    }
}

impl Context for Stream {
    fn on_http_call_response(
        &mut self,
        token: u32,
        headers: usize,
        body_bytes: usize,
        _trailers: usize,
    ) {
        let Some(asked) = self.asked.take() else {
            return;
        };
        if asked.call != token {
            self.refuse(Reason::UnexpectedEvent.into());
            return;
        }
        // A call that broke off has no header map at all; asking for one would trap.
        let (status, body) = match headers {
            0 => Default::default(),
            _ => host::call_answer(body_bytes, asked.max_bytes),
        };
        let ticket = asked.ticket;
        self.count_call(&asked, status);
        let answer = Event::KeyAnswer {
            ticket,
            status,
            body,
        };
        if self.response == ResponseState::Held {
            self.drive_response(answer);
            if self.response == ResponseState::Released && host::resume_response().is_err() {
                self.shared.metrics.host_fault("continue_stream");
            }
            return;
        }
        self.drive(answer);
        if self.verdict == Verdict::Allowed && host::resume_request().is_err() {
            self.shared.metrics.host_fault("continue_stream");
        }
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _headers: usize, end_of_stream: bool) -> Action {
        if self.exchange.is_some() || self.verdict != Verdict::Pending {
            self.refuse(Reason::UnexpectedEvent.into());
            return self.action();
        }
        self.body_complete = end_of_stream;
        match self.head(end_of_stream) {
            Ok((head, channel)) => {
                self.request_id = head::request_id(&head);
                self.traceparent = head::traceparent(&head);
                self.exchange = self.gate.as_ref().map(|gate| gate.begin(head, channel));
                if !end_of_stream {
                    self.shared.watch.begin(self.context_id);
                }
                self.drive(Event::Head);
            }
            Err(fault) => {
                self.shared.metrics.host_fault(fault.call);
                self.refuse(Reason::HostCallFailed.into());
            }
        }
        self.action()
    }

    fn on_http_request_body(&mut self, buffered_bytes: usize, end_of_stream: bool) -> Action {
        self.shared.watch.end(self.context_id);
        if self.verdict == Verdict::Pending {
            self.drive(Event::BodyProgress { buffered_bytes });
        }
        if self.verdict == Verdict::Pending && end_of_stream {
            self.end_of_body();
        }
        self.action()
    }

    fn on_http_request_trailers(&mut self, _trailers: usize) -> Action {
        self.shared.watch.end(self.context_id);
        self.has_trailers = true;
        match self.verdict {
            Verdict::Pending => self.end_of_body(),
            // An open route's trailers could still carry an identity header.
            Verdict::Allowed => {
                if let Err(fault) = self.drop_trailers() {
                    self.shared.metrics.host_fault(fault.call);
                    return Action::Pause;
                }
            }
            Verdict::Refused => {}
        }
        self.action()
    }

    fn on_http_response_headers(&mut self, _headers: usize, end_of_stream: bool) -> Action {
        // A response from the upstream before the verdict: the host did not hold the request.
        let leaked = self.verdict == Verdict::Pending
            && host::property_text(&["upstream", "address"]).is_some();
        if leaked {
            self.refuse(Reason::HostDoesNotHold.into());
            return Action::Pause;
        }
        self.response_head(end_of_stream)
    }

    fn on_http_response_body(&mut self, buffered_bytes: usize, end_of_stream: bool) -> Action {
        self.response_progress(buffered_bytes, end_of_stream)
    }

    fn on_http_response_trailers(&mut self, _trailers: usize) -> Action {
        self.response_progress(0, true)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.shared.watch.end(self.context_id);
    }
}

/// Leaves a word for the access log; a host that does not take it changes nothing.
fn publish(name: &str, value: &str) {
    if !value.is_empty() {
        let _ = host::publish(name, value);
    }
}
