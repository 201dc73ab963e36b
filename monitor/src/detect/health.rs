//! Whether gateways answer, their VMs live, and configurations are taken.

use std::collections::HashMap;

use super::Detector;
use super::silence::Silence;
use super::window::Window;
use crate::finding::{Finding, Notice, Severity};
use crate::round::{Labels, Role, Round, Signal, SourceRound};

/// Seconds that are looked at together.
const WINDOW_SECONDS: i64 = 60;

/// The detector.
#[derive(Default)]
pub(super) struct Health {
    gateways: HashMap<String, Gateway>,
}

struct Gateway {
    silence: Silence,
    /// Panics and VM restarts, failed restarts, refused configurations, failed host calls.
    recent: Window<[f64; 4]>,
}

impl Detector for Health {
    fn look(&mut self, round: &Round) -> Vec<Notice> {
        let mut notices = Vec::new();
        for source in round.of(Role::Gateway) {
            let gateway = self.gateways.entry(source.source.clone());
            let gateway = gateway.or_insert_with(|| Gateway {
                silence: Silence::default(),
                recent: Window::new(WINDOW_SECONDS),
            });
            notices.extend(gateway.reached(source));
            notices.extend(gateway.lives(round.at, source));
        }
        notices
    }
}

impl Gateway {
    fn reached(&mut self, source: &SourceRound) -> Option<Notice> {
        self.silence.after(&source.reach).map(|seen| Notice {
            finding: Finding::GatewayDown,
            severity: Severity::Critical,
            subject: subject(source),
            seen,
            baseline: "it answered before, or was named on the command line".to_owned(),
            fits: "The process ended or hangs, or its admin port is not reachable from here."
                .to_owned(),
            remedy:
                "See whether it still serves; if it does, only the way of its metrics is broken."
                    .to_owned(),
        })
    }

    fn lives(&mut self, at: i64, source: &SourceRound) -> Vec<Notice> {
        if source.span_seconds <= 0.0 {
            return Vec::new();
        }
        let sum = |signal| -> f64 { source.flows_of(signal).map(|one| one.value).sum() };
        let reloads = |good: bool| -> f64 {
            let flows = source.flows_of(Signal::VmReload);
            flows
                .filter(|one| (one.labels.get("result") == Some("success")) == good)
                .map(|one| one.value)
                .sum()
        };
        let traps = sum(Signal::Panic).max(reloads(true));
        let sums = [
            traps,
            reloads(false),
            sum(Signal::ConfigRefused),
            sum(Signal::HostFault),
        ];
        self.recent.push(at, source.span_seconds, sums);
        let [traps, failed, refused, faults] = self.recent.sum();
        let mut notices = Vec::new();
        if traps > 0.0 || failed > 0.0 {
            notices.push(Notice {
                finding: Finding::ModuleTraps,
                severity: if traps > 2.0 || failed > 0.0 {
                    Severity::Critical
                } else {
                    Severity::Warning
                },
                subject: subject(source),
                seen: format!(
                    "the module's VM was started anew {traps:.0} times in {:.0} s, and {failed:.0} times it could not be",
                    self.recent.span()
                ),
                baseline: "never: the module does not panic on a peer's bytes".to_owned(),
                fits: "A query of death: somebody found a request that ends the VM. It is refused like \
                       any other, and so is what was in flight beside it."
                    .to_owned(),
                remedy: "Keep the access log around that moment and report it; block the sender until \
                         there is a new version."
                    .to_owned(),
            });
        }
        if refused > 0.0 {
            notices.push(Notice {
                finding: Finding::ConfigRefused,
                severity: Severity::Warning,
                subject: subject(source),
                seen: format!(
                    "{refused:.0} configurations were refused in {:.0} s",
                    self.recent.span()
                ),
                baseline: "a configuration that was checked is taken".to_owned(),
                fits: "A broken policy or module was pushed. The last good one is still in effect."
                    .to_owned(),
                remedy: "`sealgate check` on what was pushed says every fault with its place."
                    .to_owned(),
            });
        }
        if faults > 0.0 {
            notices.push(Notice {
                finding: Finding::ModuleTraps,
                severity: Severity::Warning,
                subject: Labels::new([("gateway", source.source.as_str()), ("part", "host-calls")]),
                seen: format!("{faults:.0} calls of the module to its host failed"),
                baseline: "never, on a host that has what the module needs".to_owned(),
                fits: "The host lacks a capability, or refuses calls in a state the module does not know. \
                       Requests that met it were refused."
                    .to_owned(),
                remedy: "Compare the capability list with envoy/capabilities.yaml, and the host's version \
                         with the supported ones."
                    .to_owned(),
            });
        }
        notices
    }
}

fn subject(source: &SourceRound) -> Labels {
    Labels::new([("gateway", source.source.as_str())])
}
