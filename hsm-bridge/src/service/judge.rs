//! Carrying out a job, and what a fault of the token means: the caller's, or the token's?

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Instant;

use sealgate_wire::KeyFailure;

use super::{CANARY_EVERY, CANARY_LANE, DOWN, Job, REFUSED, Service, UP, Verdict, lock};
use crate::metrics::OpLabel;
use crate::token::{FaultClass, TokenFault, Yield};

impl Service {
    pub(super) fn carry_out(&self, lane: usize, job: &Job) -> Result<Yield, KeyFailure> {
        if self.breaker.load(Ordering::Acquire) != UP {
            return Err(KeyFailure::TokenDown);
        }
        let op = job.order.name();
        let epoch = self.epoch.load(Ordering::Acquire);
        self.metrics
            .orders
            .get_or_create_owned(&OpLabel { op })
            .inc();
        let start = Instant::now();
        let result = self.token.perform(lane, &job.label, &job.order);
        let spent = start.elapsed();
        self.metrics.observe_exec(op, spent);
        match result {
            Ok(mut result) => {
                result.spent = spent;
                self.count_use(&job.label);
                *lock(&self.last_good) = Instant::now();
                Ok(result)
            }
            Err(fault) => Err(self.judge(&fault, job, epoch)),
        }
    }

    /// What a fault means for the caller, and whether the token is to be taken out of service.
    fn judge(&self, fault: &TokenFault, job: &Job, epoch: u64) -> KeyFailure {
        let failure = match fault.class {
            FaultClass::Input => KeyFailure::CryptoFailed,
            FaultClass::Pin | FaultClass::Gone => self.trip(fault, "gone", epoch),
            FaultClass::Unsupported if !job.proven => KeyFailure::AlgUnsupported,
            class if self.canary_is_good() => match class {
                FaultClass::NoKey => KeyFailure::KeyState,
                FaultClass::Session => KeyFailure::Internal,
                _ => KeyFailure::CryptoFailed,
            },
            _ => self.trip(fault, "canary", epoch),
        };
        tracing::info!(
            event = "order-failed",
            token = self.settings.name,
            order = job.order.name(),
            code = failure.code(),
            detail = %fault
        );
        failure
    }

    /// Opens the breaker, unless the token was opened again since `epoch`: what failed then says
    /// nothing of it now.
    pub(super) fn trip(&self, fault: &TokenFault, cause: &'static str, epoch: u64) -> KeyFailure {
        if self.epoch.load(Ordering::Acquire) != epoch {
            return KeyFailure::TokenDown;
        }
        let to = if fault.class == FaultClass::Pin {
            REFUSED
        } else {
            DOWN
        };
        let from = self.breaker.fetch_max(to, Ordering::AcqRel);
        if from == UP {
            *lock(&self.cause) = cause;
            self.metrics
                .token_up
                .get_or_create_owned(&self.label())
                .set(0);
            tracing::error!(
                event = "token-down",
                token = self.settings.name,
                cause,
                detail = %fault
            );
            self.ring();
        }
        KeyFailure::TokenDown
    }

    /// Runs the canary, or shares a verdict that is fresh enough.
    pub(super) fn canary_is_good(&self) -> bool {
        let mut verdict = lock(&self.verdict);
        if let Some(last) = *verdict
            && last.at.elapsed() < CANARY_EVERY
        {
            return last.good;
        }
        let start = Instant::now();
        let good = self.run_canary();
        self.metrics.observe_canary(start.elapsed());
        if good {
            *lock(&self.last_good) = Instant::now();
        }
        *verdict = Some(Verdict {
            at: Instant::now(),
            good,
        });
        good
    }

    fn run_canary(&self) -> bool {
        let survey = self.survey.read().unwrap_or_else(PoisonError::into_inner);
        let Some((label, rehearsal)) = &survey.canary else {
            // No key can prove itself. A search is the next best: it fails when the store is gone.
            let plans = self.plans();
            let Some(plan) = plans.first() else {
                return true;
            };
            return match self.token.describe(CANARY_LANE, &plan.label) {
                Ok(_) => true,
                Err(fault) => {
                    fault.class == FaultClass::NoKey && !survey.keys.contains_key(&plan.label)
                }
            };
        };
        match self.token.perform(CANARY_LANE, label, &rehearsal.order) {
            Ok(result) => rehearsal
                .expected
                .as_ref()
                .is_none_or(|expected| **expected == *result.bytes),
            Err(_) => false,
        }
    }
}
