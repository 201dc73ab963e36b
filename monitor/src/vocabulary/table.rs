//! The table itself.

use super::Kind::{Count, Level};
use super::{Kind, Row};
use crate::round::Role::{self, Bridge, Gateway};
use crate::round::Signal;

type Names = &'static [(&'static str, &'static str)];

const fn row(
    metric: &'static str,
    role: Role,
    signal: Signal,
    kind: Kind,
    labels: Names,
    fixed: Option<(&'static str, &'static str)>,
) -> Row {
    Row {
        metric,
        role,
        signal,
        kind,
        labels,
        fixed,
    }
}

/// A count at a gateway.
const fn count(metric: &'static str, signal: Signal, labels: Names) -> Row {
    row(metric, Gateway, signal, Count, labels, None)
}

/// A count at a gateway with a label of our own.
const fn cause(
    metric: &'static str,
    signal: Signal,
    name: &'static str,
    value: &'static str,
) -> Row {
    row(metric, Gateway, signal, Count, &[], Some((name, value)))
}

/// A level at a gateway.
const fn level(metric: &'static str, signal: Signal, labels: Names) -> Row {
    row(metric, Gateway, signal, Level, labels, None)
}

const fn bridge_count(metric: &'static str, signal: Signal, labels: Names) -> Row {
    row(metric, Bridge, signal, Count, labels, None)
}

const fn bridge_level(metric: &'static str, signal: Signal, labels: Names) -> Row {
    row(metric, Bridge, signal, Level, labels, None)
}

const POLICY: (&str, &str) = ("policy", "policy");
const STAGE: (&str, &str) = ("stage", "stage");
const REASON: (&str, &str) = ("reason", "reason");
const KEY: (&str, &str) = ("key", "key");
const TOKEN: (&str, &str) = ("token", "token");
const STORE: (&str, &str) = ("store", "store");
const OP: (&str, &str) = ("op", "op");

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    // The module, in every host.
    count("sealgate_requests_total", Signal::Verdict, &[POLICY, STAGE, ("outcome", "outcome"), REASON]),
    count("sealgate_observed_total", Signal::Observed, &[POLICY, STAGE, REASON]),
    count("sealgate_failures_total", Signal::KeyFailure, &[POLICY, STAGE, REASON, KEY]),
    count("sealgate_algorithms_total", Signal::Algorithm, &[POLICY, ("kind", "kind"), ("algorithm", "algorithm"), ("strength", "strength")]),
    count("sealgate_opened_total", Signal::Opened, &[POLICY, ("part", "part"), KEY]),
    count("sealgate_opened_bytes_total", Signal::OpenedBytes, &[POLICY]),
    count("sealgate_scan_hits_total", Signal::ScanHit, &[POLICY, ("class", "class"), ("location", "location")]),
    count("sealgate_clock_skew_seconds_sum", Signal::SkewSeconds, &[("sender", "sender")]),
    count("sealgate_clock_skew_seconds_count", Signal::SkewCount, &[("sender", "sender")]),
    level("sealgate_key_last_used_seconds", Signal::KeyLastUsed, &[KEY]),
    level("sealgate_key_not_after_seconds", Signal::KeyEnds, &[KEY]),
    count("sealgate_bridge_calls_total", Signal::BridgeCall, &[("operation", "op"), ("outcome", "outcome")]),
    count("sealgate_bridge_milliseconds_sum", Signal::BridgeWaitMillis, &[("operation", "op")]),
    count("sealgate_bridge_milliseconds_count", Signal::BridgeWaited, &[("operation", "op")]),
    count("sealgate_peer_certificate_days_sum", Signal::PeerDays, &[]),
    count("sealgate_peer_certificate_days_count", Signal::PeerCount, &[]),
    level("sealgate_policy_revision", Signal::PolicyRevision, &[("generation", "generation")]),
    count("sealgate_policy_loads_total", Signal::ConfigLoaded, &[]),
    count("sealgate_host_faults_total", Signal::HostFault, &[("call", "call")]),
    count("sealgate_panics_total", Signal::Panic, &[]),
    count("sealgate_series_dropped_total", Signal::SeriesDropped, &[]),
    // Envoy's public side.
    count("envoy_http_downstream_rq_total", Signal::Requests, &[]),
    count("envoy_http_downstream_rq_xx", Signal::Succeeded, &[]),
    count("envoy_listener_ssl_handshake", Signal::Handshake, &[]),
    count("envoy_listener_ssl_versions", Signal::TlsVersion, &[("envoy_ssl_version", "version")]),
    count("envoy_listener_ssl_curves", Signal::TlsGroup, &[("envoy_ssl_curve", "group")]),
    count("envoy_listener_ssl_ciphers", Signal::TlsCipher, &[("envoy_ssl_cipher", "cipher")]),
    cause("envoy_listener_ssl_connection_error", Signal::HandshakeFailure, "cause", "protocol"),
    cause("envoy_listener_ssl_fail_verify_no_cert", Signal::HandshakeFailure, "cause", "no-certificate"),
    cause("envoy_listener_ssl_fail_verify_error", Signal::HandshakeFailure, "cause", "unknown-authority"),
    cause("envoy_listener_ssl_fail_verify_san", Signal::HandshakeFailure, "cause", "name-not-allowed"),
    cause("envoy_listener_ssl_fail_verify_cert_hash", Signal::HandshakeFailure, "cause", "hash-not-allowed"),
    level("envoy_listener_ssl_certificate_expiration_unix_time_seconds", Signal::CertificateEnds, &[("envoy_tls_certificate", "certificate")]),
    level("envoy_cluster_ssl_certificate_expiration_unix_time_seconds", Signal::CertificateEnds, &[("envoy_tls_certificate", "certificate")]),
    level("envoy_server_days_until_first_cert_expiring", Signal::CertificateDays, &[]),
    // The bridge.
    bridge_count("hsmb_requests_total", Signal::BridgeRequest, &[OP, ("alg", "algorithm"), ("code", "code")]),
    bridge_count("hsmb_total_seconds_sum", Signal::BridgeSeconds, &[OP]),
    bridge_count("hsmb_total_seconds_count", Signal::BridgeTimed, &[OP]),
    bridge_count("hsmb_queue_rejected_total", Signal::BridgeQueueFull, &[]),
    bridge_count("hsmb_crypto_failed_total", Signal::BridgeCryptoFailed, &[]),
    bridge_count("hsmb_reinit_total", Signal::TokenReopened, &[("cause", "cause")]),
    bridge_count("hsmb_replay_lost_total", Signal::ReplayStoreLost, &[STORE]),
    bridge_count("hsmb_audit_errors_total", Signal::AuditError, &[]),
    bridge_level("hsmb_token_up", Signal::TokenUp, &[TOKEN]),
    bridge_level("hsmb_replay_store_up", Signal::ReplayStoreUp, &[STORE]),
    bridge_level("hsmb_workers_stuck", Signal::WorkersStuck, &[TOKEN]),
    bridge_level("hsmb_queue_depth", Signal::QueueDepth, &[TOKEN]),
    bridge_level("hsmb_audit_failing", Signal::AuditFailing, &[]),
    bridge_level("hsmb_key_state", Signal::KeyVersions, &[("state", "state")]),
];

/// Metrics with a name of the site's in the middle: start, end, meaning.
pub(super) const PATTERNS: &[(&str, &str, &Row)] = &[
    (
        "envoy_wasm_",
        "vm_reload_success",
        &cause("", Signal::VmReload, "result", "success"),
    ),
    (
        "envoy_wasm_",
        "vm_reload_failure",
        &cause("", Signal::VmReload, "result", "failure"),
    ),
    (
        "envoy_wasm_",
        "vm_reload_backoff",
        &cause("", Signal::VmReload, "result", "backoff"),
    ),
    (
        "envoy_extension_config_discovery_",
        "config_fail",
        &cause("", Signal::ConfigRefused, "cause", "config-fail"),
    ),
    (
        "envoy_extension_config_discovery_",
        "update_rejected",
        &cause("", Signal::ConfigRefused, "cause", "update-rejected"),
    ),
    (
        "envoy_extension_config_discovery_",
        "config_reload",
        &cause("", Signal::ConfigLoaded, "cause", "reload"),
    ),
];

#[cfg(test)]
mod tests {
    use sealgate_engine::telemetry::{FAMILIES, MetricKind};

    use super::*;

    #[test]
    fn the_modules_metrics_are_read_by_the_names_and_labels_they_have() {
        let rows = ROWS
            .iter()
            .filter(|row| row.metric.starts_with("sealgate_"));
        let mut read = Vec::new();
        for row in rows {
            let family = FAMILIES.iter().find(|family| {
                let name = family.full_name();
                let parts = [name.clone() + "_sum", name.clone() + "_count"];
                match family.kind {
                    MetricKind::Histogram => parts.iter().any(|part| part == row.metric),
                    _ => name == row.metric,
                }
            });
            let family = family.unwrap_or_else(|| panic!("no gateway has {}", row.metric));
            for (theirs, _) in row.labels {
                let there = family.labels.contains(theirs);
                assert!(there, "{} has no label {theirs}", row.metric);
            }
            let counts = !matches!(family.kind, MetricKind::Gauge);
            assert_eq!(row.kind == Count, counts, "{}", row.metric);
            read.push(family.name);
        }
        // When a policy came is for people; that it came is counted.
        for family in FAMILIES
            .iter()
            .filter(|one| one.name != "sealgate_policy_loaded")
        {
            assert!(read.contains(&family.name), "{} is not read", family.name);
        }
    }
}
