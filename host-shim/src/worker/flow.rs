//! The hold-and-release rules, one direction at a time. They follow Envoy's filter manager:
//!
//! * headers paused with the stop-iteration option: body and trailers still reach the guest, and
//!   the first of those callbacks that answers Continue releases everything held;
//! * headers paused without it: nothing reaches the guest until it resumes, then body and
//!   trailers are shown while the head has already left;
//! * a body paused is buffered; the next callback sees the total;
//! * a resume lets everything held go, without another callback.

use super::{StreamId, Worker, reply};
use crate::abi::Action;
use crate::headers::Headers;
use crate::stream::{Direction, Flow, FlowState, StreamEvent};
use crate::vm::Part;

pub(super) fn headers(
    worker: &mut Worker,
    id: StreamId,
    direction: Direction,
    headers: Headers,
    end: bool,
) {
    let count = headers.len();
    let copy = headers.clone();
    let Some(filtered) = worker.with(id, |stream| {
        match direction {
            Direction::Request => stream.log_request = Some(copy),
            Direction::Response => stream.log_response = Some(copy),
        }
        let flow = stream.flow(direction);
        flow.headers = Some(headers);
        flow.ended = end;
        !stream.unfiltered
    }) else {
        return;
    };
    let part = match direction {
        Direction::Request => Part::RequestHeaders,
        Direction::Response => Part::ResponseHeaders,
    };
    let Some(action) = run(worker, id, direction, part, count, end, filtered) else {
        return;
    };
    let stop_iteration = worker.spec.stop_iteration;
    worker.with(id, |stream| {
        let flow = stream.flow(direction);
        match action {
            Action::Continue => {
                let events = release(flow, direction);
                stream.events.extend(events);
            }
            Action::Pause if stop_iteration => flow.state = FlowState::Paused,
            Action::Pause => flow.state = FlowState::PausedAll,
        }
    });
}

pub(super) fn body(
    worker: &mut Worker,
    id: StreamId,
    direction: Direction,
    bytes: Vec<u8>,
    end: bool,
) {
    let limit = worker.spec.body_bytes;
    let Some((state, held, filtered)) = worker.with(id, |stream| {
        let filtered = !stream.unfiltered;
        let flow = stream.flow(direction);
        let held = flow.body.len();
        if !matches!(flow.state, FlowState::Waiting | FlowState::Closed) {
            flow.ended |= end;
            flow.body_seen = true;
            flow.body.extend_from_slice(&bytes);
        }
        (flow.state, held, filtered)
    }) else {
        return;
    };
    let arrived = bytes.len();
    match state {
        FlowState::Waiting | FlowState::Closed | FlowState::PausedAll => return,
        // A held body that overflows is refused before the guest sees more of it; a single
        // piece above the limit is seen once.
        FlowState::Paused if held > 0 && held + arrived > limit => {
            return reply::too_large(worker, id, direction);
        }
        FlowState::Open | FlowState::Paused => {}
    }
    show_body(worker, id, direction, end, filtered);
}

/// Runs the body callback over what is held and applies its answer.
fn show_body(worker: &mut Worker, id: StreamId, direction: Direction, end: bool, filtered: bool) {
    let limit = worker.spec.body_bytes;
    let Some(count) = worker.with(id, |stream| {
        let flow = stream.flow(direction);
        flow.body_open = true;
        flow.sealed = false;
        flow.body.len()
    }) else {
        return;
    };
    let part = match direction {
        Direction::Request => Part::RequestBody,
        Direction::Response => Part::ResponseBody,
    };
    let Some(action) = run(worker, id, direction, part, count, end, filtered) else {
        return;
    };
    let overflow = worker.with(id, |stream| {
        let flow = stream.flow(direction);
        match action {
            Action::Continue => {
                let events = release(flow, direction);
                stream.events.extend(events);
                false
            }
            Action::Pause => {
                flow.state = FlowState::Paused;
                flow.body.len() > limit
            }
        }
    });
    if overflow == Some(true) {
        reply::too_large(worker, id, direction);
    }
}

pub(super) fn trailers(worker: &mut Worker, id: StreamId, direction: Direction, trailers: Headers) {
    let Some((state, filtered)) = worker.with(id, |stream| {
        let filtered = !stream.unfiltered;
        let flow = stream.flow(direction);
        if !matches!(flow.state, FlowState::Waiting | FlowState::Closed) {
            flow.ended = true;
            flow.trailers = Some(trailers);
        }
        (flow.state, filtered)
    }) else {
        return;
    };
    if matches!(state, FlowState::Open | FlowState::Paused) {
        show_trailers(worker, id, direction, filtered);
    }
}

fn show_trailers(worker: &mut Worker, id: StreamId, direction: Direction, filtered: bool) {
    let Some(count) = worker.with(id, |stream| {
        let flow = stream.flow(direction);
        flow.sealed = false;
        flow.trailers.as_ref().map_or(0, Headers::len)
    }) else {
        return;
    };
    let part = match direction {
        Direction::Request => Part::RequestTrailers,
        Direction::Response => Part::ResponseTrailers,
    };
    let Some(action) = run(worker, id, direction, part, count, true, filtered) else {
        return;
    };
    worker.with(id, |stream| {
        let flow = stream.flow(direction);
        match action {
            Action::Continue => {
                let events = release(flow, direction);
                stream.events.extend(events);
            }
            Action::Pause => flow.state = FlowState::Paused,
        }
    });
}

/// Runs one callback and what the guest asked for during it. `None` when the stream was answered
/// or lost meanwhile, so that its own answer no longer counts.
fn run(
    worker: &mut Worker,
    id: StreamId,
    direction: Direction,
    part: Part,
    count: usize,
    end: bool,
    filtered: bool,
) -> Option<Action> {
    if !filtered {
        return Some(Action::Continue);
    }
    if worker.failed.is_some() {
        reply::fail(worker, id);
        return None;
    }
    match worker.vm.part(part, id.0, count, end) {
        Err(trapped) => {
            worker.fail(trapped);
            reply::fail(worker, id);
            None
        }
        Ok(action) => {
            let replied = carry_out(worker, id);
            let closed = worker.with(id, |stream| stream.flow(direction).state);
            if replied || closed.is_none_or(|state| state == FlowState::Closed) {
                return None;
            }
            Some(action)
        }
    }
}

/// Carries out what the guest asked for during a callback; `true` when the stream is answered.
pub(super) fn carry_out(worker: &mut Worker, id: StreamId) -> bool {
    let Some(wishes) = worker.with(id, |stream| std::mem::take(&mut stream.wishes)) else {
        return true;
    };
    if wishes.close {
        worker.with(id, |stream| {
            stream.request.state = FlowState::Closed;
            stream.response.state = FlowState::Closed;
            stream.replied = true;
            stream.events.push_back(StreamEvent::Reset);
        });
        return true;
    }
    if let Some(wanted) = wishes.reply {
        reply::send(worker, id, wanted);
        return true;
    }
    if wishes.resume_request {
        resume(worker, id, Direction::Request);
    }
    if wishes.resume_response {
        resume(worker, id, Direction::Response);
    }
    false
}

fn resume(worker: &mut Worker, id: StreamId, direction: Direction) {
    let Some(Some(more)) = worker.with(id, |stream| {
        let filtered = !stream.unfiltered;
        let flow = stream.flow(direction);
        match flow.state {
            FlowState::Paused => {
                let events = release(flow, direction);
                stream.events.extend(events);
                None
            }
            FlowState::PausedAll => {
                let body = flow
                    .body_seen
                    .then_some(flow.ended && flow.trailers.is_none());
                let trailers = flow.trailers.is_some();
                let end = flow.ended && !flow.body_seen && !trailers;
                flow.state = FlowState::Open;
                flow.sealed = false;
                if let Some(headers) = flow.headers.take() {
                    stream.events.push_back(StreamEvent::Head {
                        direction,
                        headers,
                        end,
                    });
                }
                Some((body, trailers, filtered))
            }
            FlowState::Waiting | FlowState::Open | FlowState::Closed => None,
        }
    }) else {
        return;
    };
    let (body, trailers, filtered) = more;
    if let Some(end) = body {
        show_body(worker, id, direction, end, filtered);
    }
    if trailers {
        show_trailers(worker, id, direction, filtered);
    }
}

/// Everything held leaves, in order.
fn release(flow: &mut Flow, direction: Direction) -> Vec<StreamEvent> {
    let mut events = Vec::new();
    flow.state = FlowState::Open;
    flow.body_open = false;
    flow.sealed = false;
    let trailers = flow.trailers.take();
    let bytes = std::mem::take(&mut flow.body);
    let ends = flow.ended && trailers.is_none();
    let head_only = bytes.is_empty() && !flow.body_seen;
    if let Some(headers) = flow.headers.take() {
        events.push(StreamEvent::Head {
            direction,
            headers,
            end: ends && head_only,
        });
    }
    if !bytes.is_empty() || (ends && !head_only) {
        events.push(StreamEvent::Data {
            direction,
            bytes,
            end: ends,
        });
    }
    if let Some(trailers) = trailers {
        events.push(StreamEvent::Trailers {
            direction,
            trailers,
        });
    }
    events
}
