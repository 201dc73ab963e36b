//! One request on its way through the gate: a state machine without I/O.
//!
//! Order of the stages: shape, channel, signature over the head, token, body, signature over the
//! body, replay, payload, inspect, forward. Whatever needs only the head runs before the body is
//! buffered. A stage either passes, waits for one answer, or refuses; nothing else is possible,
//! and an answer that was not asked for refuses too.

mod answers;
mod inside;
mod respond;
mod response;
mod response_key;
mod steps;
pub(crate) mod trail;

use std::sync::Arc;

use sealgate_format::Session;
use sealgate_wire::Operation;

use crate::event::{Effect, Event, KeyQuestion, SharedRequest, Ticket};
use crate::forward::{Proof, Proofs, open};
use crate::gate::Compiled;
use crate::policy::Mode;
use crate::policy::compiled::Policy;
use crate::policy::keys::EncryptKey;
use crate::refusal::{Reason, Refusal, Stage};
use crate::request::{Channel, Request};
use crate::stage::key_answer::PendingUnwrap;
use crate::stage::{payload, replay, signature, token};

/// A fault of a stage that is only observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// What would have refused the request.
    pub reason: Reason,
}

/// One request. Made by [`crate::Gate::begin`]; driven by [`Exchange::handle`].
pub struct Exchange {
    gate: Arc<Compiled>,
    request: Option<Request>,
    channel: Channel,
    decision: Decision,
    state: State,
    proofs: Proofs,
    head_signature: HeadSignature,
    mismatch: Option<signature::Mismatch>,
    body: Vec<u8>,
    /// Whether `body` is the whole body: it was handed over, or the head ended the request.
    body_read: bool,
    next_ticket: u32,
    observations: Vec<Observation>,
    place: Option<String>,
    /// The key that the response will be sealed with.
    recipient: Option<Arc<EncryptKey>>,
    /// What the request left for its answer.
    session: Option<Session>,
    trail: trail::Trail,
}

/// What the route table said.
pub(crate) enum Decision {
    Judge(Arc<Policy>),
    Open,
    Refuse(Reason),
}

enum State {
    /// The head has not been announced.
    Begun,
    /// One answer is outstanding.
    Waiting(Ticket, Pending),
    /// The body is outstanding.
    NeedsBody,
    /// The request went on; its response is to be sealed or signed.
    AwaitsResponse,
    /// The response's body is outstanding.
    NeedsResponseBody(Box<response::Response>),
    /// The verdict was given.
    Ended,
}

/// What the head said of its signature.
#[derive(Default)]
enum HeadSignature {
    /// Nothing, or a fault that is only observed.
    #[default]
    None,
    /// A signature matches; its body has still to be held against it.
    Verified(Box<signature::HeadVerified>),
    /// The body is part of what is signed.
    NeedsBody(signature::Attempts),
}

enum Pending {
    SignatureMac(Box<signature::PendingMac>),
    TokenKey(Box<PendingUnwrap>),
    /// Is there a newer copy of the key set on this host?
    KeySetCopy(Box<token::PendingKeySet>),
    /// The issuer was asked; the version that the shared copy had.
    KeySet(Box<token::PendingKeySet>, Option<u32>),
    /// The new copy is being written for the other workers.
    KeySetStored(Box<token::PendingKeySet>),
    Replay(Box<replay::Recording>),
    ReplayAnswer,
    PayloadKey(Box<payload::Pending>),
    ResponseInside(Box<inside::PendingInside>),
    ResponseSignature(Box<response::PendingSignature>),
}

/// Where the pipeline goes on after an answer.
#[derive(Clone, Copy)]
enum Step {
    Channel,
    SignatureHead,
    Token,
    Body,
    SignatureBody,
    Replay,
    Payload,
    Inspect,
    Forward,
}

/// A step's result: go on, hand an effect out and wait, or refuse.
enum Progress {
    Next(Step),
    Hold(Effect),
}

impl Exchange {
    pub(crate) fn new(
        gate: Arc<Compiled>,
        request: Option<Request>,
        channel: Channel,
        decision: Decision,
    ) -> Self {
        Self {
            gate,
            request,
            channel,
            decision,
            state: State::Begun,
            proofs: Proofs::default(),
            head_signature: HeadSignature::None,
            mismatch: None,
            body: Vec::new(),
            body_read: false,
            next_ticket: 0,
            observations: Vec::new(),
            place: None,
            recipient: None,
            session: None,
            trail: trail::Trail::default(),
        }
    }

    /// Takes one event at `now` (seconds since 1970) and says what to do.
    ///
    /// Pure: the same events give the same effects. After [`Effect::Forward`] only the response is
    /// taken, where the policy seals or signs it; after [`Effect::Respond`] and [`Effect::Refuse`] every
    /// further event is refused.
    pub fn handle(&mut self, event: Event, now: i64) -> Effect {
        let progress = match (std::mem::replace(&mut self.state, State::Ended), event) {
            (State::Begun, Event::Head) => self.begin(),
            (
                state @ (State::NeedsBody | State::Waiting(..)),
                Event::BodyProgress { buffered_bytes },
            ) => {
                self.state = state;
                self.check_size(buffered_bytes)
                    .map(|()| Progress::Hold(Effect::Wait))
            }
            (State::NeedsBody, Event::Body(body)) => self.check_size(body.len()).map(|()| {
                self.body = body;
                self.body_read = true;
                Progress::Next(Step::SignatureBody)
            }),
            (State::AwaitsResponse, Event::ResponseHead(head)) => self.response_head(head, now),
            (state @ State::NeedsResponseBody(_), Event::ResponseProgress { buffered_bytes }) => {
                self.state = state;
                self.check_response_size(buffered_bytes)
                    .map(|()| Progress::Hold(Effect::Wait))
            }
            (State::NeedsResponseBody(response), Event::ResponseBody(body)) => {
                self.response_body(*response, body)
            }
            (
                State::Waiting(expected, Pending::ResponseSignature(pending)),
                Event::KeyAnswer {
                    ticket,
                    status,
                    body,
                },
            ) if ticket == expected => self.response_signed(*pending, status, &body),
            (
                State::Waiting(expected, Pending::ResponseInside(pending)),
                Event::KeyAnswer {
                    ticket,
                    status,
                    body,
                },
            ) if ticket == expected => self.inside_signed(*pending, status, &body),
            (
                State::Waiting(expected, pending),
                Event::KeyAnswer {
                    ticket,
                    status,
                    body,
                },
            ) if ticket == expected => self.key_answer(pending, status, &body, now),
            (State::Waiting(expected, pending), Event::SharedAnswer { ticket, answer })
                if ticket == expected =>
            {
                self.shared_answer(pending, answer, now)
            }
            _ => Err(Reason::UnexpectedEvent),
        };
        self.run(progress, now)
    }

    /// Name of the policy that judges this request, for logs and metrics.
    pub fn policy_name(&self) -> &str {
        match &self.decision {
            Decision::Judge(policy) => &policy.name,
            Decision::Open => "open",
            Decision::Refuse(_) => "none",
        }
    }

    /// Largest body this exchange will take, in bytes.
    pub fn max_body_bytes(&self) -> Option<usize> {
        match &self.decision {
            Decision::Judge(policy) => Some(policy.limits.max_body_bytes),
            _ => None,
        }
    }

    /// Faults of stages that are only observed, so far.
    pub fn observations(&self) -> &[Observation] {
        &self.observations
    }

    /// What may be logged of a signature that did not match.
    pub fn signature_mismatch(&self) -> Option<&signature::Mismatch> {
        self.mismatch.as_ref()
    }

    /// Where a scan finding was (`json:/user/name`), for the log; never what it was.
    pub fn finding_place(&self) -> Option<&str> {
        self.place.as_deref()
    }

    /// Runs steps until one has to wait or the verdict is there.
    fn run(&mut self, mut progress: Result<Progress, Reason>, now: i64) -> Effect {
        loop {
            match progress {
                Ok(Progress::Next(step)) => progress = self.step(step, now),
                // `handle` has ended the exchange; only a step that waits opens it again.
                Ok(Progress::Hold(effect)) => return effect,
                Err(reason) => {
                    self.state = State::Ended;
                    self.body = Vec::new();
                    return Effect::Refuse(Refusal {
                        reason,
                        accept_signature: self.accept_signature(),
                    });
                }
            }
        }
    }

    /// What a sender whose request is refused should sign: the same for every refusal of a policy.
    fn accept_signature(&self) -> Option<Arc<str>> {
        match &self.decision {
            Decision::Judge(policy) => policy.signature.as_ref()?.accept_signature.clone(),
            _ => None,
        }
    }

    fn begin(&mut self) -> Result<Progress, Reason> {
        let request = self.request.as_ref().ok_or(Reason::BadRequestLine);
        let policy = match &self.decision {
            Decision::Refuse(reason) => return Err(*reason),
            Decision::Open => {
                let forward = open(request?, &self.gate.identity_headers);
                return Ok(Progress::Hold(Effect::Forward(forward)));
            }
            Decision::Judge(policy) => policy,
        };
        let request = request?;
        if request.headers.len() > policy.limits.max_headers {
            return Err(Reason::TooManyHeaders);
        }
        if request.target.len() > policy.limits.max_target_bytes {
            return Err(Reason::TargetTooLong);
        }
        if let Some(length) = request.content_length()? {
            self.check_size(length)?;
        }
        Ok(Progress::Next(Step::Channel))
    }

    fn check_size(&self, bytes: usize) -> Result<(), Reason> {
        match self.max_body_bytes() {
            Some(max) if bytes > max => Err(Reason::BodyTooLarge),
            _ => Ok(()),
        }
    }

    fn step(&mut self, step: Step, now: i64) -> Result<Progress, Reason> {
        let Decision::Judge(policy) = &self.decision else {
            return Err(Reason::ProofMissing);
        };
        let policy = policy.clone();
        match step {
            Step::Channel => self.channel(&policy),
            Step::SignatureHead => self.signature_head(&policy, now),
            Step::Token => self.token(&policy, now),
            Step::Body => self.need_body(),
            Step::SignatureBody => self.signature_body(&policy, now),
            Step::Replay => self.replay(&policy, now),
            Step::Payload => self.payload(&policy, now),
            Step::Inspect => self.inspect(&policy),
            Step::Forward => {
                self.recipient = self.response_recipient(&policy)?;
                let proofs = std::mem::take(&mut self.proofs);
                let forward =
                    proofs.forward(&policy, self.request()?, &self.gate.identity_headers)?;
                if policy.respond.is_some() {
                    self.state = State::AwaitsResponse;
                }
                Ok(Progress::Hold(Effect::Forward(forward)))
            }
        }
    }

    /// A fault refuses where it is enforced, and is noted where it is observed.
    fn settle<T>(&mut self, mode: Mode, checked: Result<T, Reason>) -> Result<Proof<T>, Reason> {
        match (checked, mode) {
            (Ok(proof), _) => Ok(Proof::Passed(proof)),
            (Err(reason), Mode::Enforce) => Err(reason),
            (Err(reason), Mode::Observe) => {
                self.observations.push(Observation { reason });
                Ok(Proof::Observed)
            }
        }
    }

    fn request(&self) -> Result<&Request, Reason> {
        self.request.as_ref().ok_or(Reason::BadRequestLine)
    }

    fn ask(&self, kid: &str, operation: &Operation) -> Result<KeyQuestion, Reason> {
        let path = sealgate_wire::path(kid, operation).ok_or(Reason::SignatureKeyService)?;
        let body = sealgate_wire::encode(operation).map_err(|_| Reason::SignatureMalformed)?;
        self.question(operation.name(), path, body)
            .ok_or(Reason::SignatureKeyService)
    }

    /// One request to the bridge; none where the policy names no bridge.
    fn question(
        &self,
        operation: &'static str,
        path: String,
        body: Vec<u8>,
    ) -> Option<KeyQuestion> {
        let bridge = self.gate.bridge.as_ref()?;
        Some(KeyQuestion {
            operation,
            cluster: bridge.cluster.clone(),
            path,
            token: bridge.token.clone(),
            body,
            timeout_ms: bridge.timeout_ms,
        })
    }

    fn hold_key(&mut self, question: KeyQuestion, pending: Pending) -> Progress {
        let ticket = self.ticket();
        self.state = State::Waiting(ticket, pending);
        Progress::Hold(Effect::AskKey { ticket, question })
    }

    fn hold_shared(&mut self, request: SharedRequest, pending: Pending) -> Progress {
        let ticket = self.ticket();
        self.state = State::Waiting(ticket, pending);
        Progress::Hold(Effect::Shared { ticket, request })
    }

    fn ticket(&mut self) -> Ticket {
        self.next_ticket = self.next_ticket.wrapping_add(1);
        Ticket(self.next_ticket)
    }
}

impl Observation {
    /// The stage that would have refused.
    pub fn stage(self) -> Stage {
        self.reason.stage()
    }
}
