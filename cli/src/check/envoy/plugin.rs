//! The plugin's own configuration: inline, or in the file that Envoy watches.

use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use super::{Findings, entries, flag, read, text};

/// The tested list of what the module may do.
const CAPABILITIES: &str = include_str!("../../../../envoy/capabilities.yaml");

/// A `PluginConfig` and what its listener holds for it.
pub(super) struct Plugin {
    pub(super) config: Value,
    pub(super) place: String,
    pub(super) buffer_bytes: u64,
    pub(super) window_bytes: u64,
}

/// The `PluginConfig` of a filter, if it is a wasm filter; `Null` where its file is not here.
pub(super) fn of(
    filter: &Value,
    bootstrap: &Path,
    findings: &mut Findings,
) -> Result<Option<Value>> {
    if text(filter, "/typed_config/@type").is_some_and(is_wasm) {
        let config = filter.pointer("/typed_config/config");
        return Ok(Some(config.cloned().unwrap_or_default()));
    }
    let discovery = filter.get("config_discovery").unwrap_or(&Value::Null);
    let mut types = entries(discovery.get("type_urls")).filter_map(Value::as_str);
    if !types.any(is_wasm) {
        return Ok(None);
    }
    let Some(file) = text(discovery, "/config_source/path_config_source/path") else {
        return Ok(Some(Value::Null));
    };
    // A shipped bootstrap names a folder of its target: the file beside it is meant then.
    let beside = bootstrap.with_file_name(Path::new(file).file_name().unwrap_or_default());
    let places = [Path::new(file), beside.as_path()];
    let Some(path) = places.into_iter().find(|path| path.is_file()) else {
        findings.weakens(
            "plugin-not-read",
            file,
            "is not here, so that the plugin's own settings are not looked at",
            "give the file its place, or put it beside the bootstrap",
        );
        return Ok(Some(Value::Null));
    };
    let document = read(path)?;
    let config = document.pointer("/resources/0/typed_config/config");
    Ok(Some(config.cloned().unwrap_or_default()))
}

fn is_wasm(name: &str) -> bool {
    name.ends_with("filters.http.wasm.v3.Wasm")
}

impl Plugin {
    /// The policy, where it is written beside the plugin.
    pub(super) fn policy(&self) -> Option<Value> {
        match self.config.pointer("/configuration/value")? {
            Value::String(text) => serde_json::from_str(text).ok(),
            written => Some(written.clone()),
        }
    }

    pub(super) fn lint(&self, findings: &mut Findings) {
        if self.config.is_null() {
            return;
        }
        let place = format!("{}: plugin", self.place);
        if !flag(&self.config, "/allow_on_headers_stop_iteration") {
            findings.breaks(
                "headers-not-held",
                &place,
                "Envoy does not hold headers until the verdict; the plugin refuses every request there",
                "write allow_on_headers_stop_iteration: true",
            );
        }
        let policy = text(&self.config, "/failure_policy");
        if policy == Some("FAIL_OPEN") || flag(&self.config, "/fail_open") {
            findings.breaks(
                "fail-open",
                &place,
                "a module that fails lets requests pass unjudged",
                "write failure_policy: FAIL_RELOAD",
            );
        } else if policy != Some("FAIL_RELOAD") {
            findings.weakens(
                "fails-for-ever",
                &place,
                "after one trap a worker answers 503 until Envoy is restarted",
                "write failure_policy: FAIL_RELOAD",
            );
        }
        if text(&self.config, "/vm_config/vm_id").is_none_or(str::is_empty) {
            findings.weakens(
                "no-vm-id",
                &place,
                "the replay store has no name of its own",
                "write vm_config: { vm_id: sealgate } and never change it",
            );
        }
        if self.config.pointer("/vm_config/code/remote").is_some() {
            findings.weakens(
                "remote-code",
                &place,
                "the module is fetched while requests wait, and Envoy calls that unstable",
                "take it from a local file whose hash was checked when it was put there",
            );
        }
        self.capabilities(&place, findings);
    }

    /// A callback that a list leaves out is never called, and Envoy says nothing.
    fn capabilities(&self, place: &str, findings: &mut Findings) {
        let pointer = "/capability_restriction_config/allowed_capabilities";
        let listed = self.config.pointer(pointer).and_then(Value::as_object);
        let Some(listed) = listed.filter(|list| !list.is_empty()) else {
            return;
        };
        let tested: Value = serde_saphyr::from_str(CAPABILITIES).unwrap_or_default();
        let wanted = tested.pointer(pointer).and_then(Value::as_object);
        let names = wanted.into_iter().flatten().map(|(name, _)| name.as_str());
        let missing: Vec<&str> = names.filter(|name| !listed.contains_key(*name)).collect();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            findings.breaks(
                "capability-missing",
                place,
                format!("the list leaves out {missing}: such callbacks are skipped in silence"),
                "take the list of envoy/capabilities.yaml whole, or none",
            );
        }
    }
}
