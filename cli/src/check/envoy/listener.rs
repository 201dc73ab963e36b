//! A listener: its TLS, its connection manager, its buffers.

use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use super::plugin::{self, Plugin};
use super::{Findings, entries, flag, number, text};

/// Envoy's own listener buffer where none is written, in bytes.
const DEFAULT_BUFFER_BYTES: u64 = 1_048_576;
/// Envoy's own HTTP/2 stream window, in bytes.
const DEFAULT_WINDOW_BYTES: u64 = 16_777_216;
const MANAGER: &str = "HttpConnectionManager";
const ROUTER: &str = "envoy.filters.http.router";

/// Looks at one listener, and gives the plugins in its chains.
pub(super) fn lint(
    listener: &Value,
    place: &str,
    bootstrap: &Path,
    findings: &mut Findings,
) -> Result<Vec<Plugin>> {
    let mut plugins = Vec::new();
    for chain in entries(listener.get("filter_chains")) {
        tls(chain, place, findings);
        for filter in entries(chain.get("filters")) {
            let config = filter.get("typed_config");
            let Some(manager) = config.filter(|config| is(config, MANAGER)) else {
                continue;
            };
            connection_manager(manager, place, findings);
            let window = manager.pointer("/http2_protocol_options/initial_stream_window_size");
            let buffer = listener.get("per_connection_buffer_limit_bytes");
            let found = filters(manager, place, bootstrap, findings)?;
            plugins.extend(found.into_iter().map(|config| Plugin {
                config,
                place: place.to_owned(),
                buffer_bytes: buffer.and_then(number).unwrap_or(DEFAULT_BUFFER_BYTES),
                window_bytes: window.and_then(number).unwrap_or(DEFAULT_WINDOW_BYTES),
            }));
        }
    }
    Ok(plugins)
}

/// A body that the policy takes must fit into what Envoy holds for the plugin.
pub(super) fn lint_buffers(plugin: &Plugin, largest_body: u64, findings: &mut Findings) {
    let place = &plugin.place;
    let fix = "write the largest max_body_bytes of the policy, and 65536 more";
    if plugin.buffer_bytes < largest_body {
        findings.breaks(
            "buffer-too-small",
            &format!("{place}.per_connection_buffer_limit_bytes"),
            format!(
                "{} bytes are less than the {largest_body} that the policy takes: Envoy answers 413",
                plugin.buffer_bytes
            ),
            fix,
        );
    }
    if plugin.window_bytes < largest_body {
        findings.breaks(
            "window-too-small",
            &format!("{place}: initial_stream_window_size"),
            format!(
                "{} bytes are the most that is held of an HTTP/2 body; the policy takes {largest_body}",
                plugin.window_bytes
            ),
            fix,
        );
    }
}

fn is(config: &Value, kind: &str) -> bool {
    text(config, "/@type").is_some_and(|name| name.ends_with(kind))
}

fn tls(chain: &Value, place: &str, findings: &mut Findings) {
    let place = format!("{place}.transport_socket");
    let config = chain.pointer("/transport_socket/typed_config");
    let Some(config) = config.filter(|config| is(config, "DownstreamTlsContext")) else {
        findings.breaks(
            "no-tls",
            &place,
            "there is no TLS: everything outside the sealed bodies is in the clear",
            "take the transport_socket of envoy/sealgate.yaml",
        );
        return;
    };
    if !flag(config, "/require_client_certificate") {
        findings.weakens(
            "no-client-certificate",
            &place,
            "clients need no certificate",
            "write require_client_certificate: true",
        );
    }
    let common = config.get("common_tls_context").unwrap_or(&Value::Null);
    let validates = [
        "validation_context",
        "validation_context_sds_secret_config",
        "combined_validation_context",
    ];
    if !validates.iter().any(|member| common.get(member).is_some()) {
        findings.breaks(
            "no-client-ca",
            &place,
            "no authority is named: a client certificate, if any, is not verified",
            "name a validation context with trusted_ca",
        );
    }
    let least = text(common, "/tls_params/tls_minimum_protocol_version");
    if least != Some("TLSv1_3") {
        findings.breaks(
            "tls-below-1.3",
            &place,
            "TLS before 1.3 is offered",
            "write tls_params: { tls_minimum_protocol_version: TLSv1_3 }",
        );
    }
    let written = |pointer: &str, fits: fn(&str) -> bool| {
        let names = entries(common.pointer(pointer)).filter_map(Value::as_str);
        names.into_iter().any(fits)
    };
    let hybrid = written("/tls_params/ecdh_curves", |group| group.contains("MLKEM"))
        || written("/tls_params/compliance_policies", |name| {
            name.starts_with("CNSA2")
        });
    if !hybrid {
        findings.weakens(
            "no-post-quantum-group",
            &place,
            "no group with ML-KEM is written: what is recorded today can be read later",
            "write ecdh_curves: [X25519MLKEM768, X25519]",
        );
    }
}

fn connection_manager(manager: &Value, place: &str, findings: &mut Findings) {
    let reject = "write path_with_escaped_slashes_action: REJECT_REQUEST";
    match text(manager, "/path_with_escaped_slashes_action") {
        Some("REJECT_REQUEST") => {}
        None | Some("KEEP_UNCHANGED" | "IMPLEMENTATION_SPECIFIC_DEFAULT") => findings.weakens(
            "escaped-slashes",
            place,
            "%2F in a path is routed as it stands, and servers behind may read it otherwise",
            reject,
        ),
        Some(changed) => findings.breaks(
            "path-rewritten",
            place,
            format!("{changed} changes a path after it was signed: such signatures never match"),
            reject,
        ),
    }
    for (member, what) in [
        ("normalize_path", "dot segments"),
        ("merge_slashes", "empty segments"),
    ] {
        if !flag(manager, &format!("/{member}")) {
            findings.weakens(
                "path-not-normalized",
                &format!("{place}.{member}"),
                format!(
                    "{what} reach Envoy's routes, which may choose another than the policy judges"
                ),
                "write true, as in envoy/sealgate.yaml",
            );
        }
    }
    let duration = manager.pointer("/common_http_protocol_options/max_stream_duration");
    if duration.or(manager.get("stream_idle_timeout")).is_none() {
        findings.weakens(
            "streams-unbounded",
            place,
            "a request that waits in a VM that died is never answered",
            "write stream_idle_timeout: 5s and max_stream_duration: 30s",
        );
    }
}

/// The chain of HTTP filters: the plugin must be there, and before the router.
fn filters(
    manager: &Value,
    place: &str,
    bootstrap: &Path,
    findings: &mut Findings,
) -> Result<Vec<Value>> {
    let mut plugins = Vec::new();
    let mut tells_tls = false;
    for filter in entries(manager.get("http_filters")) {
        let config = filter.get("typed_config");
        if config.is_some_and(|config| is(config, "set_filter_state.v3.Config")) {
            tells_tls |= filter.to_string().contains("sealgate_tls_group");
        }
        if text(filter, "/name") == Some(ROUTER) && plugins.is_empty() {
            findings.breaks(
                "unguarded",
                place,
                "requests reach the router without the plugin",
                "put the plugin before the router",
            );
        }
        if let Some(config) = plugin::of(filter, bootstrap, findings)? {
            if flag(filter, "/is_optional") || flag(filter, "/disabled") {
                findings.breaks(
                    "optional",
                    place,
                    "the plugin may be left out: is_optional or disabled is written",
                    "take both away",
                );
            }
            plugins.push(config);
        }
    }
    if !plugins.is_empty() && !tells_tls {
        findings.weakens(
            "tls-facts",
            place,
            "the plugin cannot count TLS groups, ciphers and the end of client certificates",
            "put the filter tls-facts of envoy/sealgate.yaml before it",
        );
    }
    Ok(plugins)
}
