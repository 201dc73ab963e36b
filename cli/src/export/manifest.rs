//! What the hosts need of a policy: the same few facts for Envoy, Istio, Envoy Gateway and Kubernetes.

mod envoy;
mod envoy_gateway;
mod istio;
mod kubernetes;

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::Note;

pub(super) use self::envoy::write as envoy;
pub(super) use self::envoy_gateway::write as envoy_gateway;
pub(super) use self::istio::write as istio;
pub(super) use self::kubernetes::write as kubernetes;

/// The shipped plugin file; its settings are the tested ones.
const EXTENSION: &str = include_str!("../../../envoy/sealgate.ecds.yaml");
/// The shipped bootstrap.
const BOOTSTRAP: &str = include_str!("../../../envoy/sealgate.yaml");
/// Body cap of a policy that writes none, and what Envoy holds beyond the largest one, in bytes.
const DEFAULT_BODY_BYTES: u64 = 1_048_576;
const SLACK_BYTES: u64 = 65_536;
/// The folder of policy and module inside every host.
const FOLDER: &str = "/etc/sealgate";

/// Files to write, by name; and what they leave to be done.
pub(super) struct Manifests {
    pub(super) files: Vec<(&'static str, String)>,
    pub(super) notes: Vec<Note>,
}

/// A policy as the hosts see it.
pub(super) struct Deployed<'a> {
    pub(super) policy: &'a Value,
    /// Where clean requests go.
    pub(super) upstream: &'a str,
    /// The image of the module, with its digest.
    pub(super) image: &'a str,
    pub(super) namespace: &'a str,
    pub(super) notes: Vec<Note>,
}

impl Deployed<'_> {
    /// Environment variables that hold its secrets.
    fn variables(&self) -> BTreeSet<String> {
        let keys = self.policy.get("keys").and_then(Value::as_array);
        let materials = keys
            .into_iter()
            .flatten()
            .filter_map(|key| key.get("material"));
        materials
            .chain(self.policy.pointer("/bridge/token"))
            .filter_map(|material| Some(material.get("env")?.as_str()?.to_owned()))
            .collect()
    }

    /// What cannot be read inside a host: files of this machine.
    fn refuse_files(&self) -> Result<()> {
        let keys = self.policy.get("keys").and_then(Value::as_array);
        let materials = keys
            .into_iter()
            .flatten()
            .filter_map(|key| key.get("material"));
        let files = materials.chain(self.policy.pointer("/bridge/token"));
        match files
            .filter_map(|material| material.get("file")?.as_str())
            .next()
        {
            Some(file) => bail!(
                "{file}: a module reads no files; name an environment variable with env, or a key with bridge"
            ),
            None => Ok(()),
        }
    }

    fn uses_bridge(&self) -> bool {
        self.policy.get("bridge").is_some()
    }

    /// What Envoy must hold of a connection, in bytes.
    fn buffer_bytes(&self) -> u64 {
        let policies = self.policy.get("policies").and_then(Value::as_object);
        let caps = policies.into_iter().flatten().map(|(_, policy)| {
            let cap = policy
                .pointer("/limits/max_body_bytes")
                .and_then(Value::as_u64);
            cap.unwrap_or(DEFAULT_BODY_BYTES)
        });
        caps.max().unwrap_or(DEFAULT_BODY_BYTES) + SLACK_BYTES
    }

    /// Headers that only the gate may set.
    fn identity_headers(&self) -> BTreeSet<String> {
        let policies = self.policy.get("policies").and_then(Value::as_object);
        let mapped = policies.into_iter().flatten();
        mapped
            .filter_map(|(_, policy)| policy.pointer("/token/claims_to_headers")?.as_object())
            .flat_map(|claims| claims.values())
            .filter_map(|header| Some(header.as_str()?.to_ascii_lowercase()))
            .collect()
    }

    /// The `PluginConfig` with this policy: everything else is as shipped and tested.
    fn plugin_config(&self) -> Result<Value> {
        self.refuse_files()?;
        let document: Value = serde_saphyr::from_str(EXTENSION)?;
        let config = document.pointer("/resources/0/typed_config/config");
        let mut config = config
            .cloned()
            .context("the shipped plugin file has a configuration")?;
        config["configuration"]["value"] = self.policy.clone();
        config["vm_config"]["environment_variables"] = json!({ "host_env_keys": self.variables() });
        Ok(config)
    }

    /// The whole Wasm filter.
    fn filter(&self) -> Result<Value> {
        Ok(json!({
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": self.plugin_config()?,
        }))
    }

    fn note(&mut self, place: &str, text: impl Into<String>) {
        let (place, text) = (place.to_owned(), text.into());
        self.notes.push(Note { place, text });
    }
}

/// A part of the shipped bootstrap, by its pointer.
fn shipped(pointer: &str) -> Result<Value> {
    let bootstrap: Value = serde_saphyr::from_str(BOOTSTRAP)?;
    let part = bootstrap.pointer(pointer).cloned();
    part.with_context(|| format!("the shipped bootstrap has {pointer}"))
}

/// An entry of a list of the shipped bootstrap, by its name.
fn shipped_entry(pointer: &str, name: &str) -> Result<Value> {
    let list = shipped(pointer)?;
    let found = list
        .as_array()
        .into_iter()
        .flatten()
        .find(|entry| entry["name"] == name);
    found
        .cloned()
        .with_context(|| format!("the shipped bootstrap has {name}"))
}

const HTTP_FILTERS: &str =
    "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters";
const CLUSTERS: &str = "/static_resources/clusters";

/// Several documents as one file.
fn documents(documents: &[Value]) -> Result<String> {
    let texts: Result<Vec<String>, _> = documents.iter().map(serde_saphyr::to_string).collect();
    Ok(texts?.join("---\n"))
}
