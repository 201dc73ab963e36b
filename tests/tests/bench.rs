//! The benchmark program runs and writes well-formed figures. What the figures are is no test's
//! business: they are of a machine.

use std::process::Command;

use sealgate_tests::required;
use serde_json::Value;

#[test]
fn a_quick_run_of_the_engines_writes_well_formed_json() {
    // Fails early, with the command that helps.
    required::guest("crypto_bench");
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("figures.json");
    let output = Command::new(env!("CARGO_BIN_EXE_sealgate-bench"))
        .args(["crypto", "scan", "timing", "--quick", "--json"])
        .arg(&file)
        .output()
        .expect("sealgate-bench");
    let shown = String::from_utf8_lossy(&output.stdout);
    let fault = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{shown}\n{fault}");
    let text = std::fs::read_to_string(&file).expect("figures");
    let figures: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(figures["format"], 1);
    assert_eq!(figures["plan"]["quick"], true);
    assert!(
        figures.get("bridge").is_none(),
        "a section that was not asked for"
    );
    let mut seen = Vec::new();
    for section in ["crypto", "scan"] {
        assert_eq!(
            figures[section]["engines"].as_array().map(Vec::len),
            Some(3)
        );
        for row in figures[section]["rows"].as_array().expect("rows") {
            for engine in ["native", "wasmtime", "v8"] {
                let rate = row[format!("{engine}_mb_per_second")]["median"].as_f64();
                assert!(rate.is_some_and(|rate| rate > 0.0), "{engine}: {row}");
            }
            for ratio in ["wasmtime_to_native", "v8_to_native"] {
                assert!(
                    row[ratio].as_f64().is_some_and(|ratio| ratio > 0.0),
                    "{row}"
                );
            }
            seen.push((
                row["operation"].as_str().expect("a name"),
                row["bytes"].as_u64(),
            ));
        }
    }
    // Every message was refused in both places, or there would be no figures.
    let timing = figures["timing"]["rows"].as_array().expect("rows");
    assert_eq!(timing.len(), 4 * 2 * 3, "places, engines and kinds");
    assert!(
        timing
            .iter()
            .all(|row| row["t"].is_number() && row["control_t"].is_number())
    );
    let expected: Vec<_> = ["aes-256-gcm-open", "hmac-sha256-verify", "scan-json"]
        .into_iter()
        .flat_map(|name| [1 << 10, 64 << 10, 1 << 20].map(|bytes| (name, Some(bytes))))
        .collect();
    assert_eq!(seen, expected);
}
