//! What a token can do with the configured keys: asked at every opening.

use std::collections::HashMap;
use std::sync::Arc;

use crate::jwa::Algorithm;
use crate::token::{FaultClass, KeyFacts, Rehearsal, Token, TokenFault};

/// A key the configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPlan {
    /// Its label in the token.
    pub label: String,
    /// The algorithms it may serve.
    pub algorithms: Vec<Algorithm>,
}

/// A key that the token has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyKey {
    /// What is public of it.
    pub facts: KeyFacts,
    /// The planned algorithms the token can do with it.
    pub algorithms: Vec<Algorithm>,
    /// Those of them that a self-test has proven.
    pub proven: Vec<Algorithm>,
    /// The planned algorithms that are refused, and why: nothing is done outside the token instead.
    pub off: Vec<(Algorithm, Off)>,
}

/// Why a key does not serve an algorithm that its configuration names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Off {
    /// The token has no such mechanism, or refuses it with this key.
    UnsupportedByToken,
    /// The key is of another kind.
    WrongKind,
    /// The self-test failed for another reason.
    SelfTestFailed,
}

impl Off {
    /// Its name in logs and on the admin socket.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::UnsupportedByToken => "unsupported_by_token",
            Self::WrongKind => "wrong_kind",
            Self::SelfTestFailed => "self_test_failed",
        }
    }
}

/// The outcome of a survey.
#[derive(Default)]
pub(super) struct Survey {
    /// By label; a planned key that is not here is missing from the token.
    pub(super) keys: HashMap<String, Arc<ReadyKey>>,
    /// The key and order that prove that the token works.
    pub(super) canary: Option<(String, Rehearsal)>,
}

/// Describes and rehearses every planned key. `preferred` is the label of the canary's key.
pub(super) fn survey(
    token: &dyn Token,
    lane: usize,
    plans: &[KeyPlan],
    preferred: Option<&str>,
) -> Result<Survey, TokenFault> {
    let mut survey = Survey::default();
    for plan in plans {
        let facts = match token.describe(lane, &plan.label) {
            Ok(facts) => facts,
            Err(fault) if fault.class == FaultClass::NoKey => {
                tracing::error!(event = "key-missing", label = plan.label, detail = %fault);
                continue;
            }
            Err(fault) => return Err(fault),
        };
        let mut ready = ReadyKey {
            facts,
            algorithms: Vec::new(),
            proven: Vec::new(),
            off: Vec::new(),
        };
        for &algorithm in &plan.algorithms {
            let rehearsal = match algorithm.sample(&ready.facts.kind) {
                None => Err((Off::WrongKind, "the key is of another kind".to_owned())),
                Some(sample) => match token.rehearse(lane, &plan.label, &sample) {
                    Ok(rehearsal) => Ok(rehearsal),
                    Err(fault) if matches!(fault.class, FaultClass::Gone | FaultClass::Session) => {
                        return Err(fault);
                    }
                    Err(fault) if fault.class == FaultClass::Unsupported => {
                        Err((Off::UnsupportedByToken, fault.detail))
                    }
                    Err(fault) => Err((Off::SelfTestFailed, fault.detail)),
                },
            };
            let rehearsal = match rehearsal {
                Ok(rehearsal) => rehearsal,
                Err((off, detail)) => {
                    tracing::warn!(
                        event = "algorithm-off",
                        label = plan.label,
                        alg = algorithm.name(),
                        code = off.code(),
                        detail
                    );
                    ready.off.push((algorithm, off));
                    continue;
                }
            };
            ready.algorithms.push(algorithm);
            if let Some(rehearsal) = rehearsal {
                ready.proven.push(algorithm);
                let wanted = preferred.is_some_and(|label| label == plan.label);
                let better = match &survey.canary {
                    None => true,
                    Some((label, _)) => wanted && *label != plan.label,
                };
                if better {
                    survey.canary = Some((plan.label.clone(), rehearsal));
                }
            }
        }
        survey.keys.insert(plan.label.clone(), Arc::new(ready));
    }
    Ok(survey)
}
