//! The upstream of the measurement: reads each request to its end, answers `ok`, and counts.
//!
//! nginx would not do: its `return 200` answers before it has read the body, whereupon Envoy closes the
//! client's connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok";

/// A server in a thread of its own, which ends with the program.
pub(super) struct Upstream {
    address: SocketAddr,
    seen: Arc<AtomicU64>,
}

impl Upstream {
    /// Listens on a free port of the loopback interface.
    ///
    /// # Errors
    /// No port, or no thread.
    pub(super) fn start() -> anyhow::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let seen = Arc::new(AtomicU64::new(0));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let counter = Arc::clone(&seen);
        std::thread::Builder::new()
            .name("upstream".to_owned())
            .spawn(move || {
                runtime.block_on(async move {
                    let Ok(listener) = TcpListener::from_std(listener) else {
                        return;
                    };
                    while let Ok((stream, _)) = listener.accept().await {
                        tokio::spawn(serve(stream, Arc::clone(&counter)));
                    }
                });
            })?;
        Ok(Self { address, seen })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whole requests seen so far.
    pub(super) fn seen(&self) -> u64 {
        self.seen.load(Ordering::Relaxed)
    }
}

/// Serves until the peer leaves. A fault ends the connection, and with it the run.
async fn serve(mut stream: TcpStream, seen: Arc<AtomicU64>) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(64 * 1024);
    loop {
        let head_end = loop {
            if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        let head = String::from_utf8_lossy(&buffer[..head_end]).to_ascii_lowercase();
        let length: usize = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .context("a request without a length")?
            .trim()
            .parse()?;
        buffer.drain(..head_end);
        while buffer.len() < length {
            if stream.read_buf(&mut buffer).await? == 0 {
                bail!("the request was cut short");
            }
        }
        buffer.drain(..length);
        seen.fetch_add(1, Ordering::Relaxed);
        stream.write_all(ANSWER).await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{self, Repeat};

    #[test]
    fn answers_after_the_whole_body_and_counts() {
        let upstream = Upstream::start().expect("upstream");
        let body = vec![b'x'; 100_000];
        let head = format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", body.len());
        let request = [head.as_bytes(), &body].concat();
        let target = load::Target::Tcp(upstream.address());
        let load = load::run(&target, 2, vec![request; 6], Repeat::Once).expect("a load");
        assert_eq!(load.requests(), 6);
        assert_eq!(upstream.seen(), 6);
    }
}
