//! One request through the gateway: a task that feeds the VM with what arrives from client and
//! upstream, and carries out what the VM lets go.

use super::batch::{Rest, whole, wrong_length};
use super::connection::{Connection, Cut};
use super::downstream::Downstream;
use super::events::Event;
use super::head;
use super::problem::Problem;
use super::vm_cell::VmCell;
use super::worker::Thread;
use crate::headers::Headers;
use crate::net::{BodySender, OutBody, SendError};
use crate::stream::{Direction, StreamEvent};
use crate::worker::StreamId;
use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Incoming};
use hyper::{Request, Response};
use std::rc::Rc;
use tokio::sync::{mpsc, oneshot};

/// Serves a request up to its response head; the rest goes on in a task of its own.
pub(super) async fn run(
    thread: Rc<Thread>,
    connection: Rc<Connection>,
    request: Request<Incoming>,
) -> Result<Response<OutBody>, Cut> {
    thread.common.events.request();
    let id = head::request_id(request.headers());
    let admitted = connection.admits();
    let headers = head::request_headers(&request, connection.scheme, &id);
    let Some(headers) = headers.filter(|_| admitted) else {
        return own(Problem::Malformed, &id).ok_or(Cut);
    };
    let mut properties = connection.properties.clone();
    let protocol = if request.version() == hyper::Version::HTTP_2 {
        "HTTP/2"
    } else {
        "HTTP/1.1"
    };
    properties.set("request.protocol", protocol);

    let cell = thread.vm();
    let (stream, events) = cell.open(properties);
    let (answer, answered) = oneshot::channel();
    let exchange = Exchange {
        thread: Rc::clone(&thread),
        cell,
        stream,
        request_id: id.clone(),
        client: Downstream::new(answer),
        upstream: Upstream::Idle,
        host_reply: None,
        cut: false,
        wants_trailers: head::wants_trailers(request.headers()),
    };
    thread.busy.set(thread.busy.get() + 1);
    tokio::task::spawn_local(exchange.play(headers, request.into_body(), events));
    match tokio::time::timeout(thread.common.request_timeout, answered).await {
        Ok(answered) => answered.map_err(|_| Cut),
        Err(_) => {
            // The task sees that nobody waits any more and cleans up.
            thread.common.events.timeout();
            own(Problem::Timeout, &id).ok_or(Cut)
        }
    }
}

/// An answer that no guest sees.
fn own(problem: Problem, id: &str) -> Option<Response<OutBody>> {
    let (headers, body) = problem.message(id);
    head::client_response(&headers, head::complete(body, None), None)
}

struct Exchange {
    thread: Rc<Thread>,
    cell: Rc<VmCell>,
    stream: StreamId,
    request_id: String,
    client: Downstream,
    upstream: Upstream,
    /// A local reply of the host is on its way: its head and body are replaced by a problem.
    host_reply: Option<Problem>,
    cut: bool,
    wants_trailers: bool,
}

/// The upstream's side of the exchange.
enum Upstream {
    /// Nothing has been sent: not one byte.
    Idle,
    /// The head is on its way; the body may still be fed.
    Sent {
        response: oneshot::Receiver<Result<Response<Incoming>, SendError>>,
        body: Option<BodySender>,
    },
    /// The response is being read.
    Answering {
        body: Incoming,
        request: Option<BodySender>,
    },
    /// Nothing more comes.
    Finished,
}

/// What happened next.
enum Next {
    Event(StreamEvent),
    Client(Option<Result<hyper::body::Frame<Bytes>, hyper::Error>>),
    Response(Result<Response<Incoming>, SendError>),
    Upstream(Option<Result<hyper::body::Frame<Bytes>, hyper::Error>>),
    Gone,
}

impl Exchange {
    async fn play(
        mut self,
        headers: Headers,
        incoming: Incoming,
        mut events: mpsc::UnboundedReceiver<StreamEvent>,
    ) {
        let end = incoming.is_end_stream();
        let id = self.stream;
        self.cell
            .with(|vm| vm.headers(id, Direction::Request, headers, end));
        let mut reading = (!end).then_some(incoming);
        while !self.client.finished() && !self.cut {
            match self.next(&mut reading, &mut events).await {
                Next::Gone => break,
                Next::Event(first) => {
                    let mut batch = vec![first];
                    while let Ok(event) = events.try_recv() {
                        batch.push(event);
                    }
                    self.carry_out(batch).await;
                }
                Next::Client(frame) => {
                    if !self.feed(Direction::Request, frame, &mut reading) {
                        break;
                    }
                }
                Next::Response(response) => self.responded(response),
                Next::Upstream(frame) => {
                    let mut ended = Some(());
                    if !self.feed(Direction::Response, frame, &mut ended) {
                        break;
                    }
                    if ended.is_none() {
                        self.upstream = Upstream::Finished;
                    }
                }
            }
        }
        self.cell.close(self.stream);
        self.thread
            .busy
            .set(self.thread.busy.get().saturating_sub(1));
    }

    async fn next(
        &mut self,
        reading: &mut Option<Incoming>,
        events: &mut mpsc::UnboundedReceiver<StreamEvent>,
    ) -> Next {
        // A body held for a guest that sees nothing of it must not grow for ever.
        let full = self.cell.with(|vm| vm.held_bytes(self.stream)) > self.thread.common.body_bytes;
        let client = async {
            match reading.as_mut().filter(|_| !full) {
                Some(incoming) => incoming.frame().await,
                None => std::future::pending().await,
            }
        };
        let upstream = async {
            match &mut self.upstream {
                Upstream::Sent { response, .. } => {
                    Next::Response(response.await.unwrap_or(Err(SendError::Broken)))
                }
                Upstream::Answering { body, .. } => Next::Upstream(body.frame().await),
                Upstream::Idle | Upstream::Finished => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            event = events.recv() => event.map_or(Next::Gone, Next::Event),
            () = self.client.gone() => Next::Gone,
            next = upstream => next,
            frame = client => Next::Client(frame),
        }
    }

    /// Shows a frame to the guest. `false` when the message broke off.
    fn feed<T>(
        &mut self,
        direction: Direction,
        frame: Option<Result<hyper::body::Frame<Bytes>, hyper::Error>>,
        open: &mut Option<T>,
    ) -> bool {
        let id = self.stream;
        match frame {
            Some(Err(_)) => return false,
            None => {
                *open = None;
                self.cell
                    .with(|vm| vm.body(id, direction, Vec::new(), true));
            }
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => {
                    self.cell
                        .with(|vm| vm.body(id, direction, data.to_vec(), false));
                }
                Err(frame) => {
                    *open = None;
                    let trailers = frame.into_trailers().unwrap_or_default();
                    let trailers = head::trailers(&trailers);
                    self.cell.with(|vm| vm.trailers(id, direction, trailers));
                }
            },
        }
        true
    }

    /// The upstream's head arrived, or will not.
    fn responded(&mut self, response: Result<Response<Incoming>, SendError>) {
        let id = self.stream;
        let request = match std::mem::replace(&mut self.upstream, Upstream::Finished) {
            Upstream::Sent { body, .. } => body,
            _ => None,
        };
        match response {
            Ok(response) => {
                let (parts, body) = response.into_parts();
                let headers = head::response_headers(parts.status, &parts.headers);
                let end = body.is_end_stream();
                if !end {
                    self.upstream = Upstream::Answering { body, request };
                }
                self.cell
                    .with(|vm| vm.headers(id, Direction::Response, headers, end));
            }
            Err(_) => {
                self.thread.common.events.upstream_error();
                // As in Envoy, the guest's response callbacks see this answer too.
                self.refuse(Problem::BadGateway);
            }
        }
    }

    /// Answers with a problem through the guest's response callbacks.
    fn refuse(&mut self, problem: Problem) {
        let id = self.stream;
        let (headers, body) = problem.message(&self.request_id);
        self.cell.with(|vm| {
            vm.headers(id, Direction::Response, headers, false);
            vm.body(id, Direction::Response, body, true);
        });
    }

    async fn carry_out(&mut self, batch: Vec<StreamEvent>) {
        let mut batch = batch.into_iter().peekable();
        while let Some(event) = batch.next() {
            match event {
                StreamEvent::Reset => {
                    self.cut = true;
                    return;
                }
                StreamEvent::LocalReply { details } => {
                    // Dropping an unfinished body cuts the upstream off.
                    self.upstream = Upstream::Finished;
                    if self.client.began() {
                        self.cut = true;
                        return;
                    }
                    if !details.is_empty() {
                        self.host_reply = Some(Problem::of_details(details));
                    }
                }
                StreamEvent::Head {
                    direction,
                    headers,
                    end,
                } => {
                    let rest = whole(&mut batch, direction, end);
                    match direction {
                        Direction::Request => self.send_request(headers, rest),
                        Direction::Response => self.send_response(headers, rest),
                    }
                }
                StreamEvent::Data {
                    direction,
                    bytes,
                    end,
                } => {
                    self.send_data(direction, bytes, end).await;
                }
                StreamEvent::Trailers {
                    direction,
                    trailers,
                } => {
                    self.send_trailers(direction, &trailers).await;
                }
            }
        }
    }

    fn send_request(&mut self, headers: Headers, rest: Option<Rest>) {
        let (sender, request) = match rest {
            Some((bytes, trailers)) => {
                if wrong_length(&headers, &bytes, trailers.is_some()) {
                    self.mismatch("request");
                    return self.refuse(Problem::BadGateway);
                }
                let body = head::complete(bytes, trailers.as_ref());
                (
                    None,
                    head::upstream_request(&headers, body, trailers.as_ref(), self.wants_trailers),
                )
            }
            None => {
                let (sender, body) = OutBody::streaming();
                (
                    Some(sender),
                    head::upstream_request(&headers, body, None, self.wants_trailers),
                )
            }
        };
        let Some(request) = request else {
            return self.refuse(Problem::Malformed);
        };
        let (done, response) = oneshot::channel();
        let client = self.thread.upstream.clone();
        tokio::task::spawn_local(async move {
            let mut done = done;
            tokio::select! {
                response = client.send(request) => {
                    // Nobody waits when the client went away.
                    let _ = done.send(response);
                }
                () = done.closed() => {}
            }
        });
        self.upstream = Upstream::Sent {
            response,
            body: sender,
        };
    }

    fn send_response(&mut self, headers: Headers, rest: Option<Rest>) {
        if let Some(problem) = self.host_reply {
            let (headers, body) = problem.message(&self.request_id);
            return self.client.whole(&headers, body, None);
        }
        match rest {
            Some((bytes, trailers)) => {
                let bodiless = bytes.is_empty();
                if !bodiless && wrong_length(&headers, &bytes, trailers.is_some()) {
                    self.mismatch("response");
                    let (headers, body) = Problem::BadGateway.message(&self.request_id);
                    return self.client.whole(&headers, body, None);
                }
                self.client.whole(&headers, bytes, trailers.as_ref());
            }
            None => self.client.begin(&headers),
        }
    }

    fn mismatch(&self, which: &str) {
        let reason = format!(
            "{which} {}: content-length is not the body's length",
            self.request_id
        );
        self.thread
            .common
            .events
            .emit(Event::LengthMismatch { reason });
    }

    async fn send_data(&mut self, direction: Direction, bytes: Vec<u8>, end: bool) {
        if direction == Direction::Response {
            return self.client.data(bytes, end).await;
        }
        let slot = match &mut self.upstream {
            Upstream::Sent { body, .. } => body,
            Upstream::Answering { request, .. } => request,
            Upstream::Idle | Upstream::Finished => return,
        };
        let Some(sender) = slot.take() else { return };
        let wait = self.thread.common.request_timeout;
        let sending = async {
            if bytes.is_empty() || sender.data(Bytes::from(bytes)).await {
                if end {
                    sender.end().await;
                } else {
                    *slot = Some(sender);
                }
            }
        };
        // Too slow is cut off: the sender is dropped without an end.
        let _ = tokio::time::timeout(wait, sending).await;
    }

    async fn send_trailers(&mut self, direction: Direction, trailers: &Headers) {
        if direction == Direction::Response {
            return self.client.trailers(trailers).await;
        }
        let sender = match &mut self.upstream {
            Upstream::Sent { body, .. } => body.take(),
            Upstream::Answering { request, .. } => request.take(),
            Upstream::Idle | Upstream::Finished => None,
        };
        if let (Some(sender), Some(map)) = (sender, head::header_map(trailers)) {
            let wait = self.thread.common.request_timeout;
            let _ = tokio::time::timeout(wait, sender.trailers(map)).await;
        }
    }
}
