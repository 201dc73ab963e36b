//! Plain Kubernetes: Envoy and hsm-bridge in one pod with their socket between them, under the
//! restricted Pod Security Standard and a network policy that lets in and out what is needed.

use anyhow::Result;
use serde_json::{Value, json};

use super::envoy::{data, upstream};
use super::{Deployed, FOLDER, Manifests, documents};

const NAME: &str = "sealgate";
const PORT: u16 = 10_443;
/// One user for both containers: the bridge asks the kernel who is at its socket.
const USER: u32 = 65_532;

/// Writes one file with every resource.
pub(in super::super) fn write(mut deployed: Deployed<'_>) -> Result<Manifests> {
    let resources = [
        namespace(&deployed),
        account(&deployed),
        configuration(&deployed)?,
        deployment(&deployed),
        service(&deployed),
        network(&deployed)?,
        disruption(&deployed),
    ];
    let variables: Vec<String> = deployed.variables().into_iter().collect();
    if !variables.is_empty() {
        let text = format!(
            "make the Secret sealgate-secrets with {}",
            variables.join(", ")
        );
        deployed.note("Secret", text);
    }
    deployed.note(
        "Secret",
        "make the Secret sealgate-tls with gateway.pem, gateway.key and clients-ca.pem",
    );
    if deployed.uses_bridge() {
        deployed.note(
            "ConfigMap",
            "make the ConfigMap hsm-bridge with hsm-bridge.toml, whose uids list 65532",
        );
        deployed.note(
            "image",
            "put the image that you build of hsm-bridge, with your token's PKCS#11 module",
        );
    }
    deployed.note(
        "metrics",
        "Envoy's admin interface is on the pod's loopback: scrape it by an agent in the pod",
    );
    deployed.note(
        "volumes",
        "image volumes need Kubernetes 1.33, or the feature gate ImageVolume before",
    );
    Ok(Manifests {
        files: vec![("sealgate-kubernetes.yaml", documents(&resources)?)],
        notes: deployed.notes,
    })
}

fn metadata(deployed: &Deployed<'_>) -> Value {
    json!({ "name": NAME, "namespace": deployed.namespace, "labels": labels() })
}

fn labels() -> Value {
    json!({ "app.kubernetes.io/name": NAME })
}

fn namespace(deployed: &Deployed<'_>) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": { "name": deployed.namespace, "labels": {
            "pod-security.kubernetes.io/enforce": "restricted",
            "pod-security.kubernetes.io/warn": "restricted",
        } },
    })
}

fn account(deployed: &Deployed<'_>) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(deployed),
        "automountServiceAccountToken": false,
    })
}

fn configuration(deployed: &Deployed<'_>) -> Result<Value> {
    Ok(json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(deployed),
        "data": data(deployed, &format!("{FOLDER}/config"), &format!("{FOLDER}/module/plugin.wasm"))?,
    }))
}

fn deployment(deployed: &Deployed<'_>) -> Value {
    let mut containers = vec![envoy(deployed)];
    let mut volumes = vec![
        json!({ "name": "configuration", "configMap": { "name": NAME } }),
        json!({ "name": "module", "image": { "reference": deployed.image, "pullPolicy": "IfNotPresent" } }),
        json!({ "name": "tls", "secret": { "secretName": "sealgate-tls", "defaultMode": 288 } }),
    ];
    if deployed.uses_bridge() {
        containers.push(bridge());
        volumes.extend([
            json!({ "name": "socket", "emptyDir": { "medium": "Memory", "sizeLimit": "1Mi" } }),
            json!({ "name": "bridge", "configMap": { "name": "hsm-bridge" } }),
            json!({ "name": "bridge-state", "emptyDir": {} }),
        ]);
    }
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(deployed),
        "spec": {
            "replicas": 2,
            "selector": { "matchLabels": labels() },
            "template": {
                "metadata": { "labels": labels() },
                "spec": {
                    "serviceAccountName": NAME,
                    "automountServiceAccountToken": false,
                    "enableServiceLinks": false,
                    "terminationGracePeriodSeconds": 40,
                    "securityContext": {
                        "runAsNonRoot": true,
                        "runAsUser": USER,
                        "runAsGroup": USER,
                        "fsGroup": USER,
                        "seccompProfile": { "type": "RuntimeDefault" },
                    },
                    "containers": containers,
                    "volumes": volumes,
                },
            },
        },
    })
}

fn confined() -> Value {
    json!({
        "allowPrivilegeEscalation": false,
        "readOnlyRootFilesystem": true,
        "capabilities": { "drop": ["ALL"] },
    })
}

fn envoy(deployed: &Deployed<'_>) -> Value {
    let mut mounts = vec![
        json!({ "name": "configuration", "mountPath": format!("{FOLDER}/config"), "readOnly": true }),
        json!({ "name": "module", "mountPath": format!("{FOLDER}/module"), "readOnly": true }),
        json!({ "name": "tls", "mountPath": format!("{FOLDER}/tls"), "readOnly": true }),
    ];
    if deployed.uses_bridge() {
        mounts.push(json!({ "name": "socket", "mountPath": "/run/hsm-bridge" }));
    }
    let variables: Vec<Value> = deployed
        .variables()
        .into_iter()
        .map(|name| {
            let source = json!({ "secretKeyRef": { "name": "sealgate-secrets", "key": name } });
            json!({ "name": name, "valueFrom": source })
        })
        .collect();
    json!({
        "name": "envoy",
        "image": "docker.io/envoyproxy/envoy:distroless-v1.40.0",
        "args": ["-c", format!("{FOLDER}/config/sealgate.yaml"), "--drain-time-s", "30"],
        "env": variables,
        "ports": [{ "name": "https", "containerPort": PORT }],
        "readinessProbe": { "tcpSocket": { "port": PORT }, "periodSeconds": 5 },
        "livenessProbe": { "tcpSocket": { "port": PORT }, "periodSeconds": 10, "failureThreshold": 6 },
        "resources": { "requests": { "cpu": "500m", "memory": "256Mi" }, "limits": { "memory": "2560Mi" } },
        "securityContext": confined(),
        "volumeMounts": mounts,
    })
}

fn bridge() -> Value {
    json!({
        "name": "hsm-bridge",
        "image": "registry.example/hsm-bridge:0.1.0",
        "args": ["serve", "--config", "/etc/hsm-bridge/hsm-bridge.toml"],
        "resources": { "requests": { "cpu": "100m", "memory": "64Mi" }, "limits": { "memory": "256Mi" } },
        "securityContext": confined(),
        "volumeMounts": [
            { "name": "socket", "mountPath": "/run/hsm-bridge" },
            { "name": "bridge", "mountPath": "/etc/hsm-bridge", "readOnly": true },
            { "name": "bridge-state", "mountPath": "/var/lib/hsm-bridge" },
        ],
    })
}

fn service(deployed: &Deployed<'_>) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(deployed),
        "spec": {
            "selector": labels(),
            "ports": [{ "name": "https", "port": 443, "targetPort": "https" }],
        },
    })
}

/// In: the sealed port. Out: name resolution, and the upstream's port.
fn network(deployed: &Deployed<'_>) -> Result<Value> {
    let (_, port) = upstream(deployed.upstream)?;
    Ok(json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(deployed),
        "spec": {
            "podSelector": { "matchLabels": labels() },
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{ "ports": [{ "protocol": "TCP", "port": PORT }] }],
            "egress": [
                {
                    "to": [{ "namespaceSelector": {}, "podSelector": { "matchLabels": { "k8s-app": "kube-dns" } } }],
                    "ports": [{ "protocol": "UDP", "port": 53 }, { "protocol": "TCP", "port": 53 }],
                },
                { "ports": [{ "protocol": "TCP", "port": port }] },
            ],
        },
    }))
}

fn disruption(deployed: &Deployed<'_>) -> Value {
    json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(deployed),
        "spec": { "minAvailable": 1, "selector": { "matchLabels": labels() } },
    })
}
