//! One HTTP stream: callbacks in, engine events through, host calls out.

mod response;

use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, LogLevel};
use sealgate_engine::{
    Channel, Effect, Event, Exchange, Forward, Gate, KeyQuestion, MAX_KEY_SET_BYTES, Reason,
    Refusal, RequestHead, Ticket,
};
use serde_json::json;
use zeroize::Zeroizing;

use crate::host::{self, HostFault};
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
    /// The engine waits for the body.
    body_wanted: bool,
    /// The stream has ended, by its last body byte or by its trailers.
    body_complete: bool,
    has_trailers: bool,
    /// The one question that is on its way, and the largest answer to it.
    asked: Option<(u32, Ticket, usize)>,
    response: ResponseState,
    has_response_trailers: bool,
}

/// Where the response is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ResponseState {
    /// Not here yet, or nothing is done to it.
    Free,
    /// Held: its body, or what is done to it, is outstanding.
    Held,
    /// Sealed or signed, and on its way.
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
            body_wanted: false,
            body_complete: false,
            has_trailers: false,
            asked: None,
            response: ResponseState::Free,
            has_response_trailers: false,
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
        let mut event = event;
        while self.verdict == Verdict::Pending {
            let Some(exchange) = self.exchange.as_mut() else {
                self.refuse(Reason::NoPolicy.into());
                return Ok(());
            };
            match exchange.handle(event, host::now()?) {
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
                        self.asked = Some((call, ticket, MAX_KEY_SET_BYTES));
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
        let call = host::ask_key_service(question)?;
        self.asked = Some((call, ticket, sealgate_wire::MAX_BODY_BYTES));
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

    /// Applies the changes; only when all of them took does the verdict become `Allowed`.
    fn forward(&mut self, forward: &Forward) -> Result<(), HostFault> {
        host::edit_request_headers(forward.edits())?;
        for (name, value) in forward.metadata() {
            host::publish(name, value)?;
        }
        if let Some(body) = forward.body() {
            host::replace_request_body(body)?;
        }
        if self.has_trailers {
            // Trailers are not part of what was signed, sealed or scanned: none passes.
            host::drop_request_trailers()?;
        }
        self.verdict = Verdict::Allowed;
        self.shared.watch.end(self.context_id);
        if let Some(exchange) = &self.exchange {
            let policy = exchange.policy_name();
            let outcome = if policy == "open" { "open" } else { "allowed" };
            self.shared.metrics.verdict(policy, outcome, None);
            self.report(exchange);
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
        self.shared.metrics.verdict(policy, "refused", Some(reason));
        let mut line = json!({
            "sealgate": "refused",
            "request_id": self.request_id,
            "policy": policy,
            "stage": reason.stage().name(),
            "reason": reason.code(),
        });
        if let (Some(exchange), Some(members)) = (&self.exchange, line.as_object_mut()) {
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
        if let Some(exchange) = &self.exchange {
            self.report(exchange);
        }
        let _ = host::publish("sealgate_reason", reason.code());
        let body = refusal.body(&self.request_id);
        if let Err(fault) = host::send_response(refusal.status(), &refusal.headers(), &body) {
            self.shared.metrics.host_fault(fault.call);
        }
    }

    /// What an exchange leaves behind beside its verdict.
    fn report(&self, exchange: &Exchange) {
        if let Some((key_id, skew_seconds)) = exchange.accepted_signature() {
            self.shared.metrics.key_used(key_id, host::now().ok());
            if let Some(skew_seconds) = skew_seconds {
                self.shared.metrics.clock_skew(skew_seconds);
            }
        }
        for observation in exchange.observations() {
            self.shared
                .metrics
                .observed(exchange.policy_name(), observation.reason);
            log_json(
                LogLevel::Warn,
                json!({
                    "sealgate": "observed",
                    "request_id": self.request_id,
                    "policy": exchange.policy_name(),
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

    fn head(&self, end_of_stream: bool) -> Result<(RequestHead, Channel), HostFault> {
        let headers = host::request_headers()?;
        let (reads_channel, reads_route) = self.gate.as_ref().map_or((false, false), |gate| {
            (gate.reads_channel(), gate.reads_route_name())
        });
        let metadata = [
            "xds",
            "route_metadata",
            "filter_metadata",
            "sealgate",
            "policy",
        ];
        let head = RequestHead {
            headers,
            end_of_stream,
            route_name: if reads_route {
                host::property_text(&["xds", "route_name"])
            } else {
                None
            },
            metadata_policy: host::property_text(&metadata),
        };
        Ok((
            head,
            if reads_channel {
                channel()
            } else {
                Channel::default()
            },
        ))
    }
}

/// The connection as the host describes it. What it does not say is absent.
fn channel() -> Channel {
    let san = ["uri_san_peer_certificate", "dns_san_peer_certificate"];
    Channel {
        tls_version: host::property_text(&["connection", "tls_version"]),
        client_certificate: host::property_bool(&["connection", "mtls"]).unwrap_or(false),
        san: san
            .iter()
            .filter_map(|name| host::property_text(&["connection", name]))
            .collect(),
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
        let Some((asked, ticket, max_bytes)) = self.asked.take() else {
            return;
        };
        if asked != token {
            self.refuse(Reason::UnexpectedEvent.into());
            return;
        }
        // A call that broke off has no header map at all; asking for one would trap.
        let (status, body) = match headers {
            0 => Default::default(),
            _ => host::call_answer(body_bytes, max_bytes),
        };
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
                self.request_id = request_id(&head);
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
                if let Err(fault) = host::drop_request_trailers() {
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
        self.has_response_trailers = true;
        self.response_progress(0, true)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.shared.watch.end(self.context_id);
    }
}

/// The host's request id, as far as it is safe to print.
fn request_id(head: &RequestHead) -> String {
    head.headers
        .iter()
        .find(|(name, _)| name == b"x-request-id")
        .and_then(|(_, value)| std::str::from_utf8(value).ok())
        .filter(|text| text.len() <= 128 && text.bytes().all(|byte| (0x21..0x7f).contains(&byte)))
        .unwrap_or_default()
        .to_owned()
}
