//! Requests and responses as bytes, without the manners of an HTTP library.

/// How the body of a request is framed on HTTP/1.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Framing {
    /// `content-length` of the body, also when it is empty.
    Length,
    /// Neither length nor chunks: a request without a body.
    None,
    /// `transfer-encoding: chunked` in pieces of at most this many bytes.
    Chunked(usize),
    /// The body is sent as it is, under the framing headers that the case wrote itself.
    Raw,
}

/// A request to send; header names and values are bytes, order and repeats are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `POST`.
    pub method: String,
    /// Request target, e.g. `/payments?x=1`.
    pub target: String,
    /// `host` / `:authority`.
    pub authority: String,
    /// All other headers.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Body as sent.
    pub body: Vec<u8>,
    /// Trailers, sent after a chunked body.
    pub trailers: Vec<(String, Vec<u8>)>,
    /// Body framing.
    pub framing: Framing,
}

impl Request {
    /// A request with a body and its length.
    pub fn new(method: &str, target: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            authority: "api.bank.test".to_owned(),
            headers: Vec::new(),
            body: body.into(),
            trailers: Vec::new(),
            framing: Framing::Length,
        }
    }

    /// A `GET` without a body.
    pub fn get(target: &str) -> Self {
        Self {
            framing: Framing::None,
            ..Self::new("GET", target, "")
        }
    }

    /// Adds a header after the others.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Replaces every header of that name by one.
    pub fn set(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        self.remove(name);
        self.headers.push((name.to_owned(), value.into()));
    }

    /// Removes every header of that name.
    pub fn remove(&mut self, name: &str) {
        self.headers
            .retain(|(present, _)| !present.eq_ignore_ascii_case(name));
    }

    /// The first value of a header.
    pub fn value(&self, name: &str) -> Option<&[u8]> {
        first(&self.headers, name)
    }

    /// The bytes on the wire, HTTP/1.1.
    pub fn to_h1(&self) -> Vec<u8> {
        let mut out = format!(
            "{} {} HTTP/1.1\r\nhost: {}\r\n",
            self.method, self.target, self.authority
        )
        .into_bytes();
        let mut line = |name: &str, value: &[u8]| {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        };
        for (name, value) in &self.headers {
            line(name, value);
        }
        match self.framing {
            Framing::Length => line("content-length", self.body.len().to_string().as_bytes()),
            Framing::Chunked(_) => line("transfer-encoding", b"chunked"),
            Framing::None | Framing::Raw => {}
        }
        out.extend_from_slice(b"\r\n");
        match self.framing {
            Framing::Chunked(size) => {
                for chunk in self.body.chunks(size.max(1)) {
                    out.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                    out.extend_from_slice(chunk);
                    out.extend_from_slice(b"\r\n");
                }
                out.extend_from_slice(b"0\r\n");
                for (name, value) in &self.trailers {
                    out.extend_from_slice(name.as_bytes());
                    out.extend_from_slice(b": ");
                    out.extend_from_slice(value);
                    out.extend_from_slice(b"\r\n");
                }
                out.extend_from_slice(b"\r\n");
            }
            _ => out.extend_from_slice(&self.body),
        }
        out
    }
}

/// A response as received.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// Final status.
    pub status: u16,
    /// Statuses of the interim (1xx) responses before it.
    pub interim: Vec<u16>,
    /// Headers with lower-case names.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Body, chunks removed.
    pub body: Vec<u8>,
}

impl Response {
    /// The first value of a header as text.
    pub fn value(&self, name: &str) -> Option<String> {
        first(&self.headers, name).map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {:?}", String::from_utf8_lossy(&self.body)))
    }

    /// The class of an RFC 9457 problem: `replay` of `urn:sealgate:problem:replay`.
    pub fn problem(&self) -> Option<String> {
        if self.value("content-type")?.as_str() != "application/problem+json" {
            return None;
        }
        let body: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        Some(
            body["type"]
                .as_str()?
                .strip_prefix("urn:sealgate:problem:")?
                .to_owned(),
        )
    }
}

/// First value of `name` among `headers`, without regard to case.
pub fn first<'a>(headers: &'a [(String, Vec<u8>)], name: &str) -> Option<&'a [u8]> {
    headers
        .iter()
        .find(|(present, _)| present.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_slice())
}
