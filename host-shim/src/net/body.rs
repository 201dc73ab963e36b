//! A body that is complete at once or arrives in pieces.

use http_body_util::BodyExt;
use hyper::HeaderMap;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// Pieces in flight before the sender has to wait.
const QUEUE: usize = 16;

/// The other side went away before the end: the message must not look complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aborted;

impl fmt::Display for Aborted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the message was cut off before its end")
    }
}

impl std::error::Error for Aborted {}

/// An outgoing body.
#[derive(Debug)]
pub struct OutBody {
    ready: VecDeque<Frame<Bytes>>,
    rest: Option<mpsc::Receiver<Piece>>,
}

#[derive(Debug)]
enum Piece {
    Frame(Frame<Bytes>),
    End,
}

/// Feeds an [`OutBody`]; dropping it without [`BodySender::end`] aborts the message.
#[derive(Debug)]
pub struct BodySender(mpsc::Sender<Piece>);

impl BodySender {
    /// Sends bytes. `false` when nobody reads any more.
    pub async fn data(&self, bytes: Bytes) -> bool {
        self.0.send(Piece::Frame(Frame::data(bytes))).await.is_ok()
    }

    /// Resolves when nobody reads any more.
    pub async fn closed(&self) {
        self.0.closed().await;
    }

    /// Sends trailers and ends the body.
    pub async fn trailers(self, trailers: HeaderMap) -> bool {
        self.0
            .send(Piece::Frame(Frame::trailers(trailers)))
            .await
            .is_ok()
            && self.end().await
    }

    /// Ends the body properly.
    pub async fn end(self) -> bool {
        self.0.send(Piece::End).await.is_ok()
    }
}

impl OutBody {
    /// A complete body, with or without trailers.
    pub fn complete(bytes: Bytes, trailers: Option<HeaderMap>) -> Self {
        let mut ready = VecDeque::new();
        if !bytes.is_empty() {
            ready.push_back(Frame::data(bytes));
        }
        if let Some(trailers) = trailers {
            ready.push_back(Frame::trailers(trailers));
        }
        Self { ready, rest: None }
    }

    /// A body whose pieces follow.
    pub fn streaming() -> (BodySender, Self) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (
            BodySender(sender),
            Self {
                ready: VecDeque::new(),
                rest: Some(receiver),
            },
        )
    }
}

impl Body for OutBody {
    type Data = Bytes;
    type Error = Aborted;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        if let Some(frame) = self.ready.pop_front() {
            return Poll::Ready(Some(Ok(frame)));
        }
        let Some(rest) = &mut self.rest else {
            return Poll::Ready(None);
        };
        match rest.poll_recv(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Piece::Frame(frame))) => Poll::Ready(Some(Ok(frame))),
            Poll::Ready(Some(Piece::End)) => {
                self.rest = None;
                Poll::Ready(None)
            }
            Poll::Ready(None) => {
                self.rest = None;
                Poll::Ready(Some(Err(Aborted)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ready.is_empty() && self.rest.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        if self.rest.is_some() || self.ready.iter().any(Frame::is_trailers) {
            return SizeHint::default();
        }
        let bytes = self
            .ready
            .iter()
            .filter_map(Frame::data_ref)
            .map(Bytes::len)
            .sum::<usize>();
        SizeHint::with_exact(bytes as u64)
    }
}

/// Reads a body up to `limit` bytes; `None` when it is larger or breaks off.
pub(crate) async fn read_bounded(
    mut body: Incoming,
    limit: usize,
) -> Option<(Vec<u8>, Option<HeaderMap>)> {
    let (mut bytes, mut trailers) = (Vec::new(), None);
    while let Some(frame) = body.frame().await {
        match frame.ok()?.into_data() {
            Ok(data) if bytes.len() + data.len() > limit => return None,
            Ok(data) => bytes.extend_from_slice(&data),
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    Some((bytes, trailers))
}
