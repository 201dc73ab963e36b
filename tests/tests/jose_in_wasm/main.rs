//! The vectors of `crates/jose` (Wycheproof's, the RFCs', the cookbook's) run where the module runs them:
//! built for wasm32-wasip1 with simd128, inside wasmtime. What is run are the crate's own tests.

mod wasi;

use std::path::{Path, PathBuf};
use std::process::Command;

use sealgate_tests::required;

/// Test binaries that hold vectors, and tests that must be among those that ran.
const BINARIES: [(&str, &[&str]); 3] = [
    (
        "sealgate_jose",
        &[
            "wycheproof_aes_gcm",
            "wycheproof_aes_cbc_hmac",
            "wycheproof_aes_wrap",
            "wycheproof_hmac",
            "wycheproof_ecdh",
            "wycheproof_x25519",
            "wycheproof_ml_kem",
            "wycheproof_ml_dsa",
            "wycheproof_ed25519",
            "wycheproof_rsa_pss",
        ],
    ),
    ("rfc", &["rfc_7515_a1_hs256"]),
    (
        "published",
        &["signatures", "messages", "keys_and_thumbprints"],
    ),
];

#[test]
fn vectors_of_jose_in_wasmtime() {
    let modules = build();
    let vectors = Command::new("python3")
        .args(["-B", "crates/jose/tests/peers/vectors.py"])
        .current_dir(required::repository())
        .env("SEALGATE_PYTHON_PACKAGES", required::python_packages())
        .output()
        .expect("python3");
    assert!(
        vectors.status.success(),
        "{}",
        String::from_utf8_lossy(&vectors.stderr)
    );
    let vectors = String::from_utf8(vectors.stdout).expect("text");
    // Two at a time: the machine has other tests to run.
    std::thread::scope(|scope| {
        for (name, tests) in BINARIES {
            let module = &modules[..];
            let vectors = &vectors;
            scope.spawn(move || {
                let module = module.iter().find(|path| is_of(path, name));
                let module = module.unwrap_or_else(|| panic!("{name} was not built"));
                let environment = [("SEALGATE_JOSE_VECTORS", vectors.as_str())];
                let (code, output) = wasi::run(module, &environment);
                assert_eq!(code, Some(0), "{name}:\n{output}");
                for test in tests {
                    let ran = output
                        .lines()
                        .any(|line| line.contains(test) && line.ends_with("ok"));
                    assert!(ran, "{test} did not run:\n{output}");
                }
                println!(
                    "{name}: {}",
                    output.trim_end().lines().last().unwrap_or_default()
                );
            });
        }
    });
}

/// Builds the test binaries and gives their paths.
fn build() -> Vec<PathBuf> {
    let output = Command::new(env!("CARGO"))
        .current_dir(required::repository())
        .args([
            "test",
            "--package",
            "sealgate-jose",
            "--target",
            "wasm32-wasip1",
            "--lib",
        ])
        .args(["--test", "rfc", "--test", "published", "--no-run"])
        .args(["--message-format", "json-render-diagnostics"])
        .env("RUSTFLAGS", "-C target-feature=+simd128")
        .env(
            "CARGO_TARGET_DIR",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("aead-wasm"),
        )
        .output()
        .expect("cargo");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .collect()
}

/// Whether a path is `name-<hash>.wasm`.
fn is_of(path: &Path, name: &str) -> bool {
    let file = path
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default();
    file.rsplit_once('-').is_some_and(|(stem, _)| stem == name)
}
