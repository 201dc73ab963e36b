//! Istio: an EnvoyFilter that puts the plugin into a gateway over ECDS. A WasmPlugin cannot: its API
//! (1.29) has no `allow_on_headers_stop_iteration`, and without that the plugin refuses every request.

use anyhow::Result;
use serde_json::{Value, json};

use super::{CLUSTERS, Deployed, HTTP_FILTERS, Manifests, documents, shipped_entry};

const ROUTER: &str = "envoy.filters.http.router";
const MANAGER: &str = "envoy.filters.network.http_connection_manager";

/// Writes one file with one resource.
pub(in super::super) fn write(mut deployed: Deployed<'_>) -> Result<Manifests> {
    let mut patches = vec![
        // What is verified must be what is routed.
        json!({
            "applyTo": "NETWORK_FILTER",
            "match": { "context": "GATEWAY", "listener": { "filterChain": { "filter": { "name": MANAGER } } } },
            "patch": { "operation": "MERGE", "value": { "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                "normalize_path": true,
                "merge_slashes": true,
                "path_with_escaped_slashes_action": "REJECT_REQUEST",
                "stream_idle_timeout": "5s",
            } } },
        }),
        json!({
            "applyTo": "LISTENER",
            "match": { "context": "GATEWAY" },
            "patch": { "operation": "MERGE", "value": {
                "per_connection_buffer_limit_bytes": deployed.buffer_bytes(),
            } },
        }),
        json!({
            "applyTo": "EXTENSION_CONFIG",
            "match": { "context": "GATEWAY" },
            "patch": { "operation": "ADD", "value": { "name": "sealgate", "typed_config": deployed.filter()? } },
        }),
        before_router(shipped_entry(HTTP_FILTERS, "tls-facts")?),
        before_router(json!({
            "name": "sealgate",
            "config_discovery": {
                "config_source": { "ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3" },
                "type_urls": ["type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm"],
            },
        })),
    ];
    if deployed.uses_bridge() {
        patches.push(json!({
            "applyTo": "CLUSTER",
            "match": { "context": "GATEWAY" },
            "patch": { "operation": "ADD", "value": shipped_entry(CLUSTERS, "hsm-bridge")? },
        }));
    }
    let resource = json!({
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": { "name": "sealgate", "namespace": deployed.namespace },
        "spec": { "workloadSelector": { "labels": { "istio": "ingressgateway" } }, "configPatches": patches },
    });
    deployed.note(
        "workloadSelector",
        "set the labels of the gateway that the policy is for",
    );
    deployed.note(
        "module",
        "mount it at /etc/sealgate/sealgate_plugin.wasm of the gateway (an image volume with the module's image)",
    );
    if deployed.uses_bridge() {
        let text = "run hsm-bridge as a container of the gateway's pod, with /run/hsm-bridge in an emptyDir of both";
        deployed.note("hsm-bridge", text);
    }
    deployed.note(
        "metrics",
        "lift the labels with the stats_tags of envoy/sealgate.yaml in the proxy's bootstrap",
    );
    Ok(Manifests {
        files: vec![("sealgate-istio.yaml", documents(&[resource])?)],
        notes: deployed.notes,
    })
}

fn before_router(filter: Value) -> Value {
    json!({
        "applyTo": "HTTP_FILTER",
        "match": { "context": "GATEWAY", "listener": { "filterChain": { "filter": {
            "name": MANAGER, "subFilter": { "name": ROUTER },
        } } } },
        "patch": { "operation": "INSERT_BEFORE", "value": filter },
    })
}
