//! What an answer from the key service or the shared store leads to.

use sealgate_wire::decode_mac_answer;

use super::Decision;
use super::{Exchange, Pending, Progress, State, Step};
use crate::event::{Effect, SharedAnswer};
use crate::policy::Mode;
use crate::policy::compiled::Policy;
use crate::refusal::Reason;
use crate::stage::{payload, replay, token};

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
                let checked = decode_mac_answer(status, body)
                    .map_err(|_| Reason::SignatureKeyService)
                    .and_then(|answer| pending.finish(&answer.mac));
                match checked {
                    Ok(head) => self.head_signature = Some(head),
                    Err(reason) => self.proofs.signature = self.settle(stage.mode, Err(reason))?,
                }
                Ok(Progress::Next(Step::Token))
            }
            (
                Pending::TokenKey(pending),
                Policy {
                    token: Some(stage), ..
                },
            ) => {
                let checked = token::finish(stage, *pending, status, body, now);
                self.proofs.token = self.settle(stage.mode, checked)?;
                Ok(Progress::Next(Step::Body))
            }
            (
                Pending::PayloadKey(pending),
                Policy {
                    payload: Some(stage),
                    ..
                },
            ) => {
                let checked = payload::finish(stage, *pending, status, body);
                self.proofs.payload = self.settle(stage.mode, checked)?;
                Ok(Progress::Next(Step::Inspect))
            }
            _ => Err(Reason::UnexpectedEvent),
        }
    }

    pub(super) fn shared_answer(
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
                let ticket = self.ticket();
                self.state = State::Waiting(ticket, Pending::Replay(recording));
                return Ok(Progress::Hold(Effect::Shared { ticket, request }));
            }
            Ok(replay::Step::Fresh(fresh)) => Ok(fresh),
            Err(reason) => Err(reason),
        };
        self.proofs.replay = self.settle(mode, checked)?;
        Ok(Progress::Next(Step::Payload))
    }
}
