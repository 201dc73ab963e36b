//! The steps of the pipeline, one per stage, in their order.

use sealgate_wire::{MacRequest, Operation};

use super::{Exchange, Pending, Progress, State, Step};
use crate::event::Effect;
use crate::forward::Proof;
use crate::policy::Mode;
use crate::policy::compiled::Policy;
use crate::refusal::Reason;
use crate::stage::{channel, inspect, payload, replay, signature, token};

impl Exchange {
    pub(super) fn channel(&mut self, policy: &Policy) -> Result<Progress, Reason> {
        if let Some(stage) = &policy.channel {
            let checked = channel::check(stage, &self.channel);
            self.proofs.channel = self.settle(stage.mode, checked)?;
        }
        Ok(Progress::Next(Step::SignatureHead))
    }

    pub(super) fn signature_head(&mut self, policy: &Policy, now: i64) -> Result<Progress, Reason> {
        let Some(stage) = &policy.signature else {
            return Ok(Progress::Next(Step::Token));
        };
        match signature::check_head(stage, self.request()?, now) {
            Ok(signature::HeadStep::AskMac(pending)) => {
                let operation = Operation::Mac(MacRequest {
                    alg: "HS256".into(),
                    data: pending.base.clone(),
                });
                let kid = pending.kid.clone();
                match self.ask(&kid, &operation) {
                    Ok(question) => {
                        return Ok(self.hold_key(question, Pending::SignatureMac(pending)));
                    }
                    // A base too long for the wire is the sender's doing; no bridge is ours.
                    Err(reason) => self.proofs.signature = self.settle(stage.mode, Err(reason))?,
                }
            }
            Ok(signature::HeadStep::Verified(head)) => self.head_signature = Some(head),
            Ok(signature::HeadStep::BodyOnly) => {}
            Err(reason) => self.proofs.signature = self.settle(stage.mode, Err(reason))?,
        }
        Ok(Progress::Next(Step::Token))
    }

    pub(super) fn token(&mut self, policy: &Policy, now: i64) -> Result<Progress, Reason> {
        let Some(stage) = &policy.token else {
            return Ok(Progress::Next(Step::Body));
        };
        let checked = match token::start(stage, self.request()?, now) {
            Ok(token::Step::Ask(pending)) => match self.ask(&pending.kid, &pending.operation()) {
                Ok(question) => return Ok(self.hold_key(question, Pending::TokenKey(pending))),
                Err(_) => Err(Reason::TokenKeyService),
            },
            Ok(token::Step::Verified(verified)) => Ok(verified),
            Err(reason) => Err(reason),
        };
        self.proofs.token = self.settle(stage.mode, checked)?;
        Ok(Progress::Next(Step::Body))
    }

    pub(super) fn need_body(&mut self) -> Result<Progress, Reason> {
        if self.request()?.end_of_stream {
            return Ok(Progress::Next(Step::SignatureBody));
        }
        self.state = State::NeedsBody;
        Ok(Progress::Hold(Effect::NeedBody))
    }

    pub(super) fn signature_body(&mut self, policy: &Policy) -> Result<Progress, Reason> {
        let Some(stage) = &policy.signature else {
            return Ok(Progress::Next(Step::Payload));
        };
        if matches!(self.proofs.signature, Proof::Open) {
            let head = self.head_signature.take();
            let checked = signature::check_body(stage, head, self.request()?, &self.body);
            self.proofs.signature = self.settle(stage.mode, checked)?;
        }
        Ok(Progress::Next(Step::Replay))
    }

    /// Records only what a verified signature vouches for: a forged request burns no nonce.
    pub(super) fn replay(&mut self, policy: &Policy, now: i64) -> Result<Progress, Reason> {
        let Some(stage) = &policy.replay else {
            return Ok(Progress::Next(Step::Payload));
        };
        let recording = match self.proofs.signature.passed() {
            Some(verified) => replay::Recording::new(stage, verified, now),
            None if stage.mode == Mode::Observe => {
                self.proofs.replay = Proof::Observed;
                return Ok(Progress::Next(Step::Payload));
            }
            None => Err(Reason::ProofMissing),
        };
        match recording {
            Ok(recording) => {
                let ticket = self.ticket();
                let request = recording.ask();
                self.state = State::Waiting(ticket, Pending::Replay(Box::new(recording)));
                Ok(Progress::Hold(Effect::Shared { ticket, request }))
            }
            Err(reason) => {
                self.proofs.replay = self.settle(stage.mode, Err(reason))?;
                Ok(Progress::Next(Step::Payload))
            }
        }
    }

    pub(super) fn payload(&mut self, policy: &Policy) -> Result<Progress, Reason> {
        let Some(stage) = &policy.payload else {
            return Ok(Progress::Next(Step::Inspect));
        };
        let mut body = std::mem::take(&mut self.body);
        let started = payload::start(policy, stage, self.request()?, &mut body);
        self.body = body;
        let checked = match started {
            Ok(payload::Step::Ask(pending)) => match self.ask(&pending.kid, &pending.operation()) {
                Ok(question) => return Ok(self.hold_key(question, Pending::PayloadKey(pending))),
                Err(_) => Err(Reason::PayloadKeyService),
            },
            Ok(payload::Step::Opened(opened)) => Ok(opened),
            Err(reason) => Err(reason),
        };
        self.proofs.payload = self.settle(stage.mode, checked)?;
        Ok(Progress::Next(Step::Inspect))
    }

    pub(super) fn inspect(&mut self, policy: &Policy) -> Result<Progress, Reason> {
        let Some(stage) = &policy.inspect else {
            return Ok(Progress::Next(Step::Forward));
        };
        let checked = inspect::check(
            stage,
            policy.limits.max_body_bytes,
            self.request()?,
            &self.body,
            self.proofs.token.passed(),
            self.proofs.payload.passed(),
        );
        let checked = checked.map_err(|finding| {
            self.place = finding.place;
            finding.reason
        });
        self.proofs.inspect = self.settle(stage.mode, checked)?;
        Ok(Progress::Next(Step::Forward))
    }
}
