//! `sealgate check --envoy`: what an Envoy bootstrap does to the gate inside it.
//!
//! The bootstrap and the file that it watches for the plugin are read as documents, not run. Each
//! finding is a setting with which the gate promises less than its policy says.

mod listener;
mod plugin;

use std::path::Path;

use anyhow::{Context, Result};
use sealgate_engine::telemetry::FAMILIES;
use serde_json::Value;

/// Body cap of a policy that writes none, in bytes.
const DEFAULT_BODY_BYTES: u64 = 1_048_576;

/// One setting of the host, with its place and remedy.
pub(super) struct Finding {
    pub(super) code: &'static str,
    pub(super) place: String,
    pub(super) problem: String,
    pub(super) fix: &'static str,
    /// Whether the gate's promise is broken, and not only less than it could be.
    pub(super) breaks: bool,
}

/// What is found, in the order of the document.
#[derive(Default)]
pub(super) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    fn breaks(
        &mut self,
        code: &'static str,
        place: &str,
        problem: impl Into<String>,
        fix: &'static str,
    ) {
        self.push(code, place, problem.into(), fix, true);
    }

    fn weakens(
        &mut self,
        code: &'static str,
        place: &str,
        problem: impl Into<String>,
        fix: &'static str,
    ) {
        self.push(code, place, problem.into(), fix, false);
    }

    fn push(
        &mut self,
        code: &'static str,
        place: &str,
        problem: String,
        fix: &'static str,
        breaks: bool,
    ) {
        self.0.push(Finding {
            code,
            place: place.to_owned(),
            problem,
            fix,
            breaks,
        });
    }
}

/// Reads the bootstrap, and the ECDS file where it names one that is there.
///
/// # Errors
/// When a file cannot be read, or is no document.
pub(super) fn lint(bootstrap: &Path, policy: Option<&Value>) -> Result<Vec<Finding>> {
    let document = read(bootstrap)?;
    let mut findings = Findings::default();
    let mut plugins = Vec::new();
    let listeners = document.pointer("/static_resources/listeners");
    for (at, listener) in entries(listeners).enumerate() {
        let name =
            text(listener, "/name").map_or_else(|| format!("[{at}]"), |name| format!(" {name}"));
        let place = format!("listener{name}");
        plugins.extend(listener::lint(listener, &place, bootstrap, &mut findings)?);
    }
    if plugins.is_empty() {
        findings.breaks(
            "no-plugin",
            "listeners",
            "no listener has the plugin in its chain of filters",
            "add it before the router, by config_discovery or as a Wasm filter",
        );
    }
    let largest = plugins
        .iter()
        .filter_map(plugin::Plugin::policy)
        .chain(policy.cloned())
        .map(|policy| largest_body(&policy))
        .max()
        .unwrap_or(DEFAULT_BODY_BYTES);
    for plugin in &plugins {
        plugin.lint(&mut findings);
        listener::lint_buffers(plugin, largest, &mut findings);
    }
    admin(&document, &mut findings);
    stats(&document, &mut findings);
    Ok(findings.0)
}

fn read(path: &Path) -> Result<Value> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_saphyr::from_str(&text).with_context(|| format!("{} is no YAML document", path.display()))
}

/// The largest body that some policy takes.
fn largest_body(policy: &Value) -> u64 {
    let policies = policy.get("policies").and_then(Value::as_object);
    let caps = policies.into_iter().flat_map(|policies| policies.values());
    caps.map(|policy| {
        let cap = policy.pointer("/limits/max_body_bytes").and_then(number);
        cap.unwrap_or(DEFAULT_BODY_BYTES)
    })
    .max()
    .unwrap_or(DEFAULT_BODY_BYTES)
}

fn admin(document: &Value, findings: &mut Findings) {
    let address = text(document, "/admin/address/socket_address/address");
    let outside =
        address.is_some_and(|address| !matches!(address, "127.0.0.1" | "::1" | "localhost"));
    if outside {
        findings.breaks(
            "admin-open",
            "admin",
            "the admin interface listens beyond this machine: whoever reaches it can stop Envoy and read its configuration",
            "write address: 127.0.0.1, or a pipe",
        );
    }
}

/// The labels of the plugin's metrics are lifted out of its names by one tag each.
fn stats(document: &Value, findings: &mut Findings) {
    let tags = document.pointer("/stats_config/stats_tags");
    let named = |label: &str| entries(tags).any(|tag| text(tag, "/tag_name") == Some(label));
    let mut missing: Vec<&str> = FAMILIES
        .iter()
        .flat_map(|family| family.labels.iter().copied())
        .filter(|label| !named(label))
        .collect();
    missing.sort_unstable();
    missing.dedup();
    if !missing.is_empty() {
        findings.weakens(
            "stats-tags",
            "stats_config.stats_tags",
            format!(
                "no tag for {}: metrics keep these labels in their names",
                missing.join(", ")
            ),
            "take the block from envoy/sealgate.yaml",
        );
    }
}

fn entries(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}

fn flag(value: &Value, pointer: &str) -> bool {
    value
        .pointer(pointer)
        .and_then(Value::as_bool)
        .unwrap_or(false)
}

/// A number, also one that a `Struct` or a protobuf JSON file writes as text.
fn number(value: &Value) -> Option<u64> {
    value
        .as_u64()
        .or_else(|| value.as_f64().map(|number| number as u64))
        .or_else(|| value.as_str()?.parse().ok())
}
