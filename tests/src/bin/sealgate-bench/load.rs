//! A closed-loop load generator for HTTP/1.1 over any stream: a connection sends its next request as
//! soon as it has the answer to the last.
//!
//! One thread, so that a second core is left to the server. Requests are finished bytes: nothing is
//! signed or sealed while the clock runs.

use std::cell::Cell;
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};
use rustls::ClientConfig;
use sealgate_tests::tls::server_name;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::{JoinSet, LocalSet};
use tokio_rustls::TlsConnector;

/// Longest wait for one answer; a server that needs longer has stopped working.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where the load goes.
pub(crate) enum Target {
    /// TLS over TCP.
    Tls(SocketAddr, Arc<ClientConfig>),
    /// Plain HTTP over TCP.
    #[cfg(test)]
    Tcp(SocketAddr),
    /// Plain HTTP over a Unix socket.
    Unix(std::path::PathBuf),
}

/// How often each request is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Repeat {
    /// Each request once: a replay guard is watching.
    Once,
    /// Over and over for this long.
    For(Duration),
}

/// What one round gave.
pub(crate) struct Load {
    seconds: f64,
    /// Sorted.
    latencies: Vec<Duration>,
}

impl Load {
    /// Answered requests.
    pub(crate) fn requests(&self) -> usize {
        self.latencies.len()
    }

    /// Requests per second.
    pub(crate) fn rate(&self) -> f64 {
        self.requests() as f64 / self.seconds
    }

    /// The latency in milliseconds that this part (0 to 1) of the requests did not exceed.
    pub(crate) fn percentile_ms(&self, part: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let at = (last as f64 * part).ceil() as usize;
        self.latencies
            .get(at.min(last))
            .map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e3)
    }
}

/// Opens the connections, then sends the requests over them and waits for every answer.
///
/// # Errors
/// A connection fails, or any answer is not 2xx: a rate of refusals would be worth nothing.
pub(crate) fn run(
    target: &Target,
    connections: usize,
    requests: Vec<Vec<u8>>,
    repeat: Repeat,
) -> anyhow::Result<Load> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    LocalSet::new().block_on(&runtime, async {
        match target {
            Target::Tls(address, config) => {
                let connector = TlsConnector::from(Arc::clone(config));
                let mut streams = Vec::new();
                for _ in 0..connections {
                    let socket = TcpStream::connect(address).await.context("connect")?;
                    socket.set_nodelay(true)?;
                    streams.push(connector.connect(server_name(), socket).await?);
                }
                drive(streams, requests, repeat).await
            }
            #[cfg(test)]
            Target::Tcp(address) => {
                let mut streams = Vec::new();
                for _ in 0..connections {
                    streams.push(TcpStream::connect(address).await?);
                }
                drive(streams, requests, repeat).await
            }
            Target::Unix(path) => drive(unix(path, connections).await?, requests, repeat).await,
        }
    })
}

async fn unix(path: &Path, connections: usize) -> anyhow::Result<Vec<UnixStream>> {
    let mut streams = Vec::new();
    for _ in 0..connections {
        streams.push(UnixStream::connect(path).await.context("connect")?);
    }
    Ok(streams)
}

async fn drive<S>(streams: Vec<S>, requests: Vec<Vec<u8>>, repeat: Repeat) -> anyhow::Result<Load>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let source = Rc::new(Source {
        requests,
        next: Cell::new(0),
        repeat,
        began: Instant::now(),
    });
    let mut tasks = JoinSet::new();
    for stream in streams {
        let source = Rc::clone(&source);
        tasks.spawn_local(async move { connection(stream, &source).await });
    }
    let mut latencies = Vec::new();
    while let Some(done) = tasks.join_next().await {
        latencies.append(&mut done??);
    }
    let seconds = source.began.elapsed().as_secs_f64();
    latencies.sort_unstable();
    Ok(Load { seconds, latencies })
}

/// The requests that all connections share.
struct Source {
    requests: Vec<Vec<u8>>,
    next: Cell<usize>,
    repeat: Repeat,
    began: Instant,
}

impl Source {
    fn next(&self) -> Option<&[u8]> {
        let next = self.next.replace(self.next.get() + 1);
        let at = match self.repeat {
            Repeat::Once => next,
            Repeat::For(length) if self.began.elapsed() < length => {
                next % self.requests.len().max(1)
            }
            Repeat::For(_) => return None,
        };
        self.requests.get(at).map(Vec::as_slice)
    }
}

async fn connection<S>(mut stream: S, source: &Source) -> anyhow::Result<Vec<Duration>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut latencies = Vec::new();
    let mut buffer = Vec::with_capacity(16 * 1024);
    while let Some(request) = source.next() {
        let sent = Instant::now();
        let exchange = async {
            stream.write_all(request).await?;
            stream.flush().await?;
            answer(&mut stream, &mut buffer).await
        };
        match tokio::time::timeout(PATIENCE, exchange).await {
            Ok(done) => done?,
            Err(_) => bail!("no answer within {PATIENCE:?}"),
        }
        latencies.push(sent.elapsed());
    }
    Ok(latencies)
}

/// Reads one answer and insists on 2xx. Nothing may follow it: there is one request at a time.
async fn answer<S: AsyncRead + Unpin>(stream: &mut S, buffer: &mut Vec<u8>) -> anyhow::Result<()> {
    buffer.clear();
    let head_end = loop {
        if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        more(stream, buffer).await?;
    };
    let head = String::from_utf8_lossy(&buffer[..head_end]).to_ascii_lowercase();
    let length: usize = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|value| value.trim().parse().ok())
        .ok_or_else(|| anyhow!("an answer without content-length:\n{head}"))?;
    while buffer.len() < head_end + length {
        more(stream, buffer).await?;
    }
    let status = head.split(' ').nth(1).unwrap_or_default();
    if !status.starts_with('2') {
        bail!("an answer is not 2xx:\n{}", String::from_utf8_lossy(buffer));
    }
    Ok(())
}

async fn more<S: AsyncRead + Unpin>(stream: &mut S, buffer: &mut Vec<u8>) -> anyhow::Result<()> {
    if stream.read_buf(buffer).await.context("read")? == 0 {
        bail!("the server closed the connection");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::os::unix::net::UnixListener;

    use super::*;

    /// A server that answers each 4-byte request with the next of these texts.
    fn server(answers: &'static [&'static str]) -> (tempfile::TempDir, Target) {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("socket");
        let listener = UnixListener::bind(&path).expect("socket");
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let mut request = [0; 4];
            for answer in answers {
                if stream.read_exact(&mut request).is_err() {
                    return;
                }
                stream.write_all(answer.as_bytes()).expect("answered");
            }
        });
        (folder, Target::Unix(path))
    }

    #[test]
    fn sends_each_request_once_and_counts_the_answers() {
        let good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        let answers = Box::leak(Box::new([good; 3]));
        let (_folder, target) = server(answers);
        let load = run(&target, 1, vec![b"abcd".to_vec(); 3], Repeat::Once).expect("a load");
        assert_eq!(load.requests(), 3);
        assert!(load.rate() > 0.0);
        assert!(load.percentile_ms(0.5) <= load.percentile_ms(0.99));
    }

    #[test]
    fn an_answer_that_is_not_2xx_fails_the_run() {
        let (_folder, target) =
            server(&["HTTP/1.1 403 Forbidden\r\ncontent-length: 4\r\n\r\nnope"]);
        let error = run(&target, 1, vec![b"abcd".to_vec()], Repeat::Once)
            .err()
            .expect("an error");
        assert!(error.to_string().contains("nope"), "{error}");
    }

    #[test]
    fn a_closed_connection_fails_the_run() {
        let (_folder, target) = server(&[]);
        assert!(run(&target, 1, vec![b"abcd".to_vec()], Repeat::Once).is_err());
    }
}
