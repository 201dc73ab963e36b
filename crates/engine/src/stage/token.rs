//! The encrypted token: opened, its inner signature verified, its claims checked and mapped.

use std::sync::Arc;

use sealgate_jose::jwe::Sealed;
use sealgate_jose::jwt::{ClaimFault, Claims, Expected};
use sealgate_jose::{Limits, jws};
use serde_json::Value;

use super::claims;
use super::key_answer::{Closed, Opening, PendingUnwrap, open};
use crate::exchange::trail::Opener;
use crate::key_set::{KeySet, Lookup};
use crate::limits::MAX_TOKEN_BYTES;
use crate::policy::compiled::TokenPolicy;
use crate::policy::keys::VerifierKey;
use crate::refusal::Reason;
use crate::request::Request;

/// The token is by the issuer, for us, and in time.
pub(crate) struct TokenVerified {
    headers: Vec<(String, String)>,
    metadata: Vec<(String, String)>,
    subject: Option<String>,
    /// Of the signature inside.
    algorithm: Option<&'static str>,
    claims: Vec<u8>,
}

impl TokenVerified {
    /// Headers for the upstream: name and value.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// What the host keeps of the claims: name and text.
    pub(crate) fn metadata(&self) -> &[(String, String)] {
        &self.metadata
    }

    /// The `sub` claim.
    pub(crate) fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// Name of the algorithm of the signature inside, if there is one.
    pub(crate) fn algorithm(&self) -> Option<&'static str> {
        self.algorithm
    }

    /// The claims as JSON text, for the scan.
    pub(crate) fn claims(&self) -> &[u8] {
        &self.claims
    }
}

/// Where the check ended.
pub(crate) enum Step {
    Verified(TokenVerified),
    Ask(Box<PendingUnwrap>),
    /// The key set of the issuer has to be looked at anew.
    KeySet(Box<PendingKeySet>),
}

/// An opened token that waits for its issuer's keys.
pub(crate) struct PendingKeySet {
    pub(crate) set: Arc<KeySet>,
    signed: Vec<u8>,
    kid: Option<String>,
}

impl PendingKeySet {
    /// Takes the copy that the workers share; whether that will do.
    pub(crate) fn take_copy(&self, copy: &[u8], now: i64) -> bool {
        self.set.take_copy(copy, self.kid.as_deref(), now)
    }

    /// Verifies with what is known now.
    pub(crate) fn finish(self, policy: &TokenPolicy, now: i64) -> Result<TokenVerified, Reason> {
        let key = self.set.known(self.kid.as_deref(), now)?;
        signed_claims(policy, signed(&self.signed)?, &key, now)
    }
}

/// Reads the token from its header and opens it, or says what to ask the key service.
pub(crate) fn start(
    policy: &TokenPolicy,
    request: &Request,
    now: i64,
    opener: &mut Opener,
) -> Result<Step, Reason> {
    let token = presented(policy, request)?;
    let limits = Limits {
        max_token_bytes: MAX_TOKEN_BYTES,
        ..Limits::TOKEN
    };
    let sealed = Sealed::compact(token, &limits).map_err(|_| Reason::TokenMalformed)?;
    match open(sealed, &policy.decrypt, opener).map_err(reason)? {
        Opening::Opened(plaintext) => verify(policy, plaintext, now),
        Opening::Ask(pending) => Ok(Step::Ask(pending)),
    }
}

/// Goes on with the key service's answer.
pub(crate) fn finish(
    policy: &TokenPolicy,
    pending: PendingUnwrap,
    status: u16,
    body: &[u8],
    now: i64,
) -> Result<Step, Reason> {
    let plaintext = pending.finish(status, body).map_err(reason)?;
    verify(policy, plaintext, now)
}

fn presented<'a>(policy: &'a TokenPolicy, request: &'a Request) -> Result<&'a [u8], Reason> {
    let mut values = request.values(policy.header.as_bytes());
    let value = match (values.next(), values.next()) {
        (Some(value), None) => value,
        (None, _) => return Err(Reason::TokenMissing),
        (Some(_), Some(_)) => return Err(Reason::TokenMalformed),
    };
    if policy.scheme.is_empty() {
        return Ok(value);
    }
    match value.split_at_checked(policy.scheme.len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(policy.scheme.as_bytes()) => {
            rest.strip_prefix(b" ").ok_or(Reason::TokenMalformed)
        }
        _ => Err(Reason::TokenMissing),
    }
}

fn verify(policy: &TokenPolicy, plaintext: Vec<u8>, now: i64) -> Result<Step, Reason> {
    if policy.verify.is_empty() && policy.key_set.is_none() {
        return claims(policy, plaintext, now).map(Step::Verified);
    }
    let signed = signed(&plaintext)?;
    if let Some(key) = key(policy, signed.header().kid.as_deref(), now)? {
        return signed_claims(policy, signed, &key, now).map(Step::Verified);
    }
    let set = policy.key_set.clone().ok_or(Reason::TokenSignature)?;
    let kid = signed.header().kid.clone();
    Ok(Step::KeySet(Box::new(PendingKeySet {
        set,
        signed: plaintext,
        kid,
    })))
}

fn signed_claims(
    policy: &TokenPolicy,
    signed: jws::Signed<'_>,
    key: &VerifierKey,
    now: i64,
) -> Result<TokenVerified, Reason> {
    let verified = signed.verify(&key.key);
    let verified = verified.map_err(|_| Reason::TokenSignature)?;
    let checked = claims(policy, verified.into_payload(), now)?;
    Ok(TokenVerified {
        algorithm: Some(key.key.alg().name()),
        ..checked
    })
}

/// The key of the JWS inside: chosen by `kid`, or the only one. `None`: the key set first.
fn key(
    policy: &TokenPolicy,
    kid: Option<&str>,
    now: i64,
) -> Result<Option<Arc<VerifierKey>>, Reason> {
    let written = match (kid, policy.verify.as_slice(), &policy.key_set) {
        (Some(kid), keys, _) => keys.iter().find(|key| key.is_meant_by(kid)),
        (None, [only], None) => Some(only),
        _ => None,
    };
    match (written, &policy.key_set) {
        (Some(key), _) => Ok(Some(key.clone())),
        (None, Some(_)) if kid.is_none() && !policy.verify.is_empty() => {
            Err(Reason::TokenSignature)
        }
        (None, Some(set)) => match set.look_up(kid, now) {
            Lookup::Known(key) => Ok(Some(key)),
            Lookup::Ask => Ok(None),
            Lookup::Refused(reason) => Err(reason),
        },
        (None, None) => Err(Reason::TokenSignature),
    }
}

fn claims(policy: &TokenPolicy, payload: Vec<u8>, now: i64) -> Result<TokenVerified, Reason> {
    let claims = Claims::parse(&payload).map_err(|_| Reason::TokenClaims)?;
    let expected = Expected {
        issuer: Some(&policy.issuer),
        audience: &policy.audience,
        leeway_seconds: policy.leeway_seconds,
    };
    let now = u64::try_from(now).map_err(|_| Reason::TokenExpired)?;
    claims.check(&expected, now).map_err(|fault| match fault {
        ClaimFault::MissingExpiry | ClaimFault::Expired => Reason::TokenExpired,
        ClaimFault::NotYetValid | ClaimFault::IssuedInFuture => Reason::TokenNotYetValid,
        ClaimFault::Issuer => Reason::TokenIssuer,
        ClaimFault::Audience => Reason::TokenAudience,
        _ => Reason::TokenClaims,
    })?;
    let subject = claims.claim("sub").and_then(Value::as_str);
    let subject = subject.map(str::to_owned);
    let claims = Value::Object(claims.into_members());
    Ok(TokenVerified {
        subject,
        headers: claims::texts(&claims, &policy.claims_to_headers, policy.join)?,
        metadata: claims::texts(&claims, &policy.claims_to_metadata, policy.join)?,
        algorithm: None,
        claims: payload,
    })
}

/// The JWS inside the JWE.
fn signed(plaintext: &[u8]) -> Result<jws::Signed<'_>, Reason> {
    let limits = Limits {
        max_token_bytes: MAX_TOKEN_BYTES,
        ..Limits::TOKEN
    };
    jws::Signed::compact(plaintext, &limits).map_err(|_| Reason::TokenSignature)
}

fn reason(closed: Closed) -> Reason {
    match closed {
        Closed::KeyUnknown => Reason::TokenKeyUnknown,
        Closed::NotOpened => Reason::TokenNotOpened,
        Closed::KeyRefused => Reason::TokenKeyRefused,
        Closed::KeyService => Reason::TokenKeyService,
    }
}
