//! The Envoy parts of every target, in real Envoy.

use sealgate_tests::draft::Draft;
use sealgate_tests::envoy::Setup;
use sealgate_tests::keys::{BRIDGE_TOKEN, Keys, hex};
use sealgate_tests::required;
use sealgate_tests::site::Site;
use serde_json::{Value, json};

use super::{export, export_text, policy};

/// Starts Envoy with this bootstrap and plugin file, and sends one good request through it.
fn serves(bootstrap: &str, extension: Value, keys: &Keys) {
    let site = Site::new();
    let bootstrap = bootstrap.replace("port_value: 18080", "port_value: 8080");
    let envoy = Setup::of(&bootstrap, extension)
        .module(&required::plugin())
        .site(&site.certificates, site.upstream.address())
        .bridge(site.socket())
        .variable("SEALGATE_BRIDGE_TOKEN", BRIDGE_TOKEN)
        .variable("PARTNER_A_MAC", &hex(&keys.mac))
        .start();
    let draft = Draft::shared(keys);
    let received = site.passes(&envoy, &draft.make());
    assert_eq!(received.body, draft.plaintext);
}

/// The shipped plugin file with another `PluginConfig` inside.
fn extension(filter: &Value) -> Value {
    let mut extension = Setup::shipped("sealgate.yaml").extension().clone();
    extension["resources"][0]["typed_config"] = filter.clone();
    extension
}

fn shipped_bootstrap() -> String {
    let path = required::repository().join("envoy/sealgate.yaml");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn envoy_serves_with_the_bootstrap_and_plugin_file_of_a_policy() {
    let keys = Keys::without_bridge();
    let (text, said) = export_text("envoy", &policy(&keys));
    let (bootstrap, plugin) = text.split_once("\n---\n").unwrap();
    assert!(
        said.contains("PARTNER_A_MAC, SEALGATE_BRIDGE_TOKEN"),
        "{said}"
    );
    // The largest body of the policy, and slack.
    assert!(bootstrap.contains("per_connection_buffer_limit_bytes: 2162688"));
    for header in ["x-sub", "x-scope"] {
        assert!(
            bootstrap.contains(&format!("- remove: {header}\n")),
            "{header} is not stripped"
        );
    }
    serves(bootstrap, serde_saphyr::from_str(plugin).unwrap(), &keys);
}

#[test]
fn envoy_serves_with_the_filter_of_the_istio_resource() {
    let keys = Keys::without_bridge();
    let (resources, said) = export("istio", &policy(&keys));
    let patches = resources[0]["spec"]["configPatches"].as_array().unwrap();
    let patched = |kind: &str| {
        let found = patches.iter().find(|patch| patch["applyTo"] == kind);
        found.unwrap_or_else(|| panic!("no {kind}"))["patch"]["value"].clone()
    };
    let filter = patched("EXTENSION_CONFIG")["typed_config"].clone();
    assert_eq!(
        filter["config"]["allow_on_headers_stop_iteration"],
        json!(true)
    );
    assert_eq!(
        patched("LISTENER")["per_connection_buffer_limit_bytes"],
        json!(2_162_688)
    );
    assert_eq!(patched("CLUSTER")["name"], "hsm-bridge");
    assert!(said.contains("workloadSelector"), "{said}");
    serves(&shipped_bootstrap(), extension(&filter), &keys);
}

#[test]
fn envoy_serves_with_the_filter_of_the_envoy_gateway_resource() {
    let keys = Keys::without_bridge();
    let (resources, said) = export("envoy-gateway", &policy(&keys));
    let patches = resources[0]["spec"]["jsonPatches"].as_array().unwrap();
    let named = |name: &str| {
        patches
            .iter()
            .find(|patch| patch["operation"]["value"]["name"] == name)
    };
    let filter = &named("sealgate").unwrap()["operation"]["value"]["typed_config"];
    assert_eq!(
        filter["config"]["allow_on_headers_stop_iteration"],
        json!(true)
    );
    assert!(named("tls-facts").is_some() && named("hsm-bridge").is_some());
    assert!(said.contains("not tried in a cluster"), "{said}");
    serves(&shipped_bootstrap(), extension(filter), &keys);
}

#[test]
fn a_policy_whose_secrets_are_files_of_this_machine_is_not_exported() {
    let keys = Keys::without_bridge();
    let mut policy = policy(&keys);
    policy["keys"][0]["material"] = json!({ "file": "keys/partner-a.hex" });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.json");
    std::fs::write(&file, policy.to_string()).unwrap();
    for target in ["envoy", "istio", "envoy-gateway", "k8s"] {
        let output = std::process::Command::new(required::sealgate())
            .args(["export", target, "--policy"])
            .arg(&file)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && said.contains("keys/partner-a.hex"),
            "{target}: {said}"
        );
    }
}
