//! The steps of the pipeline, one per stage, in their order.

use sealgate_wire::{MacRequest, Operation};

use super::trail::Signed;
use super::{Exchange, HeadSignature, Pending, Progress, State, Step};
use crate::event::{Effect, SharedRequest};
use crate::forward::Proof;
use crate::policy::Mode;
use crate::policy::compiled::{PayloadPolicy, Policy, ReplayPolicy, SignaturePolicy, TokenPolicy};
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
        let checked = signature::start(stage, self.request()?, now);
        self.signature_step(stage, checked, Step::Token)
    }

    /// Takes the signature stage to where it waits, is done, or has failed; `next` follows it.
    pub(super) fn signature_step(
        &mut self,
        stage: &SignaturePolicy,
        checked: Result<signature::Step, signature::Rejected>,
        next: Step,
    ) -> Result<Progress, Reason> {
        let rejected = match checked {
            Ok(signature::Step::AskMac(pending)) => {
                let operation = Operation::Mac(MacRequest {
                    alg: pending.algorithm.into(),
                    data: pending.octets.clone(),
                });
                // Octets too long for the wire are the sender's doing; no bridge is ours.
                match self.ask(&pending.kid, &operation) {
                    Ok(question) => {
                        return Ok(self.hold_key(question, Pending::SignatureMac(pending)));
                    }
                    Err(reason) => reason,
                }
            }
            Ok(signature::Step::Verified(head)) => {
                self.head_signature = HeadSignature::Verified(head);
                return Ok(Progress::Next(next));
            }
            Ok(signature::Step::NeedsBody(attempts)) => {
                self.head_signature = HeadSignature::NeedsBody(attempts);
                return Ok(Progress::Next(next));
            }
            Err(rejected) => {
                self.mismatch = rejected.mismatch;
                self.trail.signature_key = rejected.key_id;
                rejected.reason
            }
        };
        self.proofs.signature = self.settle(stage.mode, Err(rejected))?;
        Ok(Progress::Next(next))
    }

    pub(super) fn token(&mut self, policy: &Policy, now: i64) -> Result<Progress, Reason> {
        let Some(stage) = &policy.token else {
            return Ok(Progress::Next(Step::Body));
        };
        let request = self.request.as_ref().ok_or(Reason::BadRequestLine)?;
        let checked = token::start(stage, request, now, &mut self.trail.token);
        self.token_step(stage, checked)
    }

    /// Takes the token stage to where it waits, is done, or has failed.
    pub(super) fn token_step(
        &mut self,
        stage: &TokenPolicy,
        checked: Result<token::Step, Reason>,
    ) -> Result<Progress, Reason> {
        let checked = match checked {
            Ok(token::Step::Ask(pending)) => match self.ask(&pending.kid, &pending.operation()) {
                Ok(question) => return Ok(self.hold_key(question, Pending::TokenKey(pending))),
                Err(_) => Err(Reason::TokenKeyService),
            },
            Ok(token::Step::KeySet(pending)) => {
                let key = pending.set.shared_name();
                let request = SharedRequest::Get { key };
                return Ok(self.hold_shared(request, Pending::KeySetCopy(pending)));
            }
            Ok(token::Step::Verified(verified)) => Ok(verified),
            Err(reason) => Err(reason),
        };
        if let Ok(verified) = &checked {
            self.trail.token.opened = true;
            self.trail.token_signature = verified.algorithm();
        }
        self.proofs.token = self.settle(stage.mode, checked)?;
        Ok(Progress::Next(Step::Body))
    }

    pub(super) fn need_body(&mut self) -> Result<Progress, Reason> {
        if self.request()?.end_of_stream {
            self.body_read = true;
            return Ok(Progress::Next(Step::SignatureBody));
        }
        self.state = State::NeedsBody;
        Ok(Progress::Hold(Effect::NeedBody))
    }

    pub(super) fn signature_body(&mut self, policy: &Policy, now: i64) -> Result<Progress, Reason> {
        let Some(stage) = &policy.signature else {
            return Ok(Progress::Next(Step::Payload));
        };
        if !matches!(self.proofs.signature, Proof::Open) {
            return Ok(Progress::Next(Step::Replay));
        }
        match std::mem::take(&mut self.head_signature) {
            HeadSignature::NeedsBody(attempts) => {
                let checked = attempts.go_on(stage, self.request()?, Some(&self.body), now);
                // A pair that asked for the body now has it: this step comes again, with a verdict.
                self.signature_step(stage, checked, Step::SignatureBody)
            }
            HeadSignature::Verified(head) => {
                self.trail.signature_key = Some(head.key_id().to_owned());
                let checked = signature::check_body(stage, head, self.request()?, &self.body);
                if let Ok(verified) = &checked {
                    self.trail.signed = Some(Signed {
                        key: verified.key_id.clone(),
                        algorithm: verified.algorithm,
                        skew_seconds: verified.skew_seconds,
                        at: now,
                    });
                }
                self.proofs.signature = self.settle(stage.mode, checked)?;
                Ok(Progress::Next(Step::Replay))
            }
            HeadSignature::None => Err(Reason::ProofMissing),
        }
    }

    /// Records only what a verified signature vouches for: a forged request burns no nonce.
    pub(super) fn replay(&mut self, policy: &Policy, now: i64) -> Result<Progress, Reason> {
        let Some(stage) = &policy.replay else {
            return Ok(Progress::Next(Step::Payload));
        };
        let subject = match self.proofs.signature.passed() {
            Some(verified) => replay::Subject::new(stage, verified, now),
            None if stage.mode == Mode::Observe => {
                self.proofs.replay = Proof::Observed;
                return Ok(Progress::Next(Step::Payload));
            }
            None => Err(Reason::ProofMissing),
        };
        match subject.and_then(|subject| self.ask_replay_store(stage, &subject, now)) {
            Ok(hold) => Ok(hold),
            Err(reason) => {
                self.proofs.replay = self.settle(stage.mode, Err(reason))?;
                Ok(Progress::Next(Step::Payload))
            }
        }
    }

    fn ask_replay_store(
        &mut self,
        stage: &ReplayPolicy,
        subject: &replay::Subject,
        now: i64,
    ) -> Result<Progress, Reason> {
        if let Some(path) = &stage.bridge {
            let body = subject.bridge_request(now)?;
            let question = self
                .question("replay", path.clone(), body)
                .ok_or(Reason::ReplayStoreUnavailable)?;
            return Ok(self.hold_key(question, Pending::ReplayAnswer));
        }
        let recording = replay::Recording::new(stage, subject)?;
        let request = recording.ask();
        Ok(self.hold_shared(request, Pending::Replay(Box::new(recording))))
    }

    pub(super) fn payload(&mut self, policy: &Policy) -> Result<Progress, Reason> {
        let Some(stage) = &policy.payload else {
            return Ok(Progress::Next(Step::Inspect));
        };
        let mut body = std::mem::take(&mut self.body);
        let request = self.request.as_ref().ok_or(Reason::BadRequestLine)?;
        let started = payload::start(policy, stage, request, &mut body, &mut self.trail.payload);
        self.body = body;
        let checked = match started {
            Ok(payload::Step::Ask(pending)) => match self.ask(&pending.kid, &pending.operation()) {
                Ok(question) => return Ok(self.hold_key(question, Pending::PayloadKey(pending))),
                Err(_) => Err(Reason::PayloadKeyService),
            },
            Ok(payload::Step::Opened(opened)) => Ok(opened),
            Err(reason) => Err(reason),
        };
        self.payload_checked(stage, checked)
    }

    pub(super) fn payload_checked(
        &mut self,
        stage: &PayloadPolicy,
        checked: Result<payload::PayloadOpened, Reason>,
    ) -> Result<Progress, Reason> {
        if let Some((_, bytes)) = checked.as_ref().ok().and_then(|opened| opened.plaintext()) {
            self.trail.payload.opened = true;
            self.trail.opened_bytes = Some(bytes.len());
        }
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
            self.trail.hit = finding.hit;
            finding.reason
        });
        self.proofs.inspect = self.settle(stage.mode, checked)?;
        Ok(Progress::Next(Step::Forward))
    }
}
