//! The client's side of an exchange: the response head once, then its body.

use super::head;
use crate::headers::Headers;
use crate::net::{BodySender, OutBody};
use hyper::Response;
use hyper::body::Bytes;
use std::time::Duration;
use tokio::sync::oneshot;

/// A client that takes no byte for this long is cut off.
const STALLED: Duration = Duration::from_secs(60);

/// The client.
pub(super) struct Downstream {
    answer: Option<oneshot::Sender<Response<OutBody>>>,
    body: Option<BodySender>,
}

impl Downstream {
    pub(super) fn new(answer: oneshot::Sender<Response<OutBody>>) -> Self {
        Self {
            answer: Some(answer),
            body: None,
        }
    }

    /// A response head has been given.
    pub(super) fn began(&self) -> bool {
        self.answer.is_none()
    }

    /// Nothing more will be sent.
    pub(super) fn finished(&self) -> bool {
        self.answer.is_none() && self.body.is_none()
    }

    /// Resolves when nobody waits for the response any more.
    pub(super) async fn gone(&mut self) {
        match (&mut self.answer, &self.body) {
            (Some(answer), _) => answer.closed().await,
            (None, Some(body)) => body.closed().await,
            (None, None) => std::future::pending().await,
        }
    }

    /// A complete response.
    pub(super) fn whole(&mut self, headers: &Headers, bytes: Vec<u8>, trailers: Option<&Headers>) {
        let body = head::complete(bytes, trailers);
        self.give(head::client_response(headers, body, trailers));
    }

    /// A response whose body follows.
    pub(super) fn begin(&mut self, headers: &Headers) {
        let (sender, body) = OutBody::streaming();
        self.body = Some(sender);
        self.give(head::client_response(headers, body, None));
    }

    fn give(&mut self, response: Option<Response<OutBody>>) {
        let answer = self.answer.take();
        match (answer, response) {
            (Some(answer), Some(response)) => {
                if answer.send(response).is_err() {
                    self.body = None;
                }
            }
            // The guest made a head that HTTP cannot carry: the stream is cut.
            _ => self.body = None,
        }
    }

    /// A piece of the body. A client that is gone or stalled ends the exchange.
    pub(super) async fn data(&mut self, bytes: Vec<u8>, end: bool) {
        let Some(sender) = self.body.take() else {
            return;
        };
        let sending = async {
            if bytes.is_empty() || sender.data(Bytes::from(bytes)).await {
                if end {
                    sender.end().await;
                } else {
                    return Some(sender);
                }
            }
            None
        };
        self.body = tokio::time::timeout(STALLED, sending).await.ok().flatten();
    }

    /// Trailers, which end the response.
    pub(super) async fn trailers(&mut self, trailers: &Headers) {
        let Some(sender) = self.body.take() else {
            return;
        };
        if let Some(map) = head::header_map(trailers) {
            let _ = tokio::time::timeout(STALLED, sender.trailers(map)).await;
        }
    }
}
