//! Message signatures: what is demanded of them, and whether they match.
//!
//! The stage is the same for every scheme. Each signature found on a request is paired with each
//! key that its sender may mean; the pairs are tried in order until one verifies. A pair whose
//! octets contain the body waits until the body is there.

use std::collections::VecDeque;
use std::sync::Arc;

use sealgate_signature::SignatureError;
use sealgate_signature::key::mac;
use sealgate_signature::scheme::{self, Presented};
use sha2::{Digest, Sha256};

use crate::limits::{MAX_NONCE_BYTES, MAX_SIGNATURES_TRIED};
use crate::policy::compiled::SignaturePolicy;
use crate::policy::keys::{MessageKey, MessageMaterial};
use crate::refusal::Reason;
use crate::request::Request;

/// The request is by a holder of one of the policy's keys, head and body.
pub(crate) struct SignatureVerified {
    /// The policy's id of the key that signed.
    pub(crate) key_id: String,
    /// The sender's name of that key: one name per sender, over all its keys.
    pub(crate) sender: String,
    /// Signed value that the sender uses once.
    pub(crate) nonce: Option<Vec<u8>>,
    /// SHA-256 of the signed octets, where the replay guard goes by it. Unlike the signature value
    /// it has one spelling only, and it is the same for every signature that a rotating sender
    /// puts on one message.
    pub(crate) identity: Option<[u8; 32]>,
    /// Last second at which this signature is accepted, if its scheme has a window.
    pub(crate) expires_at: Option<i64>,
    /// The gate's clock minus the sender's, in seconds, if the scheme signs a time.
    pub(crate) skew_seconds: Option<i64>,
    /// Name of the key's algorithm.
    pub(crate) algorithm: &'static str,
}

/// What may be said of octets that did not match: enough to compare, nothing to learn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// SHA-256 of the signed octets as the gate sees them, lower-case hex.
    pub octets_sha256: String,
    /// Names of the covered parts.
    pub covered: Vec<String>,
}

/// The signature matches; the body may still have to match its digest.
pub(crate) struct HeadVerified {
    verified: SignatureVerified,
    presented: Presented,
}

/// Where the check stands.
pub(crate) enum Step {
    /// The signature is proven.
    Verified(Box<HeadVerified>),
    /// The MAC has to be computed in the bridge.
    AskMac(Box<PendingMac>),
    /// The signed octets contain the body.
    NeedsBody(Attempts),
}

/// Why no signature was accepted.
#[derive(Debug)]
pub(crate) struct Rejected {
    /// The reason of the last pair tried.
    pub(crate) reason: Reason,
    /// The octets of that pair, where they were what did not match.
    pub(crate) mismatch: Option<Mismatch>,
    /// The policy's id of the key of that pair.
    pub(crate) key_id: Option<String>,
}

impl HeadVerified {
    /// The policy's id of the key that signed.
    pub(crate) fn key_id(&self) -> &str {
        &self.verified.key_id
    }
}

/// Pairs of signature and key that are still to be tried.
#[derive(Default)]
pub(crate) struct Attempts {
    left: VecDeque<(Presented, Arc<MessageKey>)>,
    rejected: Option<Rejected>,
}

/// A pair that waits for its MAC.
pub(crate) struct PendingMac {
    /// Id of the key in the bridge.
    pub(crate) kid: String,
    /// Name of the MAC algorithm.
    pub(crate) algorithm: &'static str,
    /// The signed octets.
    pub(crate) octets: Vec<u8>,
    presented: Presented,
    key: Arc<MessageKey>,
    rest: Attempts,
}

/// Reads the head and tries what the head alone can prove.
pub(crate) fn start(
    policy: &SignaturePolicy,
    request: &Request,
    now: i64,
) -> Result<Step, Rejected> {
    let presented = policy
        .scheme
        .present(&request.message())
        .map_err(|error| Rejected::because(reason(error)))?;
    let mut attempts = Attempts::default();
    for presented in presented {
        for key in policy.keys.iter().filter(|key| key.is_meant_by(&presented)) {
            if attempts.left.len() < MAX_SIGNATURES_TRIED {
                attempts.left.push_back((presented.clone(), key.clone()));
            }
        }
    }
    attempts.go_on(policy, request, None, now)
}

impl Attempts {
    /// Tries the pairs that are left. Without a `body`, a pair that needs it stops the walk.
    pub(crate) fn go_on(
        mut self,
        policy: &SignaturePolicy,
        request: &Request,
        body: Option<&[u8]>,
        now: i64,
    ) -> Result<Step, Rejected> {
        while let Some((presented, key)) = self.left.pop_front() {
            if presented.needs_body && body.is_none() {
                self.left.push_front((presented, key));
                return Ok(Step::NeedsBody(self));
            }
            let id = key.id.clone();
            match attempt(
                policy,
                request,
                presented,
                key,
                body.unwrap_or_default(),
                now,
            ) {
                Ok(Attempted::Verified(head)) => return Ok(Step::Verified(head)),
                Ok(Attempted::Ask(mut pending)) => {
                    pending.rest = self;
                    return Ok(Step::AskMac(pending));
                }
                Err(rejected) => self.rejected = Some(rejected.of(id)),
            }
        }
        Err(self
            .rejected
            .unwrap_or_else(|| Rejected::because(Reason::SignatureKeyUnknown)))
    }
}

impl PendingMac {
    /// Compares the MAC that the bridge computed; a wrong one leads to the pairs that are left.
    pub(crate) fn finish(
        mut self,
        computed: &[u8],
        policy: &SignaturePolicy,
        request: &Request,
        body: Option<&[u8]>,
        now: i64,
    ) -> Result<Step, Rejected> {
        let matched = self
            .presented
            .signatures
            .iter()
            .any(|presented| mac::matches(computed, presented).is_ok());
        if matched {
            let identity = policy.identity(&[&self.octets]);
            let head = accepted(policy, self.presented, &self.key, identity, now);
            return Ok(Step::Verified(Box::new(head)));
        }
        let rejected = Rejected::mismatch(&self.presented, &[&self.octets]);
        self.rest.rejected = Some(rejected.of(self.key.id.clone()));
        self.rest.go_on(policy, request, body, now)
    }
}

/// Holds the body as received against what the head says of it.
pub(crate) fn check_body(
    policy: &SignaturePolicy,
    head: Box<HeadVerified>,
    request: &Request,
    body: &[u8],
) -> Result<SignatureVerified, Reason> {
    policy
        .scheme
        .check_body(&request.message(), &head.presented, body)
        .map_err(reason)?;
    Ok(head.verified)
}

enum Attempted {
    Verified(Box<HeadVerified>),
    Ask(Box<PendingMac>),
}

fn attempt(
    policy: &SignaturePolicy,
    request: &Request,
    presented: Presented,
    key: Arc<MessageKey>,
    body: &[u8],
    now: i64,
) -> Result<Attempted, Rejected> {
    let scheme = policy.scheme.as_ref();
    scheme::agree(scheme, &presented, key.algorithm)
        .map_err(|error| Rejected::because(reason(error)))?;
    meets_demands(policy, &presented, &key, now).map_err(Rejected::because)?;
    let message = request.message();
    let octets = scheme
        .signed_octets(&message, &presented, body)
        .map_err(|error| Rejected::because(reason(error)))?;
    match &key.material {
        MessageMaterial::Local(local) => {
            if scheme::verify_octets(scheme, &presented, &octets, local).is_err() {
                return Err(Rejected::mismatch(&presented, &octets.parts()));
            }
            let identity = policy.identity(&octets.parts());
            let head = accepted(policy, presented, &key, identity, now);
            Ok(Attempted::Verified(Box::new(head)))
        }
        MessageMaterial::Bridge(kid) => Ok(Attempted::Ask(Box::new(PendingMac {
            kid: kid.clone(),
            algorithm: key.algorithm.name(),
            octets: octets.concat(),
            presented,
            key,
            rest: Attempts::default(),
        }))),
    }
}

/// What the policy demands of a signature beyond that it matches.
fn meets_demands(
    policy: &SignaturePolicy,
    presented: &Presented,
    key: &MessageKey,
    now: i64,
) -> Result<(), Reason> {
    if !key.validity.contains(now) {
        return Err(Reason::SignatureKeyExpired);
    }
    if policy.signs_time && presented.created.is_none() {
        return Err(Reason::SignatureExpired);
    }
    let early = presented
        .created
        .is_some_and(|created| created > now.saturating_add(policy.tolerance_seconds));
    if early || last_second(policy, presented).is_some_and(|last| now > last) {
        return Err(Reason::SignatureExpired);
    }
    let fits = |nonce: &Vec<u8>| (1..=MAX_NONCE_BYTES).contains(&nonce.len());
    if policy.nonce && !presented.nonce.as_ref().is_some_and(fits) {
        return Err(Reason::SignatureNonce);
    }
    Ok(())
}

/// The last second at which a signature is accepted.
fn last_second(policy: &SignaturePolicy, presented: &Presented) -> Option<i64> {
    let by_age = presented
        .created
        .map(|created| created.saturating_add(policy.tolerance_seconds));
    match (by_age, presented.expires) {
        (Some(by_age), Some(expires)) => Some(by_age.min(expires)),
        (by_age, expires) => by_age.or(expires),
    }
}

fn accepted(
    policy: &SignaturePolicy,
    presented: Presented,
    key: &MessageKey,
    identity: Option<[u8; 32]>,
    now: i64,
) -> HeadVerified {
    HeadVerified {
        verified: SignatureVerified {
            key_id: key.id.clone(),
            sender: match presented.key_id {
                Some(_) => key.sender.clone(),
                None => policy.scheme.name().to_owned(),
            },
            nonce: presented.nonce.clone(),
            identity,
            expires_at: last_second(policy, &presented),
            skew_seconds: presented.created.map(|created| now.saturating_sub(created)),
            algorithm: key.algorithm.name(),
        },
        presented,
    }
}

impl Rejected {
    pub(crate) fn because(reason: Reason) -> Self {
        Self {
            reason,
            mismatch: None,
            key_id: None,
        }
    }

    fn of(mut self, key_id: String) -> Self {
        self.key_id = Some(key_id);
        self
    }

    fn mismatch(presented: &Presented, octets: &[&[u8]]) -> Self {
        let digest = digest(octets);
        Self {
            reason: Reason::SignatureMismatch,
            mismatch: Some(Mismatch {
                octets_sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
                covered: presented.covered.clone(),
            }),
            key_id: None,
        }
    }
}

impl SignaturePolicy {
    fn identity(&self, octets: &[&[u8]]) -> Option<[u8; 32]> {
        self.identifies_octets.then(|| digest(octets))
    }
}

fn digest(octets: &[&[u8]]) -> [u8; 32] {
    let hash = octets
        .iter()
        .fold(Sha256::new(), |hash, part| hash.chain_update(part));
    hash.finalize().into()
}

/// The one reading of a scheme's errors as reasons.
fn reason(error: SignatureError) -> Reason {
    match error {
        SignatureError::Missing => Reason::SignatureMissing,
        SignatureError::NotCovered => Reason::SignatureCoverage,
        SignatureError::AlgorithmMismatch => Reason::SignatureAlgorithm,
        SignatureError::Mismatch => Reason::SignatureMismatch,
        SignatureError::DigestMismatch | SignatureError::DigestUnsupported => {
            Reason::DigestMismatch
        }
        _ => Reason::SignatureMalformed,
    }
}
