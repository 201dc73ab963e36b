//! One request and its response on their way through the guest: the data, without the rules.

use crate::headers::Headers;
use crate::property::Properties;
use std::collections::VecDeque;

/// Direction of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Client to upstream.
    Request,
    /// Upstream (or a local reply) to client.
    Response,
}

/// What the filter let go, in order. The driver carries it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// A message head left the filter.
    Head {
        /// Which way.
        direction: Direction,
        /// The head, with pseudo headers.
        headers: Headers,
        /// Nothing follows.
        end: bool,
    },
    /// A piece of a body left the filter; empty only when it carries the end.
    Data {
        /// Which way.
        direction: Direction,
        /// The bytes.
        bytes: Vec<u8>,
        /// Nothing follows.
        end: bool,
    },
    /// Trailers left the filter; nothing follows.
    Trailers {
        /// Which way.
        direction: Direction,
        /// The trailers.
        trailers: Headers,
    },
    /// The host itself answers (the response events follow); what the upstream has got of the
    /// request, if anything, must be cut off.
    LocalReply {
        /// Why, in Envoy's words (`wasm_fail_stream`, `request_payload_too_large`), or empty.
        details: &'static str,
    },
    /// The guest closed the stream without an answer.
    Reset,
}

/// Where one flow stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum FlowState {
    /// No head yet.
    #[default]
    Waiting,
    /// Parts pass as they come.
    Open,
    /// The last callback held its part; later parts still reach the guest.
    Paused,
    /// The guest paused on headers without the stop-iteration option: later parts are kept
    /// from the guest until it resumes.
    PausedAll,
    /// Finished, or overtaken by a local reply.
    Closed,
}

/// One direction of a stream.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    pub(crate) state: FlowState,
    /// The head, until it left. Readable by the guest as long, unless sealed.
    pub(crate) headers: Option<Headers>,
    /// The guest resumed: its maps are gone for it although they have not left yet.
    pub(crate) sealed: bool,
    /// Bytes held: those of the callback that runs, and those it paused on.
    pub(crate) body: Vec<u8>,
    /// The guest may read and replace `body`.
    pub(crate) body_open: bool,
    /// Trailers, until they left.
    pub(crate) trailers: Option<Headers>,
    /// The last part arrived.
    pub(crate) ended: bool,
    /// A body part arrived (an empty last one counts).
    pub(crate) body_seen: bool,
}

impl Flow {
    /// Takes maps and buffer away from the guest.
    pub(crate) fn seal(&mut self) {
        self.sealed = true;
        self.body_open = false;
    }

    /// The head, as long as the guest may see it.
    pub(crate) fn open_headers(&self) -> Option<&Headers> {
        self.headers.as_ref().filter(|_| !self.sealed)
    }

    /// The trailers, as long as the guest may see them.
    pub(crate) fn open_trailers(&self) -> Option<&Headers> {
        self.trailers.as_ref().filter(|_| !self.sealed)
    }
}

/// A stream of one VM.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) request: Flow,
    pub(crate) response: Flow,
    pub(crate) properties: Properties,
    /// Head copies for `on_log`, where Envoy shows the maps once more.
    pub(crate) log_request: Option<Headers>,
    pub(crate) log_response: Option<Headers>,
    pub(crate) in_log: bool,
    /// A local reply took over; a second one is ignored.
    pub(crate) replied: bool,
    /// The guest never saw this stream, or its VM failed: callbacks are skipped.
    pub(crate) unfiltered: bool,
    /// What the guest asked for during the callback that runs.
    pub(crate) wishes: Wishes,
    pub(crate) events: VecDeque<StreamEvent>,
}

impl Stream {
    pub(crate) fn new(properties: Properties) -> Self {
        Self {
            request: Flow::default(),
            response: Flow::default(),
            properties,
            log_request: None,
            log_response: None,
            in_log: false,
            replied: false,
            unfiltered: false,
            wishes: Wishes::default(),
            events: VecDeque::new(),
        }
    }

    pub(crate) fn flow(&mut self, direction: Direction) -> &mut Flow {
        match direction {
            Direction::Request => &mut self.request,
            Direction::Response => &mut self.response,
        }
    }
}

/// Actions that take effect after the callback returned, as in Envoy.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    pub(crate) resume_request: bool,
    pub(crate) resume_response: bool,
    pub(crate) reply: Option<Reply>,
    pub(crate) close: bool,
}

/// A local reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
    pub(crate) details: &'static str,
}

impl Reply {
    /// The head as Envoy completes it: status, length, type.
    pub(crate) fn head(&self) -> Headers {
        let mut head = Headers::from_pairs([(":status", self.status.to_string())]);
        for (name, value) in self.headers.iter() {
            head.add(name, value);
        }
        if !self.body.is_empty() {
            head.set(b"content-length", self.body.len().to_string().as_bytes());
            if !head.contains("content-type") {
                head.add(b"content-type", b"text/plain");
            }
        }
        head
    }
}
