//! HTTP calls of a guest, as data.

use crate::headers::Headers;
use std::time::Duration;

/// A call the guest dispatched and the driver must carry out.
#[derive(Clone, Debug)]
pub struct HttpCall {
    /// Number that the answer must carry, unique within a VM.
    pub token: u32,
    /// The stream (or the root context) that made it.
    pub context_id: u32,
    /// Cluster name.
    pub cluster: String,
    /// Head with the pseudo headers `:method`, `:path`, `:authority`.
    pub headers: Headers,
    /// Body.
    pub body: Vec<u8>,
    /// Trailers; usually empty.
    pub trailers: Headers,
    /// After this long the answer is Envoy's 504.
    pub timeout: Duration,
}

impl HttpCall {
    /// The `:path`, empty when it is not text.
    pub fn path(&self) -> &str {
        self.headers.text(":path").unwrap_or_default()
    }

    /// The `:method`, empty when it is not text.
    pub fn method(&self) -> &str {
        self.headers.text(":method").unwrap_or_default()
    }
}

/// What a cluster answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Head with `:status`. An empty map is the rare "no response at all".
    pub headers: Headers,
    /// Body.
    pub body: Vec<u8>,
    /// Trailers.
    pub trailers: Headers,
}

impl Answer {
    /// An answer of this status and body.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let mut headers = Headers::from_pairs([(":status", status.to_string())]);
        headers.add(b"content-length", body.len().to_string().as_bytes());
        Self {
            headers,
            body,
            trailers: Headers::new(),
        }
    }

    /// 200 with this body.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, body)
    }

    /// 200 with a JSON body.
    pub fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, body).header("content-type", "application/json")
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.add(name.as_bytes(), value.as_bytes());
        self
    }

    /// What Envoy makes of a call that timed out (a 504 with a 24-byte body).
    pub fn timed_out() -> Self {
        Self::new(504, "upstream request timeout").header("content-type", "text/plain")
    }

    /// What Envoy makes of a refused connection or a missing socket.
    pub fn refused() -> Self {
        Self::new(
            503,
            "upstream connect error or disconnect/reset before headers. \
             reset reason: remote connection failure",
        )
        .header("content-type", "text/plain")
    }

    /// What Envoy makes of a connection reset before the answer.
    pub fn reset() -> Self {
        Self::new(
            503,
            "upstream connect error or disconnect/reset before headers. \
             reset reason: connection termination",
        )
        .header("content-type", "text/plain")
    }

    /// The rare failure without any header.
    pub fn none() -> Self {
        Self {
            headers: Headers::new(),
            body: Vec::new(),
            trailers: Headers::new(),
        }
    }
}
