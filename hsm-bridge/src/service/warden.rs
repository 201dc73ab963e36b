//! The thread that watches a token and opens it again.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{CANARY_LANE, DOWN, REFUSED, Service, UP, lock, survey};
use crate::token::{FaultClass, TokenFault};

/// A proof of life at least this often, with or without traffic.
const WATCH_EVERY: Duration = Duration::from_secs(1);
/// First pause between attempts to open a token again; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Longest pause: a token that returns is in service within a second.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

impl Service {
    /// Runs until the service stops.
    pub(super) fn watch(&self) {
        let mut pause = FIRST_PAUSE;
        while !self.stop.load(Ordering::Acquire) {
            match self.breaker.load(Ordering::Acquire) {
                UP => {
                    pause = FIRST_PAUSE;
                    self.rest(WATCH_EVERY);
                    self.look();
                }
                DOWN => {
                    self.rest_fully(pause);
                    pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
                    self.try_again();
                }
                _ => self.rest_fully(WATCH_EVERY),
            }
        }
        self.token.close();
    }

    fn look(&self) {
        let epoch = self.epoch.load(Ordering::Acquire);
        if self.breaker.load(Ordering::Acquire) == UP
            && !self.stop.load(Ordering::Acquire)
            && lock(&self.last_good).elapsed() >= WATCH_EVERY
            && !self.canary_is_good()
        {
            let what = "the canary failed without a caller's order";
            self.trip(&TokenFault::new(FaultClass::Unclear, what), "canary", epoch);
        }
    }

    fn try_again(&self) {
        let opened = self.token.reopen().and_then(|()| {
            survey::survey(
                self.token.as_ref(),
                CANARY_LANE,
                &self.plans(),
                self.settings.canary.as_deref(),
            )
        });
        let fault = match opened {
            Ok(survey) => {
                // A token that came back without its keys has not come back: the canary's key
                // must be there again, when there was one.
                let mut current = self.survey.write().unwrap_or_else(PoisonError::into_inner);
                if survey.canary.is_some() || current.canary.is_none() {
                    *current = survey;
                    drop(current);
                    *lock(&self.verdict) = None;
                    self.recovered();
                    // A refusal meanwhile would stay; nothing else raises it.
                    let _ = self.breaker.compare_exchange(
                        DOWN,
                        UP,
                        Ordering::AcqRel,
                        Ordering::Acquire,
                    );
                    return;
                }
                TokenFault::new(
                    FaultClass::Gone,
                    "the token is there, but no key of it works",
                )
            }
            Err(fault) => fault,
        };
        if fault.class == FaultClass::Pin {
            self.breaker.store(REFUSED, Ordering::Release);
            tracing::error!(event = "pin-refused", token = self.settings.name, detail = %fault);
        } else {
            tracing::warn!(event = "reopen-failed", token = self.settings.name, detail = %fault);
        }
    }

    /// Waits for the time, or for the bell.
    fn rest(&self, time: Duration) {
        let guard = lock(&self.bell.0);
        if self.breaker.load(Ordering::Acquire) == UP && !self.stop.load(Ordering::Acquire) {
            drop(self.bell.1.wait_timeout(guard, time));
        }
    }

    /// Waits for the time; only stopping ends it early.
    fn rest_fully(&self, time: Duration) {
        let guard = lock(&self.bell.0);
        let waited = self
            .bell
            .1
            .wait_timeout_while(guard, time, |()| !self.stop.load(Ordering::Acquire));
        drop(waited);
    }
}
