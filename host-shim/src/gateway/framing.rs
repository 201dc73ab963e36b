//! Watching HTTP/1.1 heads on the wire for two framings.
//!
//! hyper drops a `content-length` that stands beside a `transfer-encoding` before anyone can see
//! it. The message that is left is unambiguous, but its sender meant to confuse somebody, and
//! RFC 9112 section 6.1 lets a server refuse it. The guard passes bytes through untouched; it
//! follows the messages only to find their heads.

use crate::limits;
use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Most header fields of a head that is looked at; hyper refuses more than 100.
const FIELDS: usize = 128;

/// A stream whose incoming heads are watched.
pub(super) struct FramingGuard<T> {
    stream: T,
    watch: Watch,
    first: Rc<Cell<Option<u64>>>,
}

impl<T> FramingGuard<T> {
    /// Sets `first` to the number of the first head with two framings (the first head of the
    /// connection is 1), before hyper sees it.
    pub(super) fn new(stream: T, first: Rc<Cell<Option<u64>>>) -> Self {
        Self {
            stream,
            watch: Watch::default(),
            first,
        }
    }
}

/// The follower of one direction of a connection.
#[derive(Debug, Default)]
struct Watch {
    state: State,
    heads: u64,
}

/// Where the incoming bytes stand.
#[derive(Debug, PartialEq, Eq)]
enum State {
    /// In a head, of which these bytes are known.
    Head(Vec<u8>),
    /// This much body is left.
    Body(u64),
    /// In the size line of a chunk.
    ChunkSize(Vec<u8>),
    /// In a chunk and its line end.
    Chunk(u64),
    /// After the last chunk.
    Trailers(Vec<u8>),
    /// Not HTTP/1.1, or not understood: hyper decides alone.
    Off,
}

impl Default for State {
    fn default() -> Self {
        Self::Head(Vec::new())
    }
}

impl Watch {
    /// Follows more bytes; the number of a head with two framings if one was among them.
    fn follow(&mut self, mut bytes: &[u8]) -> Option<u64> {
        while !bytes.is_empty() {
            let used = match &mut self.state {
                State::Off => return None,
                State::Body(left) => {
                    let used = take(left, bytes.len());
                    if *left == 0 {
                        self.state = State::default();
                    }
                    used
                }
                State::Chunk(left) => {
                    let used = take(left, bytes.len());
                    if *left == 0 {
                        self.state = State::ChunkSize(Vec::new());
                    }
                    used
                }
                State::Head(known) | State::ChunkSize(known) | State::Trailers(known) => {
                    // One line at a time, so that what follows is not swallowed.
                    let line = bytes.iter().position(|&byte| byte == b'\n');
                    let used = line.map_or(bytes.len(), |at| at + 1);
                    known.extend_from_slice(bytes.get(..used).unwrap_or_default());
                    if known.len() > limits::HEAD_BYTES {
                        self.state = State::Off;
                        return None;
                    }
                    if line.is_some() && self.line_ended() {
                        return Some(self.heads);
                    }
                    used
                }
            };
            bytes = bytes.get(used..).unwrap_or_default();
        }
        None
    }

    /// Looks at what is known after a line end; `true` for two framings.
    fn line_ended(&mut self) -> bool {
        let next = match &mut self.state {
            State::Head(known) if blank(known) => {
                known.clear(); // Empty lines before a request are allowed.
                return false;
            }
            State::Head(known) => {
                let Some(framing) = head(known) else {
                    return false;
                };
                self.heads += 1;
                match framing {
                    Framing::Two => {
                        self.state = State::Off;
                        return true;
                    }
                    Framing::Unknown => State::Off,
                    Framing::Chunked => State::ChunkSize(Vec::new()),
                    Framing::Length(0) => State::default(),
                    Framing::Length(length) => State::Body(length),
                }
            }
            State::ChunkSize(known) => match httparse::parse_chunk_size(known) {
                Ok(httparse::Status::Complete((_, 0))) => State::Trailers(Vec::new()),
                Ok(httparse::Status::Complete((_, size))) => State::Chunk(size.saturating_add(2)),
                _ => State::Off,
            },
            State::Trailers(known) => {
                if !(blank(known) || ends_with_blank(known)) {
                    return false;
                }
                State::default()
            }
            State::Body(_) | State::Chunk(_) | State::Off => return false,
        };
        self.state = next;
        false
    }
}

/// Takes up to `most` from what is left; how many were taken.
fn take(left: &mut u64, most: usize) -> usize {
    let used = usize::try_from(*left).unwrap_or(usize::MAX).min(most);
    *left -= used as u64;
    used
}

enum Framing {
    Length(u64),
    Chunked,
    Two,
    Unknown,
}

/// The framing of a head; `None` as long as it is not complete.
fn head(known: &[u8]) -> Option<Framing> {
    if !ends_with_blank(known) {
        return None;
    }
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    if !matches!(request.parse(known), Ok(httparse::Status::Complete(_))) {
        return Some(Framing::Unknown);
    }
    let field = |name: &str| {
        request
            .headers
            .iter()
            .find(|f| f.name.eq_ignore_ascii_case(name))
    };
    Some(
        match (field("content-length"), field("transfer-encoding")) {
            (Some(_), Some(_)) => Framing::Two,
            (None, Some(_)) => Framing::Chunked,
            (None, None) => Framing::Length(0),
            (Some(length), None) => std::str::from_utf8(length.value)
                .ok()
                .and_then(|length| length.trim().parse().ok())
                .map_or(Framing::Unknown, Framing::Length),
        },
    )
}

fn blank(known: &[u8]) -> bool {
    matches!(known, b"\r\n" | b"\n")
}

fn ends_with_blank(known: &[u8]) -> bool {
    known.ends_with(b"\n\r\n") || known.ends_with(b"\n\n")
}

impl<T: AsyncRead + Unpin> AsyncRead for FramingGuard<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let Poll::Ready(Ok(())) = read {
            let fresh = buffer.filled().get(before..).unwrap_or_default();
            if let Some(number) = self.watch.follow(fresh) {
                self.first.set(Some(number));
            }
        }
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for FramingGuard<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n";

    /// Number of the head with two framings, however the bytes are cut.
    fn found(text: &str) -> Option<u64> {
        let at_once = Watch::default().follow(text.as_bytes());
        let mut cut = Watch::default();
        let piecewise = text.as_bytes().chunks(1).find_map(|byte| cut.follow(byte));
        assert_eq!(at_once, piecewise, "{text:?}");
        at_once
    }

    #[test]
    fn two_framings_are_found_wherever_the_head_begins() {
        assert_eq!(found(TWO), Some(1));
        assert_eq!(found(&format!("\r\n{TWO}")), Some(1));
        assert_eq!(found(&format!("GET / HTTP/1.1\r\n\r\n{TWO}")), Some(2));
        let length = "POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\nab";
        assert_eq!(found(&format!("{length}{TWO}")), Some(2));
        let chunked = "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n";
        assert_eq!(
            found(&format!("{chunked}2;x=y\r\nab\r\n0\r\n\r\n{TWO}")),
            Some(2)
        );
        let trailers = "1\r\n\n\r\n0\r\nx: y\r\nz: 0\r\n\r\n";
        assert_eq!(found(&format!("{chunked}{trailers}{TWO}")), Some(2));
    }

    #[test]
    fn a_body_is_not_a_head() {
        let length = TWO.len();
        let text = format!("POST / HTTP/1.1\r\ncontent-length: {length}\r\n\r\n{TWO}");
        assert_eq!(found(&text), None);
        let chunked = "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n";
        assert_eq!(
            found(&format!("{chunked}{length:x}\r\n{TWO}\r\n0\r\n\r\n")),
            None
        );
        assert_eq!(found("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), None);
    }
}
