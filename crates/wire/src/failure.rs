//! Why a key operation failed: one list for both sides.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why the bridge did not answer with a result. The last two never travel: a caller concludes
/// them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyFailure {
    /// Malformed before the token was asked.
    BadRequest,
    /// The body exceeds the limit.
    TooLarge,
    /// The body is not JSON by its content type.
    BadMedia,
    /// The header token is missing or wrong.
    BadToken,
    /// The key is unknown, or not allowed on this socket: the caller cannot tell which.
    NoKey,
    /// The key is disabled or missing from the token.
    KeyState,
    /// Every cryptographic failure, one answer.
    CryptoFailed,
    /// The queue is full.
    Busy,
    /// The budget of failures is used up.
    Limited,
    /// The token cannot do this algorithm, or the key is not for it.
    AlgUnsupported,
    /// The token does not answer.
    TokenDown,
    /// The deadline passed.
    TokenTimeout,
    /// The replay store does not answer: whether a value was seen, nobody knows.
    StoreDown,
    /// The audit log cannot be written, so nothing is done.
    AuditDown,
    /// A fault of the bridge.
    Internal,
    /// The bridge itself was not reached: an intermediary answered for it.
    Unreachable,
    /// The answer is not one the protocol has.
    Garbage,
}

impl KeyFailure {
    /// Every failure that travels, in the order of the table in `WIRE.md`.
    pub const ON_THE_WIRE: [Self; 15] = [
        Self::BadRequest,
        Self::TooLarge,
        Self::BadMedia,
        Self::BadToken,
        Self::NoKey,
        Self::KeyState,
        Self::CryptoFailed,
        Self::Busy,
        Self::Limited,
        Self::AlgUnsupported,
        Self::TokenDown,
        Self::TokenTimeout,
        Self::StoreDown,
        Self::AuditDown,
        Self::Internal,
    ];

    /// The stable code, as in the `code` field of the body, in logs and in metrics.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::TooLarge => "too_large",
            Self::BadMedia => "bad_media",
            Self::BadToken => "bad_token",
            Self::NoKey => "no_key",
            Self::KeyState => "key_state",
            Self::CryptoFailed => "crypto_failed",
            Self::Busy => "busy",
            Self::Limited => "limited",
            Self::AlgUnsupported => "alg_unsupported",
            Self::TokenDown => "token_down",
            Self::TokenTimeout => "token_timeout",
            Self::StoreDown => "store_down",
            Self::AuditDown => "audit_down",
            Self::Internal => "internal",
            Self::Unreachable => "unreachable",
            Self::Garbage => "garbage",
        }
    }

    /// The HTTP status that carries it; for the two that never travel, what a proxy would say.
    #[must_use]
    pub fn http_status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::BadToken => 401,
            Self::NoKey => 404,
            Self::KeyState => 409,
            Self::TooLarge => 413,
            Self::BadMedia => 415,
            Self::CryptoFailed => 422,
            Self::Busy | Self::Limited => 429,
            Self::Internal => 500,
            Self::AlgUnsupported => 501,
            Self::Garbage => 502,
            Self::TokenDown | Self::StoreDown | Self::AuditDown | Self::Unreachable => 503,
            Self::TokenTimeout => 504,
        }
    }

    /// The sentence in the `message` field: for people, without detail.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::BadRequest => "the request is malformed",
            Self::TooLarge => "the body is too large",
            Self::BadMedia => "the body must be application/json",
            Self::BadToken => "the header token is missing or wrong",
            Self::NoKey => "no such key on this socket",
            Self::KeyState => "the key cannot be used in its present state",
            Self::CryptoFailed => "the cryptographic operation failed",
            Self::Busy => "the queue is full, try again",
            Self::Limited => "too many failures, try again later",
            Self::AlgUnsupported => "the algorithm is not available with this key",
            Self::TokenDown => "the token is not available",
            Self::TokenTimeout => "the token did not answer in time",
            Self::StoreDown => "the replay store is not available",
            Self::AuditDown => "the audit log cannot be written",
            Self::Internal => "internal error",
            Self::Unreachable => "the bridge was not reached",
            Self::Garbage => "the answer was not understood",
        }
    }

    /// Whether the same request may succeed a little later.
    #[must_use]
    pub fn is_transient(self) -> bool {
        matches!(
            self,
            Self::Busy
                | Self::Limited
                | Self::TokenDown
                | Self::TokenTimeout
                | Self::StoreDown
                | Self::AuditDown
                | Self::Unreachable
        )
    }

    /// The failure that a status and a code name together; `None` when they contradict each
    /// other or the code is not one that travels.
    #[must_use]
    pub fn from_wire(status: u16, code: &str) -> Option<Self> {
        Self::ON_THE_WIRE
            .into_iter()
            .find(|f| f.code() == code && f.http_status() == status)
    }

    /// What a caller concludes from an answer that is not 200. Never panics, for any bytes.
    pub(crate) fn from_answer(status: u16, body: &[u8]) -> Self {
        let ours = (body.len() <= MAX_FAILURE_BYTES)
            .then(|| serde_json::from_slice::<FailureBody<'_>>(body).ok())
            .flatten()
            .and_then(|body| Self::from_wire(status, body.code));
        match ours {
            Some(failure) => failure,
            // Envoy answers these itself when the cluster has no healthy host or the call times
            // out, with a text of its own.
            None if matches!(status, 503 | 504) => Self::Unreachable,
            None => Self::Garbage,
        }
    }
}

impl fmt::Display for KeyFailure {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.message())
    }
}

impl std::error::Error for KeyFailure {}

/// A message that cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WireError {
    /// The body would exceed [`crate::MAX_BODY_BYTES`].
    TooLarge,
    /// The message does not have the shape the protocol asks for.
    Shape,
}

impl WireError {
    /// The stable code, for logs and metrics.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "wire-too-large",
            Self::Shape => "wire-shape",
        }
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Self::TooLarge => "the message exceeds the size limit",
            Self::Shape => "the message has a shape the protocol does not know",
        })
    }
}

impl std::error::Error for WireError {}

/// The body that carries a failure.
#[must_use]
pub fn encode_failure(failure: KeyFailure) -> Vec<u8> {
    let body = FailureBody {
        code: failure.code(),
        message: failure.message(),
    };
    serde_json::to_vec(&body).unwrap_or_default()
}

/// Largest failure body that is read, in bytes.
const MAX_FAILURE_BYTES: usize = 1024;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FailureBody<'a> {
    code: &'a str,
    message: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_bridge_writes_the_caller_reads() {
        for failure in KeyFailure::ON_THE_WIRE {
            let read = KeyFailure::from_answer(failure.http_status(), &encode_failure(failure));
            assert_eq!(read, failure);
        }
    }

    #[test]
    fn a_proxy_that_answers_for_the_bridge_is_not_the_bridge() {
        for body in [&b"no healthy upstream"[..], b"", b"{}", &[0xff; 4096]] {
            assert_eq!(KeyFailure::from_answer(503, body), KeyFailure::Unreachable);
            assert_eq!(KeyFailure::from_answer(504, body), KeyFailure::Unreachable);
            assert_eq!(KeyFailure::from_answer(404, body), KeyFailure::Garbage);
            assert_eq!(KeyFailure::from_answer(0, body), KeyFailure::Garbage);
        }
    }

    #[test]
    fn a_status_and_a_code_that_disagree_are_garbage() {
        let body = encode_failure(KeyFailure::NoKey);
        assert_eq!(KeyFailure::from_answer(422, &body), KeyFailure::Garbage);
        assert_eq!(KeyFailure::from_wire(503, "unreachable"), None);
        assert_eq!(KeyFailure::from_wire(502, "garbage"), None);
    }
}
