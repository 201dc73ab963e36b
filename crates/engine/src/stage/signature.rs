//! Message signatures: what is demanded of them, and whether they match.

use std::sync::Arc;

use sealgate_signature::rfc9421::{self, Presented};
use sealgate_signature::{SignatureError, content_digest, github, mac};

use crate::limits::{MAX_NONCE_BYTES, MAX_SIGNATURES_TRIED};
use crate::policy::compiled::{Scheme, SignaturePolicy};
use crate::policy::keys::{MacSecret, SigningKey};
use crate::refusal::Reason;
use crate::request::Request;

/// The request is by a holder of one of the policy's keys, head and body.
pub(crate) struct SignatureVerified {
    /// The key that signed.
    pub(crate) key_id: String,
    /// Signed value that the sender uses once.
    pub(crate) nonce: Option<String>,
    /// The signature value.
    pub(crate) signature: Vec<u8>,
    /// Last second at which this signature is accepted, if its scheme has a window.
    pub(crate) expires_at: Option<i64>,
}

/// The signature over the head matches; the body may still have to match its digest.
pub(crate) struct HeadVerified {
    verified: SignatureVerified,
    covers_digest: bool,
}

/// Where the check of the head ended.
pub(crate) enum HeadStep {
    /// The head is proven.
    Verified(HeadVerified),
    /// The MAC has to be computed in the bridge.
    AskMac(Box<PendingMac>),
    /// The scheme signs nothing but the body.
    BodyOnly,
}

/// A signature that meets every demand and waits for its MAC.
pub(crate) struct PendingMac {
    /// Id of the key in the bridge.
    pub(crate) kid: String,
    /// The signature base.
    pub(crate) base: Vec<u8>,
    presented: Vec<u8>,
    head: HeadVerified,
}

/// Checks what the head alone proves.
pub(crate) fn check_head(
    policy: &SignaturePolicy,
    request: &Request,
    now: i64,
) -> Result<HeadStep, Reason> {
    let Scheme::Rfc9421 { .. } = &policy.scheme else {
        return match request.has(github::HEADER.as_bytes()) {
            true => Ok(HeadStep::BodyOnly),
            false => Err(Reason::SignatureMissing),
        };
    };
    let message = request.message();
    let presented = rfc9421::parse(&message).map_err(|error| match error {
        SignatureError::Missing => Reason::SignatureMissing,
        _ => Reason::SignatureMalformed,
    })?;
    let mut refused = Reason::SignatureKeyUnknown;
    let mut tried = 0;
    for candidate in presented {
        let Some(key) = key_of(policy, &candidate) else {
            continue;
        };
        if tried == MAX_SIGNATURES_TRIED {
            break;
        }
        tried += 1;
        match check_candidate(policy, request, candidate, key, now) {
            Ok(step) => return Ok(step),
            Err(reason) => refused = reason,
        }
    }
    Err(refused)
}

impl PendingMac {
    /// Compares the MAC that the bridge computed.
    pub(crate) fn finish(self, computed: &[u8]) -> Result<HeadVerified, Reason> {
        mac::matches(computed, &self.presented).map_err(|_| Reason::SignatureMismatch)?;
        Ok(self.head)
    }
}

/// Checks the body as received against what the head proved.
pub(crate) fn check_body(
    policy: &SignaturePolicy,
    head: Option<HeadVerified>,
    request: &Request,
    body: &[u8],
) -> Result<SignatureVerified, Reason> {
    match (&policy.scheme, head) {
        (Scheme::Rfc9421 { cover_body, .. }, Some(head)) => {
            if head.covers_digest {
                let digests: Vec<&[u8]> =
                    request.values(content_digest::HEADER.as_bytes()).collect();
                content_digest::verify(&digests, body).map_err(|_| Reason::DigestMismatch)?;
            } else if *cover_body && !body.is_empty() {
                return Err(Reason::SignatureCoverage);
            }
            Ok(head.verified)
        }
        (Scheme::Github, None) => github_body(policy, request, body),
        _ => Err(Reason::ProofMissing),
    }
}

fn key_of<'a>(policy: &'a SignaturePolicy, presented: &Presented) -> Option<&'a Arc<SigningKey>> {
    let keyid = presented.params.keyid.as_deref()?;
    policy.keys.iter().find(|key| key.id == keyid)
}

fn check_candidate(
    policy: &SignaturePolicy,
    request: &Request,
    presented: Presented,
    key: &SigningKey,
    now: i64,
) -> Result<HeadStep, Reason> {
    let Scheme::Rfc9421 {
        cover,
        tolerance_seconds,
        nonce,
        ..
    } = &policy.scheme
    else {
        return Err(Reason::ProofMissing);
    };
    let params = &presented.params;
    if params
        .alg
        .as_deref()
        .is_some_and(|alg| alg != rfc9421::HMAC_SHA256)
    {
        return Err(Reason::SignatureAlgorithm);
    }
    if !cover.iter().all(|name| presented.covers(name)) {
        return Err(Reason::SignatureCoverage);
    }
    let created = params.created.ok_or(Reason::SignatureExpired)?;
    let last = created.saturating_add(*tolerance_seconds);
    let last = params.expires.map_or(last, |expires| last.min(expires));
    if now > last || created > now.saturating_add(*tolerance_seconds) {
        return Err(Reason::SignatureExpired);
    }
    if *nonce
        && !params
            .nonce
            .as_ref()
            .is_some_and(|nonce| (1..=MAX_NONCE_BYTES).contains(&nonce.len()))
    {
        return Err(Reason::SignatureNonce);
    }
    let base = presented
        .base(&request.message())
        .map_err(|_| Reason::SignatureMalformed)?;
    let head = HeadVerified {
        covers_digest: presented.covers(content_digest::HEADER),
        verified: SignatureVerified {
            key_id: key.id.clone(),
            nonce: presented.params.nonce,
            signature: presented.signature.clone(),
            expires_at: Some(last),
        },
    };
    match &key.secret {
        MacSecret::Local(secret) => {
            mac::verify_hs256(secret, &base, &presented.signature)
                .map_err(|_| Reason::SignatureMismatch)?;
            Ok(HeadStep::Verified(head))
        }
        MacSecret::Bridge(kid) => Ok(HeadStep::AskMac(Box::new(PendingMac {
            kid: kid.clone(),
            base,
            presented: presented.signature,
            head,
        }))),
    }
}

fn github_body(
    policy: &SignaturePolicy,
    request: &Request,
    body: &[u8],
) -> Result<SignatureVerified, Reason> {
    let value = request
        .value(github::HEADER.as_bytes())
        .ok_or(Reason::SignatureMissing)?;
    let presented = github::parse(value).map_err(|_| Reason::SignatureMalformed)?;
    for key in &policy.keys {
        let MacSecret::Local(secret) = &key.secret else {
            continue;
        };
        if github::verify(secret, body, &presented).is_ok() {
            return Ok(SignatureVerified {
                key_id: key.id.clone(),
                nonce: None,
                signature: presented.as_bytes().to_vec(),
                expires_at: None,
            });
        }
    }
    Err(Reason::SignatureMismatch)
}
