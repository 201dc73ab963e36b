//! Envoy Gateway: an EnvoyPatchPolicy. Its EnvoyExtensionPolicy has no field for
//! `allow_on_headers_stop_iteration` (envoyproxy/gateway#8382), so the filter goes in as it is.

use anyhow::Result;
use serde_json::json;

use super::{CLUSTERS, Deployed, HTTP_FILTERS, Manifests, documents, shipped_entry};

const LISTENER: &str = "type.googleapis.com/envoy.config.listener.v3.Listener";
const CLUSTER: &str = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
const FILTERS: &str = "/default_filter_chain/filters/0/typed_config/http_filters/0";

/// Writes one file.
pub(in super::super) fn write(mut deployed: Deployed<'_>) -> Result<Manifests> {
    let listener = format!("{}/sealgate/https", deployed.namespace);
    let add = |value| {
        json!({
            "type": LISTENER,
            "name": listener,
            "operation": { "op": "add", "path": FILTERS, "value": value },
        })
    };
    // Each is put at the head of the list, so that the first here is the last there.
    let mut patches = vec![
        add(json!({ "name": "sealgate", "typed_config": deployed.filter()? })),
        add(shipped_entry(HTTP_FILTERS, "tls-facts")?),
        json!({
            "type": LISTENER,
            "name": listener,
            "operation": {
                "op": "add",
                "path": "/per_connection_buffer_limit_bytes",
                "value": deployed.buffer_bytes(),
            },
        }),
    ];
    if deployed.uses_bridge() {
        patches.push(json!({
            "type": CLUSTER,
            "name": "hsm-bridge",
            "operation": { "op": "add", "path": "", "value": shipped_entry(CLUSTERS, "hsm-bridge")? },
        }));
    }
    let target =
        json!({ "group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "sealgate" });
    let resource = json!({
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "EnvoyPatchPolicy",
        "metadata": { "name": "sealgate", "namespace": deployed.namespace },
        "spec": { "targetRef": target, "type": "JSONPatch", "jsonPatches": patches },
    });
    deployed.note(
        "EnvoyPatchPolicy",
        "has to be allowed in the configuration of Envoy Gateway (extensionApis.enableEnvoyPatchPolicy)",
    );
    deployed.note(
        "targetRef",
        "name your Gateway; the listener's name is NAMESPACE/GATEWAY/LISTENER",
    );
    deployed.note(
        "module",
        "mount it at /etc/sealgate/sealgate_plugin.wasm by the pod patch of an EnvoyProxy resource",
    );
    deployed.note(
        "state",
        "checked against its schema, not tried in a cluster: try it before you rely on it",
    );
    Ok(Manifests {
        files: vec![("sealgate-envoy-gateway.yaml", documents(&[resource])?)],
        notes: deployed.notes,
    })
}
