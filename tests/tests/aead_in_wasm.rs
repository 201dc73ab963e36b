//! The tests of `crates/aead` (Wycheproof, agreement with RustCrypto, tampering, the parts of the
//! SIMD backend) run where that backend exists: built for wasm32-wasip1 with simd128, inside V8.

use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn simd128_backend_in_v8() {
    let node = std::env::var_os("SEALGATE_NODE")
        .map(PathBuf::from)
        .expect("run `cargo xtask test`, which installs node and sets SEALGATE_NODE");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let script = root.join("crates/aead/tests/run-wasi.mjs");
    let runner = format!("{} --no-warnings {}", node.display(), script.display());
    let output = Command::new(env!("CARGO"))
        .current_dir(root)
        .args([
            "test",
            "--package",
            "sealgate-aead",
            "--target",
            "wasm32-wasip1",
            "--tests",
        ])
        .env("RUSTFLAGS", "-C target-feature=+simd128")
        .env("CARGO_TARGET_WASM32_WASIP1_RUNNER", runner)
        .env(
            "CARGO_TARGET_DIR",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("aead-wasm"),
        )
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{log}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for test in [
        "aes_256_gcm",
        "fips_197_c3",
        "every_pair_of_bits",
        "every_length",
    ] {
        assert!(
            log.contains(test),
            "the SIMD backend's test {test} did not run:\n{log}"
        );
    }
}
