//! The root context: loads policies. A policy with a fault is never loaded; the host keeps the
//! last good one because `on_configure` says no.

use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{ContextType, LogLevel};
use sealgate_engine::telemetry::REQUESTS;
use sealgate_engine::{Gate, MaterialSource, Reason, Refusal, self_test};
use serde_json::json;
use zeroize::Zeroizing;

use crate::connection::Connections;
use crate::document;
use crate::host;
use crate::metrics::{self, Metrics};
use crate::revision;
use crate::stream::Stream;
use crate::watch::{TICK, Watch};

/// State of one VM.
#[derive(Default)]
pub(crate) struct Root {
    gate: Option<Gate>,
    shared: Rc<Shared>,
}

/// What the streams of one VM share.
#[derive(Default)]
pub(crate) struct Shared {
    pub(crate) metrics: Metrics,
    pub(crate) connections: Connections,
    pub(crate) watch: Watch,
}

/// Environment variables of the host; Envoy passes those listed in its configuration.
struct Environment;

impl MaterialSource for Environment {
    fn env(&self, name: &str) -> Option<Zeroizing<Vec<u8>>> {
        std::env::var(name)
            .ok()
            .map(|value| Zeroizing::new(value.into_bytes()))
    }

    fn file(&self, _path: &str) -> Option<Zeroizing<Vec<u8>>> {
        None
    }
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _configuration_bytes: usize) -> bool {
        match load() {
            Ok(gate) => {
                for warning in gate.warnings() {
                    log_json(
                        LogLevel::Warn,
                        json!({
                            "sealgate": "policy-warning",
                            "code": warning.code,
                            "path": warning.path,
                            "problem": warning.problem,
                        }),
                    );
                }
                let policies: Vec<&str> = gate.policy_names().collect();
                log_json(
                    LogLevel::Info,
                    json!({
                        "sealgate": "policy-loaded",
                        "version": env!("CARGO_PKG_VERSION"),
                        "revision": gate.revision(),
                        "policies": policies,
                    }),
                );
                self.shared.metrics.begin();
                if let Ok(now) = host::now() {
                    revision::announce(&gate, &self.shared.metrics, now);
                }
                self.gate = Some(gate);
                true
            }
            Err(()) => false,
        }
    }

    fn create_http_context(&self, context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream::new(
            context_id,
            self.gate.clone(),
            self.shared.clone(),
        )))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn on_tick(&mut self) {
        for context_id in self.shared.watch.tick() {
            let refusal = Refusal::from(Reason::HostDoesNotHold);
            let (stage, reason) = (refusal.reason.stage().name(), refusal.reason.code());
            let labels = ["none", stage, "refused", reason];
            self.shared.metrics.put(REQUESTS, &labels, 1);
            log_json(
                LogLevel::Error,
                json!({
                    "sealgate": "refused",
                    "stage": stage,
                    "reason": reason,
                    "fix": "set allow_on_headers_stop_iteration: true for this filter",
                }),
            );
            if host::act_on(context_id).is_ok() {
                let _ =
                    host::send_response(refusal.status(), &refusal.headers(), &refusal.body(""));
            }
        }
    }
}

/// Checks the build, then compiles the policy; every fault goes to the log.
fn load() -> Result<Gate, ()> {
    if let Err(failed) = self_test() {
        log_json(
            LogLevel::Critical,
            json!({
                "sealgate": "self-test-failed",
                "algorithm": failed.algorithm,
            }),
        );
        return Err(());
    }
    let document = host::configuration().map_err(|fault| {
        log_json(
            LogLevel::Critical,
            json!({ "sealgate": "host-fault", "call": fault.call }),
        );
    })?;
    let gate = Gate::compile(&document::to_json(document), &Environment).map_err(|faults| {
        for fault in faults {
            log_json(
                LogLevel::Error,
                json!({
                    "sealgate": "policy-fault",
                    "path": fault.path,
                    "problem": fault.problem,
                    "fix": fault.fix,
                }),
            );
        }
    })?;
    host::tick_every(TICK).map_err(|fault| {
        log_json(
            LogLevel::Critical,
            json!({ "sealgate": "host-fault", "call": fault.call }),
        );
    })?;
    Ok(gate)
}

/// The last words of a VM: where it went wrong, and never what the message says, which may hold a
/// request's bytes.
#[cfg_attr(
    not(target_os = "wasi"),
    expect(dead_code, reason = "the hook is for the module")
)]
pub(crate) fn panicked(place: Option<&std::panic::Location<'_>>) {
    let place = place.map(ToString::to_string).unwrap_or_default();
    log_json(
        LogLevel::Critical,
        json!({ "sealgate": "panic", "place": place }),
    );
    metrics::count_panic();
}

/// One JSON line per event, so that a log pipeline needs no pattern.
pub(crate) fn log_json(level: LogLevel, line: serde_json::Value) {
    host::log(level, &line.to_string());
}
