//! The encrypted token: opened, its inner signature verified, its claims checked and mapped.

use sealgate_jose::jwe::Sealed;
use sealgate_jose::jwt::{ClaimFault, Claims, Expected};
use sealgate_jose::{Limits, jws};
use serde_json::Value;

use super::key_answer::{Closed, Opening, PendingUnwrap, open};
use crate::limits::{MAX_CLAIM_BYTES, MAX_TOKEN_BYTES};
use crate::policy::compiled::TokenPolicy;
use crate::refusal::Reason;
use crate::request::Request;

/// The token is by the issuer, for us, and in time.
pub(crate) struct TokenVerified {
    headers: Vec<(String, String)>,
    claims: Vec<u8>,
}

impl TokenVerified {
    /// Headers for the upstream: name and value.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
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
}

/// Reads the token from its header and opens it, or says what to ask the key service.
pub(crate) fn start(policy: &TokenPolicy, request: &Request, now: i64) -> Result<Step, Reason> {
    let token = presented(policy, request)?;
    let limits = Limits {
        max_token_bytes: MAX_TOKEN_BYTES,
        ..Limits::TOKEN
    };
    let sealed = Sealed::compact(token, &limits).map_err(|_| Reason::TokenMalformed)?;
    match open(sealed, policy.decrypt.iter().map(AsRef::as_ref)).map_err(reason)? {
        Opening::Opened(plaintext) => verify(policy, plaintext, now).map(Step::Verified),
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
) -> Result<TokenVerified, Reason> {
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

fn verify(policy: &TokenPolicy, plaintext: Vec<u8>, now: i64) -> Result<TokenVerified, Reason> {
    let payload = if policy.verify.is_empty() {
        plaintext
    } else {
        verify_inner(policy, &plaintext)?
    };
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
    let mut headers = Vec::with_capacity(policy.claims_to_headers.len());
    for (claim, header) in &policy.claims_to_headers {
        if let Some(value) = claims.claim(claim) {
            headers.push((header.clone(), header_value(value)?));
        }
    }
    Ok(TokenVerified {
        headers,
        claims: payload,
    })
}

/// The JWS inside the JWE: its key is chosen by `kid`, or is the only one.
fn verify_inner(policy: &TokenPolicy, plaintext: &[u8]) -> Result<Vec<u8>, Reason> {
    let limits = Limits {
        max_token_bytes: MAX_TOKEN_BYTES,
        ..Limits::TOKEN
    };
    let signed = jws::Signed::compact(plaintext, &limits).map_err(|_| Reason::TokenSignature)?;
    let key = match (signed.header().kid.as_deref(), policy.verify.as_slice()) {
        (Some(kid), keys) => keys.iter().find(|key| key.id == kid),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let key = key.ok_or(Reason::TokenSignature)?;
    let verified = signed
        .verify(&key.key)
        .map_err(|_| Reason::TokenSignature)?;
    Ok(verified.into_payload())
}

/// Text of a claim as a header value: strings, numbers and booleans; arrays of strings are joined
/// with commas. Everything else, and every byte that could end a header line, is refused.
fn header_value(claim: &Value) -> Result<String, Reason> {
    let text = match claim {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Array(items) => {
            let items: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            let items = items.ok_or(Reason::TokenClaimValue)?;
            if items.iter().any(|item| item.contains(',')) {
                return Err(Reason::TokenClaimValue);
            }
            items.join(",")
        }
        Value::Null | Value::Object(_) => return Err(Reason::TokenClaimValue),
    };
    let visible = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if !visible || text.len() > MAX_CLAIM_BYTES || text.trim() != text {
        return Err(Reason::TokenClaimValue);
    }
    Ok(text)
}

fn reason(closed: Closed) -> Reason {
    match closed {
        Closed::KeyUnknown => Reason::TokenKeyUnknown,
        Closed::NotOpened => Reason::TokenNotOpened,
        Closed::KeyRefused => Reason::TokenKeyRefused,
        Closed::KeyService => Reason::TokenKeyService,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn claims_become_header_values_or_refuse_the_token() {
        let good = [
            (json!("alice"), "alice"),
            (json!(42), "42"),
            (json!(true), "true"),
            (json!(["a", "b"]), "a,b"),
        ];
        for (claim, expected) in good {
            assert_eq!(header_value(&claim).unwrap(), expected);
        }
        let bad = [
            json!("a\r\nx-admin: 1"),
            json!("a\0"),
            json!("\u{fc}"),
            json!(" a"),
            json!("a".repeat(MAX_CLAIM_BYTES + 1)),
            json!({"a": 1}),
            json!(null),
            json!(["a", 1]),
            json!(["a,b"]),
        ];
        for claim in bad {
            assert_eq!(
                header_value(&claim),
                Err(Reason::TokenClaimValue),
                "{claim}"
            );
        }
    }
}
