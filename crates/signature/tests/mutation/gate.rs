//! What the engine does with a signature, in small: find the key, check time and body.

use sealgate_signature::scheme::verify;
use sealgate_signature::{Coverage, Message, Presented, SignatureError, VerificationKey};

use crate::request::Request;
use crate::subject::{NOW, Subject};

/// How old or how far ahead a message may be, in seconds.
pub(crate) const TOLERANCE_SECONDS: i64 = 300;

/// Judges a request as the gate of these keys does, at [`NOW`].
pub(crate) fn judge(subject: &Subject, request: &Request) -> Result<(), SignatureError> {
    let [first, second] = &subject.keys;
    let keys = [(first.id, &first.key), (second.id, &second.key)];
    // Without names on the wire there is one sender a route.
    let trusted = if first.id.is_some() { 2 } else { 1 };
    judge_with(subject, request, &keys[..trusted], NOW)
}

/// Judges a request with these keys at this time.
pub(crate) fn judge_with(
    subject: &Subject,
    request: &Request,
    keys: &[(Option<&str>, &VerificationKey)],
    now: i64,
) -> Result<(), SignatureError> {
    let message = request.message();
    let presented = subject.scheme.present(&message)?;
    // Several signatures: the first that is right counts, the last refusal is reported.
    let mut refused = SignatureError::Missing;
    for presented in &presented {
        for (id, key) in keys {
            if presented.key_id.as_deref() != *id {
                continue;
            }
            match judge_one(subject, &message, presented, &request.body, key, now) {
                Ok(()) => return Ok(()),
                Err(error) => refused = error,
            }
        }
    }
    Err(refused)
}

fn judge_one(
    subject: &Subject,
    message: &Message<'_>,
    presented: &Presented,
    body: &[u8],
    key: &VerificationKey,
    now: i64,
) -> Result<(), SignatureError> {
    let scheme = subject.scheme.as_ref();
    let near = |at: i64| (now - at).abs() <= TOLERANCE_SECONDS;
    let timed = scheme.guarantees().contains(Coverage::FRESHNESS);
    let fresh = presented.created.map_or(!timed, near);
    if !fresh || presented.expires.is_some_and(|end| end < now) {
        return Err(SignatureError::NotCovered);
    }
    let body_for_octets = if presented.needs_body { body } else { &[] };
    verify(scheme, message, presented, body_for_octets, key)?;
    scheme.check_body(message, presented, body)
}
