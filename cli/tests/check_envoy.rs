//! `sealgate check --envoy`: the shipped bootstraps are clean, and each bad setting is found.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../envoy")
}

fn read(name: &str) -> Value {
    let text = std::fs::read_to_string(shipped().join(name)).expect("a shipped file");
    serde_saphyr::from_str(&text).expect("YAML")
}

/// The codes that the verb finds in these documents, and its exit code.
fn lint(bootstrap: &Value, extension: &Value) -> (Vec<String>, i32) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bootstrap.yaml");
    std::fs::write(&path, bootstrap.to_string()).expect("written");
    std::fs::write(
        folder.path().join("sealgate.ecds.yaml"),
        extension.to_string(),
    )
    .expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_sealgate"))
        .args(["check", "--format", "json", "--envoy"])
        .arg(&path)
        .output()
        .expect("ran");
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let codes = report["host"].as_array().expect("findings").iter();
    let codes = codes.map(|finding| finding["code"].as_str().expect("a code").to_owned());
    (codes.collect(), output.status.code().expect("an exit"))
}

const LISTENER: &str = "/static_resources/listeners/0";
const TLS: &str = "/static_resources/listeners/0/filter_chains/0/transport_socket/typed_config";
const MANAGER: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
const PLUGIN: &str = "/resources/0/typed_config/config";

#[test]
fn the_shipped_bootstraps_have_no_finding() {
    for name in ["sealgate.yaml", "route-metadata.yaml"] {
        let output = Command::new(env!("CARGO_BIN_EXE_sealgate"))
            .args(["check", "--strict", "--envoy"])
            .arg(shipped().join(name))
            .output()
            .expect("ran");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{name}:\n{said}");
    }
}

/// One edit of the bootstrap or of the plugin's file, the finding it must lead to, and the exit code.
type Case = (&'static str, i32, fn(&mut Value, &mut Value));

const CASES: &[Case] = &[
    ("tls-below-1.3", 2, |bootstrap, _| {
        at(bootstrap, TLS)["common_tls_context"]["tls_params"]["tls_minimum_protocol_version"] =
            json!("TLSv1_2");
    }),
    ("no-client-ca", 2, |bootstrap, _| {
        remove(
            at(bootstrap, TLS),
            "common_tls_context",
            "validation_context_sds_secret_config",
        );
    }),
    ("no-client-certificate", 0, |bootstrap, _| {
        at(bootstrap, TLS)["require_client_certificate"] = json!(false);
    }),
    ("no-post-quantum-group", 0, |bootstrap, _| {
        at(bootstrap, TLS)["common_tls_context"]["tls_params"]["ecdh_curves"] = json!(["X25519"]);
    }),
    ("no-tls", 2, |bootstrap, _| {
        let chain = at(bootstrap, LISTENER)
            .pointer_mut("/filter_chains/0")
            .unwrap();
        chain
            .as_object_mut()
            .unwrap()
            .remove("transport_socket")
            .unwrap();
    }),
    ("headers-not-held", 2, |_, plugin| {
        at(plugin, PLUGIN)["allow_on_headers_stop_iteration"] = json!(false);
    }),
    ("fail-open", 2, |_, plugin| {
        at(plugin, PLUGIN)["failure_policy"] = json!("FAIL_OPEN");
    }),
    ("fails-for-ever", 0, |_, plugin| {
        at(plugin, PLUGIN)
            .as_object_mut()
            .unwrap()
            .remove("failure_policy")
            .unwrap();
    }),
    ("no-vm-id", 0, |_, plugin| {
        at(plugin, PLUGIN)["vm_config"]["vm_id"] = json!("");
    }),
    ("remote-code", 0, |_, plugin| {
        at(plugin, PLUGIN)["vm_config"]["code"] = json!({ "remote": { "sha256": "00" } });
    }),
    ("capability-missing", 2, |_, plugin| {
        at(plugin, PLUGIN)["capability_restriction_config"] =
            json!({ "allowed_capabilities": { "proxy_log": {} } });
    }),
    ("buffer-too-small", 2, |bootstrap, _| {
        at(bootstrap, LISTENER)["per_connection_buffer_limit_bytes"] = json!(32768);
    }),
    ("buffer-too-small", 2, |_, plugin| {
        at(plugin, PLUGIN)["configuration"]["value"]["policies"]["payments"]["limits"]["max_body_bytes"] =
            json!(8_388_608);
    }),
    ("window-too-small", 2, |bootstrap, _| {
        at(bootstrap, MANAGER)["http2_protocol_options"]["initial_stream_window_size"] =
            json!(65536);
    }),
    ("path-rewritten", 2, |bootstrap, _| {
        at(bootstrap, MANAGER)["path_with_escaped_slashes_action"] = json!("UNESCAPE_AND_FORWARD");
    }),
    ("escaped-slashes", 0, |bootstrap, _| {
        let manager = at(bootstrap, MANAGER).as_object_mut().unwrap();
        manager.remove("path_with_escaped_slashes_action").unwrap();
    }),
    ("path-not-normalized", 0, |bootstrap, _| {
        at(bootstrap, MANAGER)["normalize_path"] = json!(false);
    }),
    ("streams-unbounded", 0, |bootstrap, _| {
        let manager = at(bootstrap, MANAGER).as_object_mut().unwrap();
        manager.remove("stream_idle_timeout").unwrap();
        manager["common_http_protocol_options"]
            .as_object_mut()
            .unwrap()
            .remove("max_stream_duration");
    }),
    ("stats-tags", 0, |bootstrap, _| {
        bootstrap["stats_config"]["stats_tags"]
            .as_array_mut()
            .unwrap()
            .pop();
    }),
    ("tls-facts", 0, |bootstrap, _| {
        let filters = at(bootstrap, MANAGER)["http_filters"]
            .as_array_mut()
            .unwrap();
        filters.retain(|filter| filter["name"] != "tls-facts");
    }),
    ("no-plugin", 2, |bootstrap, _| {
        let filters = at(bootstrap, MANAGER)["http_filters"]
            .as_array_mut()
            .unwrap();
        filters.retain(|filter| filter["name"] != "sealgate");
    }),
    ("unguarded", 2, |bootstrap, _| {
        at(bootstrap, MANAGER)["http_filters"]
            .as_array_mut()
            .unwrap()
            .reverse();
    }),
    ("optional", 2, |bootstrap, _| {
        let filters = at(bootstrap, MANAGER)["http_filters"]
            .as_array_mut()
            .unwrap();
        let plugin = filters
            .iter_mut()
            .find(|filter| filter["name"] == "sealgate")
            .unwrap();
        plugin["disabled"] = json!(true);
    }),
    ("admin-open", 2, |bootstrap, _| {
        bootstrap["admin"]["address"]["socket_address"]["address"] = json!("0.0.0.0");
    }),
];

fn at<'a>(document: &'a mut Value, pointer: &str) -> &'a mut Value {
    document
        .pointer_mut(pointer)
        .unwrap_or_else(|| panic!("nothing at {pointer}"))
}

fn remove(value: &mut Value, inside: &str, member: &str) {
    value[inside]
        .as_object_mut()
        .unwrap()
        .remove(member)
        .unwrap();
}

#[test]
fn each_bad_setting_is_found_by_its_code() {
    for (code, exit, edit) in CASES {
        let (mut bootstrap, mut plugin) = (read("sealgate.yaml"), read("sealgate.ecds.yaml"));
        edit(&mut bootstrap, &mut plugin);
        let (codes, ended) = lint(&bootstrap, &plugin);
        assert!(
            codes.iter().any(|found| found == code),
            "{code} is not in {codes:?}"
        );
        assert_eq!(ended, *exit, "{code}: {codes:?}");
    }
}
