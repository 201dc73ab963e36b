//! The bill of materials (CycloneDX 1.5): every crate that is compiled into the module, with the
//! checksum that the lock file pins.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{Release, sha256};
use crate::places::Places;

const MODULE_PACKAGE: &str = "sealgate-plugin";

/// Writes the document.
pub(super) fn write(places: &Places, release: &Release, module: &[u8]) -> Result<Vec<u8>> {
    let output = places
        .cargo()
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(["--filter-platform", "wasm32-wasip1"])
        .output()?;
    if !output.status.success() {
        bail!(
            "cargo metadata: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let lock = std::fs::read_to_string(places.root.join("Cargo.lock"))?;
    let checksums = checksums(&lock);
    let mut components = Vec::new();
    for package in linked(&metadata)? {
        let text = |member: &str| package[member].as_str().unwrap_or_default();
        let (name, version) = (text("name"), text("version"));
        let mut component = json!({
            "type": "library",
            "bom-ref": format!("pkg:cargo/{name}@{version}"),
            "name": name,
            "version": version,
            "purl": format!("pkg:cargo/{name}@{version}"),
            "licenses": [{ "expression": text("license").replace('/', " OR ") }],
        });
        if let Some(checksum) = checksums.get(&(name, version)) {
            component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
        }
        components.push(component);
    }
    let document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": release.created,
            "component": {
                "type": "application",
                "bom-ref": "sealgate",
                "name": "sealgate",
                "version": release.version,
                "hashes": [{ "alg": "SHA-256", "content": sha256(module) }],
                "licenses": [{ "expression": "Apache-2.0" }],
                "properties": [{ "name": "commit", "value": release.commit }],
            },
        },
        "components": components,
    });
    Ok(serde_json::to_vec_pretty(&document)?)
}

/// The packages that the module is linked from, by name and version.
fn linked(metadata: &Value) -> Result<Vec<&Value>> {
    let list = |value: &'_ Value| value.as_array().cloned().unwrap_or_default();
    let packages = metadata["packages"].as_array().context("packages")?;
    let by_id: BTreeMap<&str, &Value> = packages
        .iter()
        .filter_map(|package| Some((package["id"].as_str()?, package)))
        .collect();
    let nodes = metadata["resolve"]["nodes"]
        .as_array()
        .context("a resolution")?;
    let nodes: BTreeMap<&str, &Value> = nodes
        .iter()
        .filter_map(|node| Some((node["id"].as_str()?, node)))
        .collect();
    let root = packages
        .iter()
        .find(|package| package["name"] == MODULE_PACKAGE);
    let root = root
        .and_then(|package| package["id"].as_str())
        .context("the module's package")?;
    let (mut seen, mut next) = (BTreeSet::new(), vec![root.to_owned()]);
    while let Some(id) = next.pop() {
        let Some(node) = nodes.get(id.as_str()) else {
            continue;
        };
        if !seen.insert(id) {
            continue;
        }
        for dependency in list(&node["deps"]) {
            // A normal dependency has the kind null; build and dev ones are not linked.
            let is_linked = list(&dependency["dep_kinds"])
                .iter()
                .any(|kind| kind["kind"].is_null());
            if let (true, Some(id)) = (is_linked, dependency["pkg"].as_str()) {
                next.push(id.to_owned());
            }
        }
    }
    let mut linked: Vec<&Value> = seen
        .iter()
        .filter_map(|id| by_id.get(id.as_str()).copied())
        .collect();
    linked.sort_by_key(|package| (package["name"].to_string(), package["version"].to_string()));
    Ok(linked)
}

/// Checksums of the lock file by name and version.
fn checksums(lock: &str) -> BTreeMap<(&str, &str), &str> {
    let mut found = BTreeMap::new();
    for entry in lock.split("[[package]]") {
        let member = |name: &str| {
            let mut lines = entry.lines();
            lines.find_map(|line| {
                line.strip_prefix(name)?
                    .strip_prefix(" = \"")?
                    .strip_suffix('"')
            })
        };
        if let (Some(name), Some(version), Some(sum)) =
            (member("name"), member("version"), member("checksum"))
        {
            found.insert((name, version), sum);
        }
    }
    found
}
