//! HTTP/1.1 over raw sockets: a client that sends any bytes, and the reader both sides share.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use rustls::{ClientConnection, StreamOwned};

use crate::certificates::Certificates;
use crate::message::{Request, Response, first};
use crate::tls::{Offer, server_name};

/// How long a client waits for bytes before the test fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A client connection over TLS.
#[derive(Debug)]
pub struct Connection {
    reader: Reader<StreamOwned<ClientConnection, TcpStream>>,
}

impl Connection {
    /// Connects and finishes the handshake.
    ///
    /// # Errors
    /// The gateway refused the handshake or the connection. With TLS 1.3 a refusal of the client
    /// certificate arrives only with the first read.
    pub fn open(
        address: SocketAddr,
        certificates: &Certificates,
        offer: &Offer,
    ) -> io::Result<Self> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        let tls = ClientConnection::new(offer.config(certificates), server_name())
            .map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(tls, socket);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(Self {
            reader: Reader::new(stream),
        })
    }

    /// Key exchange group of the handshake, e.g. `X25519MLKEM768`.
    pub fn group(&self) -> String {
        let group = self
            .reader
            .inner
            .conn
            .negotiated_key_exchange_group()
            .expect("handshake done");
        format!("{:?}", group.name())
    }

    /// How long later reads may wait.
    pub fn patience(&mut self, limit: Duration) {
        self.reader
            .inner
            .sock
            .set_read_timeout(Some(limit))
            .expect("timeout");
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// The connection is gone.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.reader.inner.write_all(bytes)?;
        self.reader.inner.flush()
    }

    /// Reads one final response, with the interim ones noted.
    ///
    /// # Errors
    /// The connection ended, timed out, or what came is not HTTP/1.1.
    pub fn response(&mut self) -> io::Result<Response> {
        self.reader.response()
    }

    /// One request and its answer.
    ///
    /// # Errors
    /// As [`Connection::response`].
    pub fn exchange(&mut self, request: &Request) -> io::Result<Response> {
        // A gateway may answer and stop reading before a large body has been sent.
        let sent = self.send(&request.to_h1());
        match (self.reader.response(), sent) {
            (Ok(response), _) => Ok(response),
            (Err(_), Err(error)) | (Err(error), Ok(())) => Err(error),
        }
    }
}

/// Reads HTTP/1.1 messages from a byte stream, keeping what follows a message for the next one.
#[derive(Debug)]
pub struct Reader<R> {
    /// The stream itself, for writing.
    pub inner: R,
    buffer: Vec<u8>,
}

/// First line and headers of a message.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// Request line or status line.
    pub line: String,
    /// Headers with lower-case names.
    pub headers: Vec<(String, Vec<u8>)>,
}

impl<R: Read> Reader<R> {
    /// Reads from `inner`.
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            buffer: Vec::new(),
        }
    }

    /// The next head; `None` at a clean end between messages.
    ///
    /// # Errors
    /// The stream failed or ended inside the head.
    pub fn head(&mut self) -> io::Result<Option<Head>> {
        let end = loop {
            if let Some(at) = self
                .buffer
                .windows(4)
                .position(|window| window == b"\r\n\r\n")
            {
                break at;
            }
            if !self.fill()? {
                return if self.buffer.is_empty() {
                    Ok(None)
                } else {
                    Err(ended())
                };
            }
        };
        let head: Vec<u8> = self.buffer.drain(..end + 4).collect();
        let mut lines = head[..end]
            .split(|byte| *byte == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let line = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
        let headers = lines.filter_map(field).collect();
        Ok(Some(Head { line, headers }))
    }

    /// The body that belongs to `head`; `to_end` says whether a message without framing runs to the end
    /// of the stream, as responses do. Trailers are appended to `trailers`.
    ///
    /// # Errors
    /// The stream failed or ended inside the body.
    pub fn body(
        &mut self,
        head: &Head,
        to_end: bool,
        trailers: &mut Vec<(String, Vec<u8>)>,
    ) -> io::Result<Vec<u8>> {
        let chunked = first(&head.headers, "transfer-encoding")
            .is_some_and(|value| value.eq_ignore_ascii_case(b"chunked"));
        if chunked {
            return self.chunks(trailers);
        }
        if let Some(length) = first(&head.headers, "content-length") {
            let length = String::from_utf8_lossy(length)
                .parse()
                .map_err(io::Error::other)?;
            return self.exactly(length);
        }
        if to_end {
            while self.fill()? {}
            return Ok(std::mem::take(&mut self.buffer));
        }
        Ok(Vec::new())
    }

    /// Reads one final response, with the interim ones noted.
    ///
    /// # Errors
    /// As [`Reader::head`] and [`Reader::body`].
    pub fn response(&mut self) -> io::Result<Response> {
        let mut interim = Vec::new();
        loop {
            let head = self.head()?.ok_or_else(ended)?;
            let status: u16 = head
                .line
                .split(' ')
                .nth(1)
                .and_then(|status| status.parse().ok())
                .ok_or_else(|| io::Error::other(format!("not a status line: {}", head.line)))?;
            if (100..200).contains(&status) && status != 101 {
                interim.push(status);
                continue;
            }
            let bodiless = status == 204 || status == 304 || status == 101;
            let body = if bodiless {
                Vec::new()
            } else {
                self.body(&head, true, &mut Vec::new())?
            };
            return Ok(Response {
                status,
                interim,
                headers: head.headers,
                body,
            });
        }
    }

    fn chunks(&mut self, trailers: &mut Vec<(String, Vec<u8>)>) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line()?;
            let size = usize::from_str_radix(line.split(';').next().unwrap_or("").trim(), 16)
                .map_err(io::Error::other)?;
            if size == 0 {
                break;
            }
            body.append(&mut self.exactly(size)?);
            self.line()?;
        }
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(body);
            }
            trailers.extend(field(line.as_bytes()));
        }
    }

    fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(at) = self.buffer.windows(2).position(|window| window == b"\r\n") {
                let line: Vec<u8> = self.buffer.drain(..at + 2).collect();
                return Ok(String::from_utf8_lossy(&line[..at]).into_owned());
            }
            if !self.fill()? {
                return Err(ended());
            }
        }
    }

    fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.buffer.len() < length {
            if !self.fill()? {
                return Err(ended());
            }
        }
        Ok(self.buffer.drain(..length).collect())
    }

    fn fill(&mut self) -> io::Result<bool> {
        let mut chunk = [0; 16384];
        let read = match self.inner.read(&mut chunk) {
            // Envoy may close a connection that it has answered without a TLS goodbye.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
            other => other?,
        };
        self.buffer.extend_from_slice(&chunk[..read]);
        Ok(read > 0)
    }
}

fn field(line: &[u8]) -> Option<(String, Vec<u8>)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase();
    Some((name, line[colon + 1..].trim_ascii().to_vec()))
}

fn ended() -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "the peer ended the connection",
    )
}
