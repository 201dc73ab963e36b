//! What the gateway tells its operator: events as they happen, and counters.

use std::fmt;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

/// Something an operator wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A new module or configuration serves.
    Reloaded {
        /// Generation, counted from 1 (the first load).
        version: u64,
    },
    /// A new module or configuration was not accepted; the last good one serves.
    ReloadFailed {
        /// Why, with the guest's own log lines of the attempt.
        reason: String,
    },
    /// A VM was lost and is being built anew.
    Trapped {
        /// The trap.
        reason: String,
    },
    /// A message was stopped because its declared length was not its body's.
    LengthMismatch {
        /// Which message.
        reason: String,
    },
    /// A TLS handshake failed.
    HandshakeFailed {
        /// Why.
        reason: String,
    },
}

/// Reloads so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reloads {
    /// Accepted.
    pub ok: u64,
    /// Refused; the last good one stayed.
    pub failed: u64,
}

type Sink = Box<dyn Fn(&Event) + Send + Sync>;

/// The event sink and the gateway's own counters.
#[derive(Default)]
pub(super) struct Events {
    pub(super) sink: Option<Sink>,
    reloads_ok: AtomicU64,
    reloads_failed: AtomicU64,
    traps: AtomicU64,
    mismatches: AtomicU64,
    handshakes_failed: AtomicU64,
    requests: AtomicU64,
    upstream_errors: AtomicU64,
    timeouts: AtomicU64,
}

impl Events {
    pub(super) fn emit(&self, event: Event) {
        let counter = match &event {
            Event::Reloaded { .. } => &self.reloads_ok,
            Event::ReloadFailed { .. } => &self.reloads_failed,
            Event::Trapped { .. } => &self.traps,
            Event::LengthMismatch { .. } => &self.mismatches,
            Event::HandshakeFailed { .. } => &self.handshakes_failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        if let Some(sink) = &self.sink {
            sink(&event);
        }
    }

    pub(super) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn upstream_error(&self) {
        self.upstream_errors.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn timeout(&self) {
        self.timeouts.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn reloads(&self) -> Reloads {
        Reloads {
            ok: self.reloads_ok.load(Ordering::Relaxed),
            failed: self.reloads_failed.load(Ordering::Relaxed),
        }
    }

    pub(super) fn write_prometheus(&self, out: &mut String) {
        let rows = [
            ("sealgate_gateway_reloads_ok_total", &self.reloads_ok),
            (
                "sealgate_gateway_reloads_failed_total",
                &self.reloads_failed,
            ),
            ("sealgate_gateway_traps_total", &self.traps),
            ("sealgate_gateway_length_mismatches_total", &self.mismatches),
            (
                "sealgate_gateway_handshakes_failed_total",
                &self.handshakes_failed,
            ),
            ("sealgate_gateway_requests_total", &self.requests),
            (
                "sealgate_gateway_upstream_errors_total",
                &self.upstream_errors,
            ),
            ("sealgate_gateway_timeouts_total", &self.timeouts),
        ];
        for (name, counter) in rows {
            let value = counter.load(Ordering::Relaxed);
            // Writing into a String cannot fail.
            let _ = writeln!(out, "# TYPE {name} counter\n{name} {value}");
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("reloads", &self.reloads())
            .finish_non_exhaustive()
    }
}
