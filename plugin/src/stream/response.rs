//! The way back: a response that the policy signs is held until its signature is on it.

use proxy_wasm::types::{Action, LogLevel};
use sealgate_engine::telemetry::REQUESTS;
use sealgate_engine::{Effect, Event, Exchange, Reason, Refusal, ResponseHead};
use serde_json::json;

use super::{ResponseState, Stream, Verdict};
use crate::host::{self, HostFault};
use crate::root::log_json;

impl Stream {
    pub(super) fn response_head(&mut self, end_of_stream: bool) -> Action {
        let holds = self.verdict == Verdict::Allowed
            && self.exchange.as_ref().is_some_and(Exchange::holds_response);
        if !holds || self.response != ResponseState::Free {
            return self.response_action();
        }
        self.response = ResponseState::Held;
        let head = host::response_headers().and_then(|headers| {
            Ok(ResponseHead {
                headers,
                end_of_stream,
                entropy: host::entropy()?,
            })
        });
        match head {
            Ok(head) => self.drive_response(Event::ResponseHead(head)),
            Err(fault) => self.response_fault(fault),
        }
        self.response_action()
    }

    pub(super) fn response_progress(
        &mut self,
        buffered_bytes: usize,
        end_of_stream: bool,
    ) -> Action {
        // A question on its way means that the body was taken already.
        if self.response == ResponseState::Held && self.asked.is_none() {
            self.drive_response(Event::ResponseProgress { buffered_bytes });
            if self.response == ResponseState::Held && end_of_stream {
                match host::response_body() {
                    Ok(body) => self.drive_response(Event::ResponseBody(body)),
                    Err(fault) => self.response_fault(fault),
                }
            }
        }
        self.response_action()
    }

    /// Gives the engine one event of the response and does what it says.
    pub(super) fn drive_response(&mut self, event: Event) {
        if let Err(fault) = self.try_drive_response(event) {
            self.response_fault(fault);
        }
    }

    fn try_drive_response(&mut self, event: Event) -> Result<(), HostFault> {
        self.now = host::now()?;
        let mut event = event;
        loop {
            let Some(exchange) = self.exchange.as_mut() else {
                return Ok(());
            };
            match exchange.handle(event, self.now.seconds()) {
                Effect::Wait | Effect::NeedResponseBody => return Ok(()),
                Effect::AskKey { ticket, question } => match self.ask(ticket, &question) {
                    Ok(()) => return Ok(()),
                    Err(fault) => {
                        self.shared.metrics.host_fault(fault.call);
                        event = Event::KeyAnswer {
                            ticket,
                            status: 0,
                            body: Default::default(),
                        };
                    }
                },
                Effect::Respond(edits) => {
                    host::edit_response_headers(&edits)?;
                    self.response = ResponseState::Released;
                    return Ok(());
                }
                Effect::Refuse(refusal) => {
                    self.replace_response(&refusal);
                    return Ok(());
                }
                Effect::NeedBody
                | Effect::FetchKeySet { .. }
                | Effect::Shared { .. }
                | Effect::Forward(_) => {
                    self.replace_response(&Reason::UnexpectedEvent.into());
                    return Ok(());
                }
            }
        }
    }

    fn response_fault(&mut self, fault: HostFault) {
        self.shared.metrics.host_fault(fault.call);
        self.replace_response(&Reason::HostCallFailed.into());
    }

    /// Answers in the upstream's place; from here on nothing of its response passes.
    fn replace_response(&mut self, refusal: &Refusal) {
        if self.response == ResponseState::Replaced {
            return;
        }
        self.response = ResponseState::Replaced;
        let reason = refusal.reason;
        let policy = self.exchange.as_ref().map_or("none", Exchange::policy_name);
        let labels = [policy, reason.stage().name(), "unanswered", reason.code()];
        self.shared.metrics.put(REQUESTS, &labels, 1);
        log_json(
            LogLevel::Error,
            json!({
                "sealgate": "response-replaced",
                "request_id": self.request_id,
                "policy": policy,
                "stage": reason.stage().name(),
                "reason": reason.code(),
            }),
        );
        let body = refusal.body(&self.request_id);
        if let Err(fault) = host::send_response(refusal.status(), &refusal.headers(), &body) {
            self.shared.metrics.host_fault(fault.call);
        }
    }

    fn response_action(&self) -> Action {
        match self.response {
            ResponseState::Free | ResponseState::Released => Action::Continue,
            ResponseState::Held | ResponseState::Replaced => Action::Pause,
        }
    }
}
