//! What goes into an exchange and what comes out of it.

use zeroize::Zeroizing;

use crate::forward::{Forward, HeaderEdit};
use crate::key_set::KeySetQuestion;
use crate::refusal::Refusal;
use crate::request::HeaderLine;

/// Names one pending question; the answer must carry it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(pub(crate) u32);

/// What the host has seen.
pub enum Event {
    /// The head is complete; it was given to [`crate::Gate::begin`]. Comes first, once.
    Head,
    /// So many body bytes are buffered by the host; more may come.
    BodyProgress {
        /// Bytes buffered so far.
        buffered_bytes: usize,
    },
    /// The whole body, after [`Effect::NeedBody`] and the end of the stream (body or trailers).
    Body(Vec<u8>),
    /// Answer to [`Effect::AskKey`] or [`Effect::FetchKeySet`]: status and body as received. A call that failed in the host
    /// is status 0 with an empty body.
    KeyAnswer {
        /// The question.
        ticket: Ticket,
        /// HTTP status.
        status: u16,
        /// Body, as received; it may hold a content-encryption key.
        body: Zeroizing<Vec<u8>>,
    },
    /// The upstream's response has begun; only after [`Effect::Forward`], and only where
    /// [`crate::Exchange::holds_response`] says so.
    ResponseHead(ResponseHead),
    /// So many response bytes are buffered by the host; more may come.
    ResponseProgress {
        /// Bytes buffered so far.
        buffered_bytes: usize,
    },
    /// The whole response body, after [`Effect::NeedResponseBody`] and the end of the stream.
    ResponseBody(Vec<u8>),
    /// Answer to [`Effect::Shared`].
    SharedAnswer {
        /// The question.
        ticket: Ticket,
        /// What the store says.
        answer: SharedAnswer,
    },
}

/// What the host must do now. Until it is told to forward, it holds everything back.
pub enum Effect {
    /// Nothing yet; keep holding.
    Wait,
    /// Buffer the body and give it as [`Event::Body`] when it is complete.
    NeedBody,
    /// Ask the key service.
    AskKey {
        /// Comes back with the answer.
        ticket: Ticket,
        /// What to send.
        question: KeyQuestion,
    },
    /// Fetch an issuer's key set with a GET; the answer comes as [`Event::KeyAnswer`], its body at
    /// most [`crate::MAX_KEY_SET_BYTES`] bytes.
    FetchKeySet {
        /// Comes back with the answer.
        ticket: Ticket,
        /// Where it is.
        question: KeySetQuestion,
    },
    /// Ask the shared store; the host answers at once.
    Shared {
        /// Comes back with the answer.
        ticket: Ticket,
        /// What to do.
        request: SharedRequest,
    },
    /// Let the request go on, changed as said.
    Forward(Forward),
    /// Hold the response, buffer its body and give it as [`Event::ResponseBody`] when it is complete.
    NeedResponseBody,
    /// Let the response go on with these changes of its head.
    Respond(Vec<HeaderEdit>),
    /// Answer the client. Before [`Effect::Forward`] nothing may reach the upstream; after it,
    /// nothing of the upstream's response may reach the client.
    Refuse(Refusal),
}

/// A response head as the host gives it.
#[derive(Clone, Debug, Default)]
pub struct ResponseHead {
    /// All header lines in wire order, `:status` among them; names in lower case.
    pub headers: Vec<HeaderLine>,
    /// Whether the response has no body at all.
    pub end_of_stream: bool,
    /// Bytes nobody can predict, for a message id; new for every response.
    pub entropy: [u8; 16],
}

/// One HTTP request to the key service.
pub struct KeyQuestion {
    /// What is asked for, as metrics name it: `mac`, `unwrap`, `sign` or `replay`.
    pub operation: &'static str,
    /// Cluster of the host proxy.
    pub cluster: String,
    /// Request path.
    pub path: String,
    /// Value of the `x-hsm-bridge-token` header.
    pub token: String,
    /// JSON body.
    pub body: Vec<u8>,
    /// Longest wait, in milliseconds.
    pub timeout_ms: u32,
}

/// One operation on the store that all workers of the host share.
#[derive(Debug, PartialEq, Eq)]
pub enum SharedRequest {
    /// Read a key.
    Get {
        /// Key.
        key: String,
    },
    /// Write a key if nobody wrote it since it was read.
    CompareAndSwap {
        /// Key.
        key: String,
        /// New value.
        value: Vec<u8>,
        /// Version that was read; `None` if the key was absent and must still be.
        version: Option<u32>,
    },
}

/// Answer of the shared store.
#[derive(Debug, PartialEq, Eq)]
pub enum SharedAnswer {
    /// The key is not there.
    Absent,
    /// Value and version.
    Value {
        /// Value.
        value: Vec<u8>,
        /// Version for the next write.
        version: u32,
    },
    /// The write took place.
    Stored,
    /// Somebody else wrote first.
    Conflict,
    /// The store did not work.
    Failed,
}
