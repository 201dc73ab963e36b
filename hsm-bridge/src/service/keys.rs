//! Keys that come and go while the token is in service.

use std::sync::PoisonError;

use super::{CANARY_LANE, KeyPlan, Service, survey};
use crate::token::{FaultClass, KeyFacts, NewKey, Purpose, TokenFault};

impl Service {
    /// Reads what is known of a key that need not be one of ours. Blocks.
    ///
    /// # Errors
    /// What the token answered.
    pub fn describe(&self, label: &str) -> Result<KeyFacts, TokenFault> {
        self.token.describe(CANARY_LANE, label)
    }

    /// Makes a key. Blocks.
    ///
    /// # Errors
    /// What the token answered; nothing is left behind.
    pub fn make(&self, label: &str, new: NewKey, purpose: Purpose) -> Result<KeyFacts, TokenFault> {
        self.token.make(label, new, purpose)
    }

    /// Takes a key into service that the settings did not name. Blocks.
    ///
    /// # Errors
    /// What the token answered.
    pub fn adopt(&self, plan: KeyPlan) -> Result<(), TokenFault> {
        let found = survey::survey(
            self.token.as_ref(),
            CANARY_LANE,
            std::slice::from_ref(&plan),
            None,
        )?;
        if found.keys.is_empty() {
            return Err(TokenFault::new(FaultClass::NoKey, "the key is not there"));
        }
        let mut plans = self.plans.write().unwrap_or_else(PoisonError::into_inner);
        plans.retain(|known| known.label != plan.label);
        plans.push(plan);
        drop(plans);
        let mut survey = self.survey.write().unwrap_or_else(PoisonError::into_inner);
        survey.keys.extend(found.keys);
        Ok(())
    }

    /// Destroys a key, if it is the one with this fingerprint, and forgets it. Blocks.
    ///
    /// # Errors
    /// What the token answered.
    pub fn destroy(&self, label: &str, fingerprint: &str) -> Result<(), TokenFault> {
        self.token.destroy(label, fingerprint)?;
        let mut plans = self.plans.write().unwrap_or_else(PoisonError::into_inner);
        plans.retain(|known| known.label != label);
        drop(plans);
        let mut survey = self.survey.write().unwrap_or_else(PoisonError::into_inner);
        survey.keys.remove(label);
        Ok(())
    }

    pub(super) fn plans(&self) -> Vec<KeyPlan> {
        let plans = self.plans.read().unwrap_or_else(PoisonError::into_inner);
        plans.clone()
    }
}
