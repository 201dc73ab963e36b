//! Who did what with which key: one line in a [`crate::ledger`] per operation and per change of a
//! key, never with a key in it; and at intervals a checkpoint, the chain's end signed by a key in a
//! token.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::Serialize;

use crate::ledger::{Head, Ledger};
use crate::metrics::Metrics;

mod verify;

pub use verify::{Verified, verify};

/// `[audit]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditConfig {
    /// The file; older parts are beside it as `{path}.{number}`.
    pub path: PathBuf,
    /// Whether an operation is refused when its line cannot be written.
    pub deny_on_error: bool,
    /// The key that signs checkpoints: purpose `sign`, algorithm `ES256`.
    pub checkpoint_key: Option<String>,
    /// How often, when there was something to sign.
    pub checkpoint_every: Duration,
    /// A file of this size is put aside for a new one, in bytes.
    pub rotate_bytes: u64,
}

/// One operation on a key, or an attempt at one.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Operation {
    /// Path of the socket.
    pub socket: String,
    /// User id of the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// Its process, when it connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<i32>,
    /// The name in the caller's certificate, over TLS.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub peer: String,
    /// Whose request it was, as the caller says.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub client: String,
    /// The request's id, as the caller says.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub request: String,
    /// Trace id of the caller's `traceparent`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub trace: String,
    /// The operation.
    pub op: &'static str,
    /// The key.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kid: String,
    /// Its version, once known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ver: Option<u32>,
    /// The algorithm.
    pub alg: &'static str,
    /// `ok` or the code of the failure.
    pub code: &'static str,
    /// The first 16 bytes of the SHA-256 of the request's body, base64url.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub input: String,
    /// How long it took.
    pub micros: u64,
}

/// A change of a key.
#[derive(Debug, Clone, Serialize)]
pub struct Change<'a> {
    /// What was done.
    pub change: &'static str,
    /// The key.
    pub kid: &'a str,
    /// Its version.
    pub ver: u32,
    /// The state after it.
    pub state: &'static str,
    /// The key's fingerprint.
    pub fp: &'a str,
    /// User id of who asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
}

#[derive(Serialize)]
struct Timed<'a, T> {
    at_ms: u64,
    #[serde(flatten)]
    what: &'a T,
}

/// A chain's end, signed.
#[derive(Debug, Clone, Serialize, serde::Deserialize)]
pub struct Checkpoint {
    /// Number of the last line that is covered.
    pub covers: u64,
    /// Its hash, base64url.
    pub hash: String,
    /// The key that signed.
    pub kid: String,
    /// Its fingerprint.
    pub fp: String,
    /// ES256 over SHA-256 of [`signed_text`], base64url.
    pub sig: String,
}

/// The log in service.
pub struct Audit {
    config: AuditConfig,
    metrics: Arc<Metrics>,
    writing: Mutex<Writing>,
}

struct Writing {
    ledger: Ledger,
    signed: u64,
    oldest_unsigned: Option<Instant>,
}

impl Audit {
    /// Opens the log and goes on where it ended.
    ///
    /// # Errors
    /// When it cannot be opened, or is no ledger.
    pub fn open(config: AuditConfig, metrics: Arc<Metrics>) -> io::Result<Arc<Self>> {
        let (mut ledger, torn) = Ledger::open(&config.path)?;
        if ledger.length() == 0
            && let Some(last) = parts(&config.path)?.last()
        {
            // A crash between putting the old file aside and the first line of the new one.
            ledger.follow(Ledger::open(last)?.0.head());
        }
        if torn > 0 {
            tracing::warn!(event = "audit-torn", bytes = torn);
        }
        let signed = ledger.head().n;
        let writing = Mutex::new(Writing {
            ledger,
            signed,
            oldest_unsigned: None,
        });
        Ok(Arc::new(Self {
            config,
            metrics,
            writing,
        }))
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &AuditConfig {
        &self.config
    }

    /// Writes the line of an operation. False when the operation must be refused for want of it.
    #[must_use]
    pub fn operation(&self, operation: &Operation) -> bool {
        self.append(operation, false).is_ok() || !self.config.deny_on_error
    }

    /// Writes the line of a change; it is on the disk before this returns.
    ///
    /// # Errors
    /// When it is not: the change must not be made.
    pub fn change(&self, change: &Change<'_>) -> io::Result<()> {
        self.append(change, true)
    }

    /// The chain's end, when something was written since the last checkpoint.
    #[must_use]
    pub fn unsigned(&self) -> Option<Head> {
        let writing = self.lock();
        let head = writing.ledger.head();
        (head.n > writing.signed).then_some(head)
    }

    /// Writes a checkpoint, also beside the log, where it tells of lines cut off at the end.
    ///
    /// # Errors
    /// When it is not on the disk; the next one covers the same lines.
    pub fn checkpoint(&self, checkpoint: &Checkpoint) -> io::Result<()> {
        #[derive(Serialize)]
        struct Body<'a> {
            checkpoint: &'a Checkpoint,
        }
        self.append(&Body { checkpoint }, true)?;
        let mut writing = self.lock();
        // The line of the checkpoint itself is covered by the next.
        writing.signed = checkpoint.covers.saturating_add(1);
        writing.oldest_unsigned = None;
        let beside = verify::beside(&self.config.path);
        let draft = beside.with_extension("draft");
        std::fs::write(&draft, serde_json::to_vec(checkpoint)?)?;
        std::fs::rename(&draft, &beside)
    }

    /// Tells the metrics how old the oldest line is that no checkpoint covers.
    pub fn show_lag(&self) {
        let lag = self.lock().oldest_unsigned.map(|since| since.elapsed());
        self.metrics
            .audit_lag
            .set(lag.unwrap_or_default().as_secs_f64());
    }

    fn append(&self, what: &impl Serialize, sync: bool) -> io::Result<()> {
        let mut writing = self.lock();
        if writing.ledger.length() >= self.config.rotate_bytes {
            let number = parts(&self.config.path)?.len().saturating_add(1);
            let other = verify::part(&self.config.path, number);
            writing.ledger.move_to(&other)?;
        }
        let at_ms = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| {
                u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
            });
        let written = writing.ledger.append(&Timed { at_ms, what }, sync);
        match written {
            Ok(_) => {
                writing.oldest_unsigned.get_or_insert_with(Instant::now);
                self.metrics.audit_failing.set(0);
                Ok(())
            }
            Err(error) => {
                self.metrics.audit_errors.inc();
                if self.metrics.audit_failing.set(1) == 0 {
                    tracing::error!(event = "audit-failed", %error);
                }
                Err(error)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a checkpoint signs: the purpose first, so that the signature is good for nothing else.
#[must_use]
pub fn signed_text(covers: u64, hash: &[u8; 32]) -> String {
    let hash = Base64UrlUnpadded::encode_string(hash);
    format!("sealgate audit checkpoint\n{covers}\n{hash}\n")
}

/// The parts of a log that were put aside, oldest first.
fn parts(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut parts = Vec::new();
    for number in 1.. {
        let part = verify::part(path, number);
        if !part.try_exists()? {
            break;
        }
        parts.push(part);
    }
    Ok(parts)
}
