//! What an answer from the key service or the shared store leads to.

use sealgate_wire::decode_mac_answer;

use super::{Decision, Exchange, Observation, Pending, Progress, State, Step};
use crate::event::{Effect, SharedAnswer, SharedRequest};
use crate::policy::Mode;
use crate::policy::compiled::Policy;
use crate::refusal::Reason;
use crate::stage::{payload, replay, signature, token};

impl Exchange {
    pub(super) fn key_answer(
        &mut self,
        pending: Pending,
        status: u16,
        body: &[u8],
        now: i64,
    ) -> Result<Progress, Reason> {
        let Decision::Judge(policy) = &self.decision else {
            return Err(Reason::UnexpectedEvent);
        };
        let policy = policy.clone();
        match (pending, policy.as_ref()) {
            (
                Pending::SignatureMac(pending),
                Policy {
                    signature: Some(stage),
                    ..
                },
            ) => {
                // A question that came with the body continues behind the body.
                let (body_read, next) = match self.body_read {
                    true => (Some(self.body.as_slice()), Step::SignatureBody),
                    false => (None, Step::Token),
                };
                let checked = match decode_mac_answer(status, body) {
                    Ok(answer) => {
                        pending.finish(&answer.mac, stage, self.request()?, body_read, now)
                    }
                    Err(_) => Err(signature::Rejected::because(Reason::SignatureKeyService)),
                };
                self.signature_step(stage, checked, next)
            }
            (
                Pending::ReplayAnswer,
                Policy {
                    replay: Some(stage),
                    ..
                },
            ) => {
                let checked = replay::bridge_answer(status, body);
                self.proofs.replay = self.settle(stage.mode, checked)?;
                Ok(Progress::Next(Step::Payload))
            }
            (
                Pending::TokenKey(pending),
                Policy {
                    token: Some(stage), ..
                },
            ) => {
                let checked = token::finish(stage, *pending, status, body, now);
                self.token_step(stage, checked)
            }
            (
                Pending::KeySet(pending, version),
                Policy {
                    token: Some(stage), ..
                },
            ) => match pending.set.take_answer(status, body, now) {
                Some(copy) => {
                    let request = SharedRequest::CompareAndSwap {
                        key: pending.set.shared_name(),
                        value: copy,
                        version,
                    };
                    Ok(self.hold_shared(request, Pending::KeySetStored(pending)))
                }
                None => {
                    self.token_step(stage, pending.finish(stage, now).map(token::Step::Verified))
                }
            },
            (
                Pending::PayloadKey(pending),
                Policy {
                    payload: Some(stage),
                    ..
                },
            ) => {
                let checked = payload::finish(stage, *pending, status, body);
                self.payload_checked(stage, checked)
            }
            _ => Err(Reason::UnexpectedEvent),
        }
    }

    pub(super) fn shared_answer(
        &mut self,
        pending: Pending,
        answer: SharedAnswer,
        now: i64,
    ) -> Result<Progress, Reason> {
        match pending {
            Pending::Replay(recording) => self.replay_answer(recording, answer, now),
            Pending::KeySetCopy(pending) => self.key_set_copy(pending, answer, now),
            // Whoever else wrote first wrote the same; a store that fails costs a fetch.
            Pending::KeySetStored(pending) => self.key_set_known(*pending, now),
            _ => Err(Reason::UnexpectedEvent),
        }
    }

    fn key_set_copy(
        &mut self,
        pending: Box<token::PendingKeySet>,
        answer: SharedAnswer,
        now: i64,
    ) -> Result<Progress, Reason> {
        let version = match answer {
            SharedAnswer::Value { value, version } => {
                if pending.take_copy(&value, now) {
                    return self.key_set_known(*pending, now);
                }
                Some(version)
            }
            _ => None,
        };
        let ticket = self.ticket();
        let question = pending.set.question.clone();
        self.state = State::Waiting(ticket, Pending::KeySet(pending, version));
        Ok(Progress::Hold(Effect::FetchKeySet { ticket, question }))
    }

    fn key_set_known(
        &mut self,
        pending: token::PendingKeySet,
        now: i64,
    ) -> Result<Progress, Reason> {
        let Decision::Judge(policy) = &self.decision else {
            return Err(Reason::UnexpectedEvent);
        };
        let policy = policy.clone();
        let stage = policy.token.as_ref().ok_or(Reason::UnexpectedEvent)?;
        self.token_step(stage, pending.finish(stage, now).map(token::Step::Verified))
    }

    fn replay_answer(
        &mut self,
        mut recording: Box<replay::Recording>,
        answer: SharedAnswer,
        now: i64,
    ) -> Result<Progress, Reason> {
        let Decision::Judge(policy) = &self.decision else {
            return Err(Reason::UnexpectedEvent);
        };
        let mode = policy
            .replay
            .as_ref()
            .map_or(Mode::Enforce, |stage| stage.mode);
        let checked = match recording.answer(answer, now) {
            Ok(replay::Step::Ask(request)) => {
                return Ok(self.hold_shared(request, Pending::Replay(recording)));
            }
            Ok(replay::Step::Fresh(fresh)) => Ok(fresh),
            Ok(replay::Step::Unrecorded(fresh)) => {
                self.observations.push(Observation {
                    reason: Reason::ReplayStoreFull,
                });
                Ok(fresh)
            }
            Err(reason) => Err(reason),
        };
        self.proofs.replay = self.settle(mode, checked)?;
        Ok(Progress::Next(Step::Payload))
    }
}
