//! Local replies: the guest's own, 413 for a full buffer, 503 for a lost VM.

use super::{StreamId, Worker, flow};
use crate::headers::Headers;
use crate::stream::{Direction, FlowState, Reply, StreamEvent};

/// Sends a local reply. As in Envoy it passes through the guest's own response callbacks, unless
/// the response has already begun.
pub(super) fn send(worker: &mut Worker, id: StreamId, reply: Reply) {
    let Some(begun) = worker.with(id, |stream| {
        if stream.replied {
            return None;
        }
        stream.replied = true;
        stream.request.state = FlowState::Closed;
        stream.request.seal();
        stream.events.push_back(StreamEvent::LocalReply {
            details: reply.details,
        });
        let begun =
            stream.response.state != FlowState::Waiting || stream.response.headers.is_some();
        if begun {
            stream.response.state = FlowState::Closed;
            stream.response.seal();
        }
        Some(begun || stream.unfiltered)
    }) else {
        return;
    };
    match begun {
        None => {}
        Some(true) => direct(worker, id, &reply),
        Some(false) => {
            let end = reply.body.is_empty();
            flow::headers(worker, id, Direction::Response, reply.head(), end);
            if !end {
                flow::body(worker, id, Direction::Response, reply.body, true);
            }
        }
    }
}

/// 503 without any callback: the VM is lost.
pub(super) fn fail(worker: &mut Worker, id: StreamId) {
    let reply = Reply {
        status: 503,
        headers: Headers::new(),
        body: Vec::new(),
        details: "wasm_fail_stream",
    };
    let fresh = worker.with(id, |stream| {
        stream.unfiltered = true;
        let fresh = !stream.replied;
        stream.replied = true;
        stream.request.state = FlowState::Closed;
        stream.response.state = FlowState::Closed;
        stream.events.push_back(StreamEvent::LocalReply {
            details: reply.details,
        });
        fresh
    });
    if fresh.is_some() {
        // A reply that was on its way when the VM failed is replaced too: the client gets one.
        direct(worker, id, &reply);
    }
}

/// 413 for a request, 500 for a response whose held body passed the buffer limit.
pub(super) fn too_large(worker: &mut Worker, id: StreamId, direction: Direction) {
    let (status, body, details) = match direction {
        Direction::Request => (413, "Payload Too Large", "request_payload_too_large"),
        Direction::Response => (500, "Internal Server Error", "response_payload_too_large"),
    };
    let reply = Reply {
        status,
        headers: Headers::new(),
        body: body.as_bytes().to_vec(),
        details,
    };
    send(worker, id, reply);
}

fn direct(worker: &mut Worker, id: StreamId, reply: &Reply) {
    worker.with(id, |stream| {
        let direction = Direction::Response;
        let end = reply.body.is_empty();
        stream.events.push_back(StreamEvent::Head {
            direction,
            headers: reply.head(),
            end,
        });
        if !end {
            let bytes = reply.body.clone();
            stream.events.push_back(StreamEvent::Data {
                direction,
                bytes,
                end: true,
            });
        }
    });
}
