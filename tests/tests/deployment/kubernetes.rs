//! Kubernetes, Istio and Envoy Gateway: their own schemas, as npm packages carry them, and the restricted Pod Security
//! Standard.

use sealgate_tests::envoy::Setup;
use sealgate_tests::keys::{BRIDGE_TOKEN, Keys, hex};
use sealgate_tests::makers::program;
use sealgate_tests::required;
use sealgate_tests::site::Site;
use serde_json::{Value, json};

use super::{export, policy};

/// What the schemas say against these resources, one line each.
fn faults(resources: &[Value]) -> Vec<String> {
    let said = program::answer(program::node(".", "manifests.mjs"), &json!(resources));
    serde_json::from_value(said).unwrap()
}

#[test]
fn the_kubernetes_resources_fit_their_schemas() {
    let (resources, said) = export("k8s", &policy(&Keys::without_bridge()));
    assert_eq!(faults(&resources), Vec::<String>::new());
    let kinds: Vec<&str> = resources
        .iter()
        .filter_map(|one| one["kind"].as_str())
        .collect();
    for kind in [
        "Namespace",
        "Deployment",
        "Service",
        "NetworkPolicy",
        "PodDisruptionBudget",
    ] {
        assert!(kinds.contains(&kind), "no {kind} in {kinds:?}");
    }
    assert!(
        said.contains("PARTNER_A_MAC, SEALGATE_BRIDGE_TOKEN"),
        "{said}"
    );
    // The schemas must be able to say no.
    let mut broken = resources;
    let deployment = broken
        .iter_mut()
        .find(|one| one["kind"] == "Deployment")
        .unwrap();
    deployment["spec"]["replicas"] = json!("two");
    assert_eq!(faults(&broken).len(), 1);
}

#[test]
fn the_istio_resource_fits_its_schema() {
    let (mut resources, _) = export("istio", &policy(&Keys::without_bridge()));
    assert_eq!(faults(&resources), Vec::<String>::new());
    resources[0]["spec"]["configPatches"][0]["applyTo"] = json!("NOWHERE");
    assert_eq!(faults(&resources).len(), 1);
}

#[test]
fn the_envoy_gateway_resource_fits_its_schema() {
    let (mut resources, _) = export("envoy-gateway", &policy(&Keys::without_bridge()));
    assert_eq!(faults(&resources), Vec::<String>::new());
    resources[0]["spec"]["jsonPatches"][0]["operation"]["op"] = json!("nothing");
    assert_eq!(faults(&resources).len(), 1);
}

/// https://kubernetes.io/docs/concepts/security/pod-security-standards, the column `restricted`.
#[test]
fn the_pod_is_restricted() {
    let (resources, _) = export("k8s", &policy(&Keys::without_bridge()));
    let deployment = resources
        .iter()
        .find(|one| one["kind"] == "Deployment")
        .unwrap();
    let pod = &deployment["spec"]["template"]["spec"];
    assert_eq!(pod["securityContext"]["runAsNonRoot"], json!(true));
    assert_ne!(pod["securityContext"]["runAsUser"], json!(0));
    assert_eq!(
        pod["securityContext"]["seccompProfile"]["type"],
        "RuntimeDefault"
    );
    for member in ["hostNetwork", "hostPID", "hostIPC"] {
        assert!(pod[member].is_null(), "{member}");
    }
    let allowed = [
        "configMap",
        "emptyDir",
        "secret",
        "image",
        "projected",
        "downwardAPI",
    ];
    for volume in pod["volumes"].as_array().unwrap() {
        let kind = volume
            .as_object()
            .unwrap()
            .keys()
            .find(|name| *name != "name")
            .unwrap();
        assert!(allowed.contains(&kind.as_str()), "{volume}");
    }
    let containers = pod["containers"].as_array().unwrap();
    assert_eq!(containers.len(), 2);
    for container in containers {
        let context = &container["securityContext"];
        assert_eq!(context["allowPrivilegeEscalation"], json!(false));
        assert_eq!(context["capabilities"]["drop"], json!(["ALL"]));
        assert_eq!(context["readOnlyRootFilesystem"], json!(true));
        assert!(
            container["ports"]
                .as_array()
                .into_iter()
                .flatten()
                .all(|port| port["hostPort"].is_null())
        );
        let mounts = container["volumeMounts"].as_array().unwrap();
        assert!(
            mounts
                .iter()
                .any(|mount| mount["mountPath"] == "/run/hsm-bridge"),
            "the socket is shared"
        );
    }
}

/// What the ConfigMap holds is what Envoy in the pod would read.
#[test]
fn envoy_takes_the_bootstrap_of_the_config_map() {
    let keys = Keys::without_bridge();
    let (resources, _) = export("k8s", &policy(&keys));
    let data = &resources
        .iter()
        .find(|one| one["kind"] == "ConfigMap")
        .unwrap()["data"];
    let bootstrap = data["sealgate.yaml"].as_str().unwrap();
    let extension: Value =
        serde_saphyr::from_str(data["sealgate.ecds.yaml"].as_str().unwrap()).unwrap();
    let code = &extension["resources"][0]["typed_config"]["config"]["vm_config"]["code"];
    assert_eq!(
        code["local"]["filename"],
        "/etc/sealgate/module/plugin.wasm"
    );
    let site = Site::new();
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().to_str().unwrap();
    let setup = Setup::of(
        &bootstrap.replace("port_value: 18080", "port_value: 8080"),
        extension,
    )
    .replace("/etc/sealgate/config", here)
    .module(&required::plugin())
    .site(&site.certificates, site.upstream.address())
    .variable("SEALGATE_BRIDGE_TOKEN", BRIDGE_TOKEN)
    .variable("PARTNER_A_MAC", &hex(&keys.mac));
    let file = folder.path().join("sealgate.ecds.yaml");
    std::fs::write(file, setup.extension().to_string()).unwrap();
    if let Err(log) = setup.validate() {
        panic!("{log}");
    }
}
