//! The systemd unit of the gate.

use std::process::Command;

use sealgate_tests::required;

#[test]
fn the_unit_is_exposed_less_than_one_and_a_half() {
    let unit = required::repository().join("envoy/systemd/sealgate-envoy.service");
    let output = Command::new("systemd-analyze")
        .args(["security", "--no-pager", "--offline=true"])
        .arg(unit)
        .output()
        .expect("systemd-analyze: `cargo xtask test` installs it");
    let text = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("Unknown"), "{said}");
    let figure = text
        .lines()
        .find_map(|line| {
            line.split_once("sealgate-envoy.service: ")?
                .1
                .split(' ')
                .next()
        })
        .unwrap_or_else(|| panic!("no exposure level in {text} {said}"));
    assert!(figure.parse::<f64>().unwrap() <= 1.5, "{text}");
}
