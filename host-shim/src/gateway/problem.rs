//! Answers that the gateway gives by itself, as RFC 9457 problems.

use crate::headers::Headers;

/// Why the gateway answers by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// The request cannot be understood in one way only.
    Malformed,
    /// The body is larger than the gateway holds.
    TooLarge,
    /// The guest failed.
    Unavailable,
    /// The upstream does not answer.
    BadGateway,
    /// The upstream (or the guest) took too long.
    Timeout,
}

impl Problem {
    /// Maps the reason of a local reply that no guest wrote.
    pub(super) fn of_details(details: &str) -> Self {
        if details == "request_payload_too_large" {
            Self::TooLarge
        } else {
            Self::Unavailable
        }
    }

    fn words(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::Malformed => (400, "malformed", "Malformed request"),
            Self::TooLarge => (413, "too-large", "Body too large"),
            Self::Unavailable => (503, "unavailable", "Service unavailable"),
            Self::BadGateway => (502, "bad-gateway", "The upstream does not answer"),
            Self::Timeout => (504, "timeout", "The request took too long"),
        }
    }

    /// The head and body of the answer.
    pub(super) fn message(self, request_id: &str) -> (Headers, Vec<u8>) {
        let (status, class, title) = self.words();
        // The id is ours or was checked to be plain; nothing in it needs escaping.
        let body = format!(
            "{{\"type\":\"urn:sealgate:problem:{class}\",\"title\":\"{title}\",\
             \"status\":{status},\"request_id\":\"{request_id}\"}}"
        );
        let head = Headers::from_pairs([
            (":status", status.to_string()),
            ("content-type", "application/problem+json".to_owned()),
            ("content-length", body.len().to_string()),
        ]);
        (head, body.into_bytes())
    }
}
