//! What became of a request.

use super::Response;
use crate::headers::Headers;

/// What the upstream has seen of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarded {
    /// The head, pseudo headers included.
    pub head: Headers,
    /// Body bytes so far.
    pub body: Vec<u8>,
    /// Trailers, when they came.
    pub trailers: Option<Headers>,
    /// The end arrived.
    pub complete: bool,
}

/// A declared length that is not the body's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LengthMismatch {
    /// What the head declares, every value.
    pub declared: Vec<String>,
    /// Bytes that were sent.
    pub actual: u64,
}

impl Forwarded {
    /// The declared `content-length` if it contradicts the body: behind a real proxy this is
    /// request smuggling (longer body) or a hang (shorter body).
    pub fn content_length_mismatch(&self) -> Option<LengthMismatch> {
        if self.complete {
            mismatch(&self.head, &self.body)
        } else {
            None
        }
    }
}

/// The contradiction between a head and its complete body.
pub(crate) fn mismatch(head: &Headers, body: &[u8]) -> Option<LengthMismatch> {
    let actual = body.len() as u64;
    if !head.contains("content-length") || head.content_length() == Some(actual) {
        return None;
    }
    let declared = head
        .all(b"content-length")
        .map(|value| String::from_utf8_lossy(value).into_owned())
        .collect();
    Some(LengthMismatch { declared, actual })
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The whole request reached the upstream, and its response came back.
    Forwarded {
        /// What the upstream saw.
        request: Forwarded,
        /// What the client got.
        response: Response,
    },
    /// The host or the guest answered by itself.
    LocalReply {
        /// What the client got.
        reply: Response,
        /// What the upstream had seen by then: `None` is "not one byte".
        leaked: Option<Forwarded>,
    },
    /// Nobody will ever answer; a real client waits for the host's timeout.
    Hung {
        /// What the upstream had seen by then.
        leaked: Option<Forwarded>,
    },
    /// The guest closed the stream without an answer.
    Reset {
        /// What the upstream had seen by then.
        leaked: Option<Forwarded>,
    },
}

impl Outcome {
    /// What the upstream saw; `None` is "nothing, not one byte".
    pub fn upstream(&self) -> Option<&Forwarded> {
        match self {
            Self::Forwarded { request, .. } => Some(request),
            Self::LocalReply { leaked, .. } | Self::Hung { leaked } | Self::Reset { leaked } => {
                leaked.as_ref()
            }
        }
    }

    /// What the client got.
    pub fn response(&self) -> Option<&Response> {
        match self {
            Self::Forwarded { response, .. }
            | Self::LocalReply {
                reply: response, ..
            } => Some(response),
            Self::Hung { .. } | Self::Reset { .. } => None,
        }
    }

    /// The status the client got.
    pub fn status(&self) -> Option<u16> {
        self.response().map(Response::status)
    }

    /// The whole request reached the upstream.
    pub fn is_forwarded(&self) -> bool {
        matches!(self, Self::Forwarded { .. })
    }

    /// The host or the guest answered, and the upstream saw nothing.
    pub fn is_clean_refusal(&self) -> bool {
        matches!(self, Self::LocalReply { leaked: None, .. })
    }
}
