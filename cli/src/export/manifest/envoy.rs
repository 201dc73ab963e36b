//! Plain Envoy: the shipped bootstrap with this policy's limits and headers, and its ECDS file.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{BOOTSTRAP, Deployed, EXTENSION, Manifests};

/// Writes the two files.
pub(in super::super) fn write(mut deployed: Deployed<'_>) -> Result<Manifests> {
    let bootstrap = bootstrap(&deployed)?;
    let mut extension: Value = serde_saphyr::from_str(EXTENSION)?;
    extension["resources"][0]["typed_config"] = deployed.filter()?;
    let variables: Vec<String> = deployed.variables().into_iter().collect();
    if !variables.is_empty() {
        let text = format!("Envoy has to be started with {}", variables.join(", "));
        deployed.note("environment", text);
    }
    deployed.note(
        "sealgate.yaml",
        "its site values (certificates, sockets, ports) are those of envoy/sealgate.yaml",
    );
    Ok(Manifests {
        files: vec![
            ("sealgate.yaml", bootstrap),
            ("sealgate.ecds.yaml", serde_saphyr::to_string(&extension)?),
        ],
        notes: deployed.notes,
    })
}

/// The shipped text with what follows from the policy.
pub(super) fn bootstrap(deployed: &Deployed<'_>) -> Result<String> {
    let mut text = BOOTSTRAP.replace("1114112", &deployed.buffer_bytes().to_string());
    let removed: Vec<String> = deployed
        .identity_headers()
        .iter()
        .map(|header| format!("                          - remove: {header}\n"))
        .collect();
    let shipped =
        "                          - remove: x-sub\n                          - remove: x-scope\n";
    let start = text
        .find(shipped)
        .context("the shipped bootstrap strips two headers")?;
    let lines = match removed.is_empty() {
        true => "                          - remove: x-sealgate\n".to_owned(),
        false => removed.concat(),
    };
    text.replace_range(start..start + shipped.len(), &lines);
    let (host, port) = upstream(deployed.upstream)?;
    let shipped = "socket_address: { address: 127.0.0.1, port_value: 8080 }";
    let own = format!("socket_address: {{ address: {host}, port_value: {port} }}");
    text = text.replace(shipped, &own);
    if host.parse::<std::net::IpAddr>().is_err() {
        // A name has to be resolved; an address must not be.
        let (before, after) = text
            .split_once("- name: upstream\n      type: STATIC")
            .context("the shipped bootstrap has the cluster upstream")?;
        text = format!("{before}- name: upstream\n      type: STRICT_DNS{after}");
    }
    if !deployed.uses_bridge() {
        let start = text
            .find("    - name: hsm-bridge\n")
            .context("the cluster hsm-bridge")?;
        text.truncate(start);
    }
    Ok(text)
}

/// Host and port of `http://HOST:PORT`.
pub(super) fn upstream(url: &str) -> Result<(String, u16)> {
    let rest = url
        .strip_prefix("http://")
        .context("the upstream is an http:// URL")?;
    let authority = rest.split('/').next().unwrap_or_default();
    match authority.rsplit_once(':') {
        Some((host, port)) => Ok((host.to_owned(), port.parse().context("a port")?)),
        None => Ok((authority.to_owned(), 80)),
    }
}

/// The bootstrap and the plugin's file as two members of a ConfigMap. A mounted ConfigMap changes by the
/// renaming of a folder, so that the folder is watched and not the file.
pub(super) fn data(deployed: &Deployed<'_>, folder: &str, module: &str) -> Result<Value> {
    let mut extension: Value = serde_saphyr::from_str(EXTENSION)?;
    let mut filter = deployed.filter()?;
    filter["config"]["vm_config"]["code"] = json!({ "local": { "filename": module } });
    extension["resources"][0]["typed_config"] = filter;
    let shipped = "path_config_source: { path: /etc/sealgate/sealgate.ecds.yaml }";
    let bootstrap = bootstrap(deployed)?;
    let (before, after) = bootstrap
        .split_once(shipped)
        .context("the shipped bootstrap watches a file")?;
    let watched = format!(
        "path_config_source: {{ path: {folder}/sealgate.ecds.yaml, watched_directory: {{ path: {folder} }} }}"
    );
    let bootstrap = [before, &watched, after].concat();
    Ok(json!({
        "sealgate.yaml": bootstrap,
        "sealgate.ecds.yaml": serde_saphyr::to_string(&extension)?,
    }))
}
