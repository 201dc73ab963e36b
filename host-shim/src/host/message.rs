//! Requests that a test sends and responses that its upstream gives.

use crate::headers::Headers;
use crate::property::{Properties, PropertyValue};

/// A request, described by what the client sends.
#[derive(Clone, Debug)]
#[must_use]
pub struct Request {
    pub(super) method: String,
    pub(super) scheme: String,
    pub(super) authority: String,
    pub(super) target: Vec<u8>,
    pub(super) headers: Headers,
    pub(super) body: Vec<u8>,
    pub(super) chunk_bytes: Option<usize>,
    pub(super) trailers: Option<Headers>,
    pub(super) http2: bool,
    pub(super) chunked: bool,
    pub(super) properties: Properties,
    pub(super) worker: Option<usize>,
    pub(super) late_answers: bool,
}

impl Request {
    /// A request to an absolute URL. It is split by hand, never normalised: what follows the
    /// authority is the raw `:path`.
    pub fn new(method: &str, url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
        let cut = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(cut);
        Self {
            method: method.to_owned(),
            scheme: scheme.to_owned(),
            authority: authority.to_owned(),
            target: if target.is_empty() {
                b"/".to_vec()
            } else {
                target.as_bytes().to_vec()
            },
            headers: Headers::new(),
            body: Vec::new(),
            chunk_bytes: None,
            trailers: None,
            http2: false,
            chunked: false,
            properties: Properties::new(),
            worker: None,
            late_answers: false,
        }
    }

    /// GET.
    pub fn get(url: &str) -> Self {
        Self::new("GET", url)
    }

    /// POST.
    pub fn post(url: &str) -> Self {
        Self::new("POST", url)
    }

    /// One more header; the value may be any bytes.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.add(name.as_bytes(), value.as_ref());
        self
    }

    /// The raw `:path`, any bytes.
    pub fn path(mut self, raw: impl Into<Vec<u8>>) -> Self {
        self.target = raw.into();
        self
    }

    /// The body; `content-length` is added unless the request is chunked or names one itself.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Delivers the body in pieces of this many bytes (default: one piece).
    pub fn chunks(mut self, bytes: usize) -> Self {
        self.chunk_bytes = Some(bytes.max(1));
        self
    }

    /// HTTP/1.1 `transfer-encoding: chunked` instead of a length.
    pub fn chunked(mut self) -> Self {
        self.chunked = true;
        self
    }

    /// Ends the body with trailers: no body callback carries the end.
    pub fn trailers<N, V>(mut self, pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: AsRef<[u8]>,
        V: AsRef<[u8]>,
    {
        self.trailers = Some(Headers::from_pairs(pairs));
        self
    }

    /// HTTP/2: the last piece carries the end itself, and no transfer-encoding exists.
    pub fn h2(mut self) -> Self {
        self.http2 = true;
        self
    }

    /// A property of this stream only.
    pub fn property(mut self, dotted: &str, value: impl Into<PropertyValue>) -> Self {
        self.properties.set(dotted, value);
        self
    }

    /// One key of this stream's route metadata.
    pub fn route_metadata(mut self, namespace: &str, key: &str, value: &str) -> Self {
        self.properties.set_route_metadata(namespace, key, value);
        self
    }

    /// The worker that serves it (default: round robin).
    pub fn worker(mut self, index: usize) -> Self {
        self.worker = Some(index);
        self
    }

    /// Clusters answer only after the whole request has arrived (default: as soon as asked).
    pub fn late_answers(mut self) -> Self {
        self.late_answers = true;
        self
    }

    /// The head as the host shows it.
    pub(super) fn head(&self) -> Headers {
        let mut head = Headers::new();
        head.add(b":method", self.method.as_bytes());
        head.add(b":scheme", self.scheme.as_bytes());
        head.add(b":authority", self.authority.as_bytes());
        head.add(b":path", &self.target);
        for (name, value) in self.headers.iter() {
            head.add(name, value);
        }
        let streamed = self.chunked || (self.trailers.is_some() && !self.http2);
        if streamed && !self.http2 && !head.contains("transfer-encoding") {
            head.add(b"transfer-encoding", b"chunked");
        } else if !streamed && !self.body.is_empty() && !head.contains("content-length") {
            head.add(b"content-length", self.body.len().to_string().as_bytes());
        }
        head
    }

    /// Whether the head already ends the request.
    pub(super) fn ends_with_head(&self) -> bool {
        self.body.is_empty() && self.trailers.is_none() && !self.chunked
    }

    /// The body callbacks' pieces with their end flags, in Envoy's shapes: HTTP/1.1 ends with an
    /// empty piece, HTTP/2 on the last one, and trailers leave every flag false.
    pub(super) fn pieces(&self) -> Vec<(Vec<u8>, bool)> {
        let size = self.chunk_bytes.unwrap_or(self.body.len()).max(1);
        let mut pieces: Vec<(Vec<u8>, bool)> = self
            .body
            .chunks(size)
            .map(|piece| (piece.to_vec(), false))
            .collect();
        if self.trailers.is_some() {
            return pieces;
        }
        match pieces.last_mut() {
            Some(last) if self.http2 => last.1 = true,
            _ => pieces.push((Vec::new(), true)),
        }
        pieces
    }
}

/// A response: of the test's upstream, or as the client got it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// Head with `:status`.
    pub headers: Headers,
    /// Body.
    pub body: Vec<u8>,
    /// Trailers.
    pub trailers: Option<Headers>,
    /// The end arrived.
    pub complete: bool,
}

impl Response {
    /// A complete response with its `content-length`.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let mut headers = Headers::from_pairs([(":status", status.to_string())]);
        headers.add(b"content-length", body.len().to_string().as_bytes());
        Self {
            headers,
            body,
            trailers: None,
            complete: true,
        }
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.add(name.as_bytes(), value.as_bytes());
        self
    }

    /// The status; 0 when the head has none.
    pub fn status(&self) -> u16 {
        self.headers
            .text(":status")
            .and_then(|status| status.parse().ok())
            .unwrap_or(0)
    }

    /// The body as text, lossily.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
