//! An upstream that records every byte that reaches it.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::h1::Reader;
use crate::message::first;

/// A request as the upstream got it.
#[derive(Clone, Debug)]
pub struct Received {
    /// `POST`.
    pub method: String,
    /// Request target.
    pub target: String,
    /// Headers with lower-case names, in order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Body, chunks removed.
    pub body: Vec<u8>,
    /// Trailers of a chunked body.
    pub trailers: Vec<(String, Vec<u8>)>,
}

impl Received {
    /// The first value of a header as text.
    pub fn value(&self, name: &str) -> Option<String> {
        first(&self.headers, name).map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// All values of a header as text.
    pub fn values(&self, name: &str) -> Vec<String> {
        self.headers
            .iter()
            .filter(|(present, _)| present == name)
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
            .collect()
    }
}

/// Answers with a complete HTTP/1.1 response.
pub type Answer = Box<dyn Fn(&Received) -> Vec<u8> + Send + Sync>;

/// The recording upstream, on a free port of the loopback interface.
#[derive(Debug)]
pub struct Upstream {
    address: Option<SocketAddr>,
    record: Arc<Record>,
}

#[derive(Default)]
struct Record {
    bytes: AtomicU64,
    requests: Mutex<Vec<Received>>,
    answer: Mutex<Option<Arc<Answer>>>,
}

impl std::fmt::Debug for Record {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Record")
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

impl Upstream {
    /// Starts to listen; the threads end with the process.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback port");
        let address = listener.local_addr().expect("address");
        let record = Arc::new(Record::default());
        let shared = Arc::clone(&record);
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let record = Arc::clone(&shared);
                std::thread::spawn(move || serve(socket, &record));
            }
        });
        Self {
            address: Some(address),
            record,
        }
    }

    /// Starts to listen on a Unix socket.
    pub fn start_unix(path: &Path) -> Self {
        let listener = UnixListener::bind(path).expect("Unix socket");
        let record = Arc::new(Record::default());
        let shared = Arc::clone(&record);
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let record = Arc::clone(&shared);
                std::thread::spawn(move || serve(socket, &record));
            }
        });
        Self {
            address: None,
            record,
        }
    }

    /// Where it listens, when it does on TCP.
    pub fn address(&self) -> SocketAddr {
        self.address.expect("an upstream on TCP")
    }

    /// All bytes that any connection has received, requests or not.
    pub fn bytes(&self) -> u64 {
        self.record.bytes.load(Ordering::SeqCst)
    }

    /// The complete requests so far.
    pub fn requests(&self) -> Vec<Received> {
        lock(&self.record.requests).clone()
    }

    /// The complete requests so far, which are then forgotten.
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut *lock(&self.record.requests))
    }

    /// Waits until at least `count` complete requests were received since the last [`Upstream::take`].
    pub fn wait_for(&self, count: usize, limit: Duration) -> Vec<Received> {
        let until = Instant::now() + limit;
        while lock(&self.record.requests).len() < count {
            assert!(
                Instant::now() < until,
                "the upstream did not get {count} requests"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        self.requests()
    }

    /// Replaces the default answer (a JSON summary of the request).
    pub fn answer_with(&self, answer: impl Fn(&Received) -> Vec<u8> + Send + Sync + 'static) {
        *lock(&self.record.answer) = Some(Arc::new(Box::new(answer)));
    }
}

/// A complete `200` response.
pub fn ok(content_type: &str, body: &[u8]) -> Vec<u8> {
    let mut out = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    out.extend_from_slice(body);
    out
}

fn serve<S: Read + Write>(socket: S, record: &Record) {
    let mut reader = Reader::new(Counted {
        socket,
        bytes: &record.bytes,
    });
    while let Ok(Some(head)) = reader.head() {
        let mut words = head.line.split(' ');
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().unwrap_or_default().to_owned();
        let mut trailers = Vec::new();
        let Ok(body) = reader.body(&head, false, &mut trailers) else {
            return;
        };
        let received = Received {
            method,
            target,
            headers: head.headers,
            body,
            trailers,
        };
        let answer = lock(&record.answer).clone();
        let answer = answer.map_or_else(|| summary(&received), |answer| answer(&received));
        lock(&record.requests).push(received);
        if reader.inner.socket.write_all(&answer).is_err() {
            return;
        }
    }
}

fn summary(received: &Received) -> Vec<u8> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers: Vec<_> = received
        .headers
        .iter()
        .map(|(name, value)| json!([name, text(value)]))
        .collect();
    let body = json!({
        "method": received.method,
        "target": received.target,
        "headers": headers,
        "body_bytes": received.body.len(),
        "body": text(&received.body[..received.body.len().min(4096)]),
    });
    ok("application/json", body.to_string().as_bytes())
}

struct Counted<'a, S> {
    socket: S,
    bytes: &'a AtomicU64,
}

impl<S: Read> Read for Counted<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.socket.read(buffer)?;
        self.bytes.fetch_add(read as u64, Ordering::SeqCst);
        Ok(read)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
