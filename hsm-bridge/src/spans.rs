//! Spans of requests in OTLP, as lines of a file: the OTLP/JSON file format of the OpenTelemetry
//! project, which its collector reads with the receiver `otlpjsonfile`. Nothing here opens a
//! connection, and no request waits for it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::metrics::Metrics;

/// Spans that may wait for the disk; what comes beyond is lost and counted.
const MAX_WAITING: usize = 4096;
/// Spans in one line.
const MAX_BATCH: usize = 256;
/// How long a span waits for others to share its line.
const GATHER: Duration = Duration::from_millis(200);

/// `[spans]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpansConfig {
    /// The file; the part before is `{path}.1`.
    pub path: PathBuf,
    /// A file of this size becomes `{path}.1`, in bytes.
    pub rotate_bytes: u64,
}

/// What the caller's `traceparent` says (W3C Trace Context, section 3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceParent {
    /// 32 lower-case hexadecimal digits.
    pub trace_id: String,
    /// The caller's span, 16 lower-case hexadecimal digits.
    pub parent_id: String,
    /// Whether the caller records this trace.
    pub sampled: bool,
}

/// One request that was answered.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The trace it belongs to.
    pub parent: TraceParent,
    /// The operation.
    pub op: &'static str,
    /// The algorithm.
    pub alg: &'static str,
    /// `ok` or the code of the failure.
    pub code: &'static str,
    /// The key; empty when none was named.
    pub kid: String,
    /// Time in the bridge, up to now.
    pub total: Duration,
    /// Time in the token.
    pub token: Option<Duration>,
}

/// Hands spans to the thread that writes them.
pub struct Spans {
    queue: SyncSender<(SystemTime, Ended)>,
    metrics: Arc<Metrics>,
}

impl Spans {
    /// Opens the file (mode 0640, so that a collector's group can read it) and starts its writer.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(config: SpansConfig, metrics: Arc<Metrics>) -> io::Result<Self> {
        let (queue, waiting) = sync_channel(MAX_WAITING);
        let writer = Writer {
            file: open(&config)?,
            config,
            metrics: Arc::clone(&metrics),
            failing: false,
        };
        std::thread::Builder::new()
            .name("spans".into())
            .spawn(move || writer.run(&waiting))?;
        Ok(Self { queue, metrics })
    }

    /// Notes a request that ended now, if its caller records the trace. Never waits.
    pub fn ended(&self, ended: Ended) {
        if !ended.parent.sampled {
            return;
        }
        match self.queue.try_send((SystemTime::now(), ended)) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.metrics.spans_lost.inc();
            }
        }
    }
}

struct Writer {
    config: SpansConfig,
    file: File,
    metrics: Arc<Metrics>,
    failing: bool,
}

impl Writer {
    fn run(mut self, waiting: &Receiver<(SystemTime, Ended)>) {
        while let Ok(first) = waiting.recv() {
            let until = Instant::now() + GATHER;
            let mut batch = vec![span(&first)];
            while batch.len() < MAX_BATCH {
                match waiting.recv_timeout(until.saturating_duration_since(Instant::now())) {
                    Ok(next) => batch.push(span(&next)),
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
                }
            }
            let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
            match self.write(&batch) {
                Ok(()) => self.failing = false,
                Err(error) => {
                    self.metrics.spans_lost.inc_by(count);
                    if !self.failing {
                        tracing::warn!(event = "spans-not-written", %error);
                    }
                    self.failing = true;
                }
            }
        }
    }

    fn write(&mut self, batch: &[Value]) -> io::Result<()> {
        if self.file.metadata()?.len() >= self.config.rotate_bytes {
            let mut old = self.config.path.clone().into_os_string();
            old.push(".1");
            std::fs::rename(&self.config.path, old)?;
            self.file = open(&self.config)?;
        }
        self.file.write_all(line(batch).as_bytes())
    }
}

fn open(config: &SpansConfig) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o640)
        .open(&config.path)
}

/// One `ExportTraceServiceRequest` (OTLP 1.x, JSON protobuf encoding).
fn line(batch: &[Value]) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let request = json!({ "resourceSpans": [{
        "resource": { "attributes": [
            text("service.name", "hsm-bridge"),
            text("service.version", version),
            number("process.pid", u128::from(std::process::id())),
        ] },
        "scopeSpans": [{ "scope": { "name": "hsm-bridge", "version": version }, "spans": batch }],
    }] });
    format!("{request}\n")
}

fn span((end, ended): &(SystemTime, Ended)) -> Value {
    let end = end.duration_since(UNIX_EPOCH).unwrap_or_default();
    let start = end.saturating_sub(ended.total);
    let mut attributes = vec![
        text("hsm_bridge.alg", ended.alg),
        text("hsm_bridge.code", ended.code),
    ];
    if !ended.kid.is_empty() {
        attributes.push(text("hsm_bridge.kid", &ended.kid));
    }
    if let Some(token) = ended.token {
        attributes.push(number("hsm_bridge.token_us", token.as_micros()));
    }
    let mut span = json!({
        "traceId": ended.parent.trace_id,
        "spanId": span_id(),
        "parentSpanId": ended.parent.parent_id,
        "flags": 1,
        "name": ended.op,
        "kind": 2, // SPAN_KIND_SERVER
        "startTimeUnixNano": start.as_nanos().to_string(),
        "endTimeUnixNano": end.as_nanos().to_string(),
        "attributes": attributes,
    });
    if ended.code != "ok"
        && let Some(members) = span.as_object_mut()
    {
        // STATUS_CODE_ERROR
        members.insert("status".into(), json!({ "code": 2, "message": ended.code }));
    }
    span
}

/// Eight random bytes in hexadecimal; a span's name, not a secret.
fn span_id() -> String {
    let mut id = [0; 8];
    // Without randomness the span is one without a name of its own, which collectors drop.
    let _ = getrandom::fill(&mut id);
    format!("{:016x}", u64::from_be_bytes(id))
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

/// Numbers of 64 bits are strings in JSON protobuf.
fn number(key: &str, value: u128) -> Value {
    json!({ "key": key, "value": { "intValue": value.to_string() } })
}
