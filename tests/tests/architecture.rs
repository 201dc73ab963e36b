//! The shape of the repository: who may use whom, and what the module may ask of its host.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use sealgate_tests::module::Interface;
use sealgate_tests::required;
use serde_json::Value;

/// Direct dependencies of every workspace member, development ones left out.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(required::repository())
        .output()
        .expect("cargo metadata");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let name = |value: &Value| value["name"].as_str().expect("a name").to_owned();
    packages
        .iter()
        .map(|package| {
            let all = package["dependencies"].as_array().expect("dependencies");
            let used = all
                .iter()
                .filter(|one| one["kind"] != "dev")
                .map(&name)
                .collect();
            (name(package), used)
        })
        .collect()
}

/// Left is used by right, and nothing else of ours is.
#[test]
fn arrows_between_our_crates_point_one_way() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("sealgate-aead", &[][..]),
        ("sealgate-wire", &[]),
        ("sealgate-scan", &[]),
        ("sealgate-contract", &[]),
        ("sealgate-signature", &[]),
        ("sealgate-jose", &["sealgate-aead"]),
        (
            "sealgate-engine",
            &[
                "sealgate-aead",
                "sealgate-wire",
                "sealgate-jose",
                "sealgate-signature",
                "sealgate-scan",
                "sealgate-contract",
            ],
        ),
        ("sealgate-plugin", &["sealgate-engine", "sealgate-wire"]),
        ("hsm-bridge", &["sealgate-wire"]),
        ("sealgate-monitor", &["sealgate-signature"]),
        ("sealgate-host-shim", &[]),
    ]);
    let dependencies = dependencies();
    let ours: BTreeSet<&str> = dependencies.keys().map(String::as_str).collect();
    for (package, allowed) in allowed {
        let used = &dependencies
            .get(package)
            .unwrap_or_else(|| panic!("no crate {package}"));
        for one in used.iter().filter(|one| ours.contains(one.as_str())) {
            assert!(allowed.contains(&one.as_str()), "{package} uses {one}");
        }
    }
    for (package, used) in &dependencies {
        assert!(
            package == "sealgate-tests" || !used.contains("sealgate-tests"),
            "{package} uses the tests"
        );
    }
}

/// Each gate to the outside has one user.
#[test]
fn outside_crates_are_used_only_where_they_belong() {
    let wrappers: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("proxy-wasm", &["sealgate-plugin"][..]),
        ("wasm-bindgen", &["sealgate-edge"]),
        ("wasmtime", &["sealgate-host-shim", "sealgate-tests"]),
        ("cryptoki", &["hsm-bridge"]),
        ("josekit", &["sealgate-tests"]),
        ("openssl", &["sealgate-tests"]),
    ]);
    for (package, used) in dependencies() {
        for (outside, allowed) in &wrappers {
            assert!(
                !used.contains(*outside) || allowed.contains(&package.as_str()),
                "{package} uses {outside}"
            );
        }
    }
}

/// The engine is sans-I/O: no clock, socket, file, environment or random source.
#[test]
fn the_core_crates_use_no_runtime() {
    let banned = [
        "tokio",
        "hyper",
        "getrandom",
        "rand",
        "mio",
        "rustls",
        "anyhow",
        "clap",
        "reqwest",
    ];
    for package in [
        "sealgate-aead",
        "sealgate-wire",
        "sealgate-jose",
        "sealgate-signature",
        "sealgate-scan",
        "sealgate-contract",
        "sealgate-engine",
    ] {
        for name in banned {
            assert!(
                !dependencies()[package].contains(name),
                "{package} uses {name}"
            );
        }
    }
}

/// Every host function that the module imports is on the committed list, and nothing else.
#[test]
fn the_module_imports_what_the_committed_list_says() {
    let list = required::repository().join("tests/module-imports.txt");
    let listed: BTreeSet<String> = std::fs::read_to_string(&list)
        .expect("tests/module-imports.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect();
    let imports = Interface::of(&required::plugin()).imports;
    assert_eq!(
        imports,
        listed,
        "the module's imports changed; when that is meant, change {} and envoy/sealgate.ecds.yaml",
        list.display()
    );
}

/// The shipped capability list names every callback of the module (one that is missing would not be
/// called, and requests would pass unjudged) and grants no more of the host than the module imports.
#[test]
fn the_shipped_capability_list_has_every_callback_and_no_spare_host_call() {
    let setup = sealgate_tests::envoy::Setup::shipped("sealgate.yaml").restricted();
    let plugin = &setup.extension()["resources"][0]["typed_config"]["config"];
    let allowed = &plugin["capability_restriction_config"]["allowed_capabilities"];
    let allowed = allowed.as_object().expect("a capability list");
    let module = Interface::of(&required::plugin());
    for callback in &module.exports {
        assert!(allowed.contains_key(callback), "{callback} is not listed");
    }
    let imports = module.capabilities();
    for name in allowed.keys() {
        assert!(imports.contains(name), "{name} is granted and not used");
        for never in ["grpc", "queue", "foreign_function", "close_stream"] {
            let callback = name.starts_with("proxy_on_");
            assert!(callback || !name.contains(never), "{name} is granted");
        }
    }
}

/// Blocks, functions and implementations alike: nothing of ours needs one. The declarations of host
/// calls in two test guests are `unsafe extern` with `safe` items, and have no block.
#[test]
fn there_is_no_unsafe_block_outside_aead_and_the_pkcs11_edge() {
    let output = Command::new("git")
        .args(["grep", "-nE", r"\bunsafe\s*(\{|fn\b|impl\b)", "--", "*.rs"])
        .args([":!crates/aead", ":!hsm-bridge/src/token", ":!tests/tokens"])
        .current_dir(required::repository())
        .output()
        .expect("git grep");
    let found = String::from_utf8_lossy(&output.stdout);
    // git grep ends with 1 when it found nothing.
    assert_eq!(output.status.code(), Some(1), "{found}");
}
