//! The key service: whether it answers, whether what is behind it works, and how fast.

use std::collections::HashMap;

use super::Detector;
use super::silence::Silence;
use super::window::Window;
use crate::baseline::Baseline;
use crate::finding::{Finding, Notice, Severity};
use crate::round::{Labels, Role, Round, Signal, SourceRound};

/// Seconds that are looked at together.
const WINDOW_SECONDS: i64 = 30;
/// Calls that are enough for a mean.
const LEAST_CALLS: f64 = 10.0;
/// How many times the usual is slow.
const TIMES: f64 = 4.0;
/// Slower than this is slow whatever it was before, in seconds.
const SLOW_SECONDS: f64 = 0.5;
/// Faster than this is never slow, in seconds.
const FAST_SECONDS: f64 = 0.008;

/// The detector.
#[derive(Default)]
pub(super) struct Bridges {
    bridges: HashMap<String, Bridge>,
}

struct Bridge {
    /// Seconds spent, calls, queue rejections, audit errors, stores that forgot.
    recent: Window<[f64; 5]>,
    /// Seconds per call, as a rate: "counts" are microseconds, "seconds" are calls.
    usual: Baseline,
    slow: bool,
    silence: Silence,
}

impl Detector for Bridges {
    fn look(&mut self, round: &Round) -> Vec<Notice> {
        let mut notices = Vec::new();
        for source in round.of(Role::Bridge) {
            let bridge = self.bridges.entry(source.source.clone());
            let bridge = bridge.or_insert_with(|| Bridge {
                recent: Window::new(WINDOW_SECONDS),
                usual: Baseline::default(),
                slow: false,
                silence: Silence::default(),
            });
            notices.extend(bridge.reached(source));
            notices.extend(behind(source));
            notices.extend(bridge.speed(round.at, source));
        }
        notices
    }
}

impl Bridge {
    fn reached(&mut self, source: &SourceRound) -> Option<Notice> {
        self.silence.after(&source.reach).map(|seen| Notice {
            finding: Finding::BridgeDown,
            severity: Severity::Critical,
            subject: subject(source, None),
            seen,
            baseline: "it answered before, or was named on the command line".to_owned(),
            fits:
                "The process ended, hangs, or its socket is gone. Gates refuse what needs its keys \
                   with 503 until it is back."
                    .to_owned(),
            remedy: "Look at its service and log; `hsm-bridge doctor` says what is missing."
                .to_owned(),
        })
    }

    fn speed(&mut self, at: i64, source: &SourceRound) -> Vec<Notice> {
        if source.span_seconds <= 0.0 {
            return Vec::new();
        }
        let sum = |signal| -> f64 { source.flows_of(signal).map(|one| one.value).sum() };
        let sums = [
            sum(Signal::BridgeSeconds),
            sum(Signal::BridgeTimed),
            sum(Signal::BridgeQueueFull),
            sum(Signal::AuditError),
            sum(Signal::ReplayStoreLost),
        ];
        for (_, [seconds, calls, ..]) in self.recent.push(at, source.span_seconds, sums) {
            if !self.slow {
                self.usual.learn(seconds * 1e6, calls);
            }
        }
        let [seconds, calls, full, audit, lost] = self.recent.sum();
        let mean = if calls > 0.0 { seconds / calls } else { 0.0 };
        let usual = self.usual.rate() / 1e6;
        let known = self.usual.seconds() >= 2.0 * LEAST_CALLS;
        let against_usual = known && mean > TIMES * usual && mean > FAST_SECONDS;
        self.slow = calls >= LEAST_CALLS && (against_usual || mean > SLOW_SECONDS);
        let mut notices = Vec::new();
        if self.slow || full > 0.0 {
            let queue = if full > 0.0 {
                format!("; {full:.0} jobs were turned away by a full queue")
            } else {
                String::new()
            };
            notices.push(Notice {
                finding: Finding::BridgeSlow,
                severity: if full > 0.0 { Severity::Critical } else { Severity::Warning },
                subject: subject(source, None),
                seen: format!("{} per call over {calls:.0} calls{queue}", milliseconds(mean)),
                baseline: if known {
                    format!("usually {} per call", milliseconds(usual))
                } else {
                    "not enough calls yet to know what is usual".to_owned()
                },
                fits: "The token or the network HSM is overloaded or degraded, or somebody floods it with \
                       messages that need its keys."
                    .to_owned(),
                remedy: "Compare calls per second with the usual; if they grew, find who sends them. Else \
                         look at the token: sessions, firmware, network."
                    .to_owned(),
            });
        }
        if audit > 0.0 {
            notices.push(audit_failing(
                source,
                format!("{audit:.0} lines could not be written"),
            ));
        }
        if lost > 0.0 {
            notices.push(Notice {
                finding: Finding::TokenDown,
                severity: Severity::Critical,
                subject: subject(source, Some(("part", "replay-store-memory"))),
                seen: "the replay store was found to have forgotten everything".to_owned(),
                baseline: "a replay store keeps each message for its window".to_owned(),
                fits: "It was restarted without its data, or flushed: messages recorded before can be \
                       sent again until their window closes."
                    .to_owned(),
                remedy: "Find out who flushed it; give it persistence (appendonly), or wait out the \
                         largest tolerance of your policies."
                    .to_owned(),
            });
        }
        notices
    }
}

/// What the bridge says of the things behind it.
fn behind(source: &SourceRound) -> Vec<Notice> {
    let mut notices = Vec::new();
    for (signal, label, bad, what) in [
        (Signal::TokenUp, "token", 0.0, "the token does not work"),
        (
            Signal::ReplayStoreUp,
            "store",
            0.0,
            "the replay store is not connected",
        ),
        (
            Signal::WorkersStuck,
            "token",
            1.0,
            "workers hang in calls that do not return",
        ),
    ] {
        for reading in source.levels_of(signal) {
            let is_bad = if bad > 0.0 {
                reading.value >= bad
            } else {
                reading.value == 0.0
            };
            if is_bad {
                notices.push(Notice {
                    finding: Finding::TokenDown,
                    severity: Severity::Critical,
                    subject: subject(source, Some((label, reading.labels.or_dash(label)))),
                    seen: what.to_owned(),
                    baseline: "the bridge's own health check".to_owned(),
                    fits: "The HSM, its network or the store is down; gates refuse what needs it with 503."
                        .to_owned(),
                    remedy: "`hsm-bridge doctor`; the bridge reconnects by itself when what is behind it \
                             is back."
                        .to_owned(),
                });
            }
        }
    }
    if source
        .levels_of(Signal::AuditFailing)
        .any(|one| one.value > 0.0)
    {
        notices.push(audit_failing(source, "it says so itself".to_owned()));
    }
    notices
}

fn audit_failing(source: &SourceRound, seen: String) -> Notice {
    Notice {
        finding: Finding::AuditFailing,
        severity: Severity::Critical,
        subject: subject(source, None),
        seen,
        baseline: "every use of a key is written down".to_owned(),
        fits:
            "The disk is full or read-only, or somebody keeps uses of keys from being written down."
                .to_owned(),
        remedy: "Make room; then `hsm-bridge audit-verify` says whether the log is whole."
            .to_owned(),
    }
}

fn subject(source: &SourceRound, more: Option<(&str, &str)>) -> Labels {
    Labels::new([("bridge", source.source.as_str())].into_iter().chain(more))
}

fn milliseconds(seconds: f64) -> String {
    let milliseconds = seconds * 1000.0;
    if milliseconds < 10.0 {
        format!("{milliseconds:.1} ms")
    } else {
        format!("{milliseconds:.0} ms")
    }
}
