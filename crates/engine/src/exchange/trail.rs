//! What an exchange leaves behind for metrics and the log: names of the policy and of the standards.

use super::{Decision, Exchange, Observation};
use crate::policy::keys::DecryptKey;
use crate::refusal::{Reason, Stage};
use crate::telemetry::{
    ALGORITHMS, CLOCK_SKEW, FAILURES, Family, KEY_LAST_USED, OBSERVED, OPENED, OPENED_BYTES,
    REQUESTS, SCAN_HITS, Sample, strength,
};

/// Label value where no key of the policy is meant.
const UNKNOWN: &str = "unknown";

/// Notes of the stages, as they pass.
#[derive(Default)]
pub(crate) struct Trail {
    /// Key of the last signature tried.
    pub(super) signature_key: Option<String>,
    pub(super) signed: Option<Signed>,
    pub(crate) token: Opener,
    pub(crate) payload: Opener,
    /// Algorithm of the signature inside the token.
    pub(super) token_signature: Option<&'static str>,
    pub(super) opened_bytes: Option<usize>,
    pub(super) hit: Option<Hit>,
}

/// An accepted signature.
pub(super) struct Signed {
    pub(super) key: String,
    pub(super) algorithm: &'static str,
    /// The gate's clock minus the sender's, in seconds.
    pub(super) skew_seconds: Option<i64>,
    pub(super) at: i64,
}

/// What a sealed thing is opened with.
#[derive(Default)]
pub(crate) struct Opener {
    /// Key of the policy, once it is chosen.
    pub(crate) key: Option<String>,
    /// Whether the sender meant that key.
    pub(crate) by_name: bool,
    /// How the content key is managed.
    pub(crate) management: &'static str,
    /// How the content is encrypted; nothing where `management` says it all.
    pub(crate) content: &'static str,
    /// Whether it opened.
    pub(crate) opened: bool,
}

/// Class of an attack and kind of the place it was in.
#[derive(Clone, Copy)]
pub(crate) struct Hit {
    pub(crate) class: &'static str,
    pub(crate) location: &'static str,
}

impl Opener {
    pub(crate) fn choose(&mut self, key: &DecryptKey, content: &'static str, by_name: bool) {
        self.key = Some(key.id.clone());
        self.by_name = by_name;
        self.management = key.algorithm_name();
        self.content = content;
    }

    /// The key that the sender meant.
    fn named(&self) -> Option<&str> {
        self.key.as_deref().filter(|_| self.by_name)
    }
}

impl Exchange {
    /// Gives everything that metrics count of this exchange, once its verdict is there: `refused`
    /// is the reason of the refusal, if it was one.
    pub fn telemetry(&self, refused: Option<Reason>, each: &mut dyn FnMut(Sample<'_>)) {
        let mut add = |family: &'static Family, labels: &[&str], value| {
            each(Sample {
                family,
                labels,
                value,
            });
        };
        let policy = self.policy_name();
        match (refused, &self.decision) {
            (Some(reason), _) => {
                let labels = [policy, reason.stage().name(), "refused", reason.code()];
                add(REQUESTS, &labels, 1);
            }
            (None, Decision::Open) => add(REQUESTS, &[policy, "none", "open", "none"], 1),
            (None, _) => add(REQUESTS, &[policy, "none", "allowed", "none"], 1),
        }
        let observed = self
            .observations
            .iter()
            .map(|Observation { reason }| *reason);
        for reason in observed.clone() {
            add(OBSERVED, &[policy, reason.stage().name(), reason.code()], 1);
        }
        for reason in observed.chain(refused) {
            if let Some(key) = self.key_of(reason) {
                let labels = [policy, reason.stage().name(), reason.code(), key];
                add(FAILURES, &labels, 1);
            }
        }
        if let Some(hit) = self.trail.hit {
            add(SCAN_HITS, &[policy, hit.class, hit.location], 1);
        }
        if let Some(signed) = &self.trail.signed {
            let labels = [
                policy,
                "signature",
                signed.algorithm,
                strength(signed.algorithm),
            ];
            add(ALGORITHMS, &labels, 1);
            let at = u64::try_from(signed.at).unwrap_or_default();
            add(KEY_LAST_USED, &[&signed.key], at);
            if let Some(skew) = signed.skew_seconds {
                let sender = if skew < 0 { "ahead" } else { "behind" };
                add(CLOCK_SKEW, &[sender], skew.unsigned_abs());
            }
        }
        let kinds = [
            ("token", "token-content", &self.trail.token),
            ("payload", "payload-content", &self.trail.payload),
        ];
        for (kind, content, opener) in kinds {
            let (Some(key), true) = (&opener.key, opener.opened) else {
                continue;
            };
            add(OPENED, &[policy, kind, key], 1);
            for (kind, algorithm) in [(kind, opener.management), (content, opener.content)] {
                if !algorithm.is_empty() {
                    let labels = [policy, kind, algorithm, strength(algorithm)];
                    add(ALGORITHMS, &labels, 1);
                }
            }
        }
        if let Some(algorithm) = self.trail.token_signature {
            let labels = [policy, "token-signature", algorithm, strength(algorithm)];
            add(ALGORITHMS, &labels, 1);
        }
        if let Some(bytes) = self.trail.opened_bytes {
            let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
            add(OPENED_BYTES, &[policy], bytes);
        }
    }

    /// Id of the policy's key that a failure is about, `unknown` when it is none of them; `None`
    /// for reasons that have nothing to do with keys.
    pub fn key_of(&self, reason: Reason) -> Option<&str> {
        let key = match reason.stage() {
            Stage::Signature | Stage::Replay => self.trail.signature_key.as_deref(),
            Stage::Token => self.trail.token.named(),
            Stage::Payload => self.trail.payload.named(),
            _ => return None,
        };
        Some(key.unwrap_or(UNKNOWN))
    }

    /// Id of the key whose signature was accepted, and the gate's clock minus the sender's in
    /// seconds where the scheme signs a time.
    pub fn accepted_signature(&self) -> Option<(&str, Option<i64>)> {
        let signed = self.trail.signed.as_ref()?;
        Some((&signed.key, signed.skew_seconds))
    }
}
