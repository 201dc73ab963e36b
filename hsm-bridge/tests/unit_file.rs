//! The systemd unit we ship: as tight as it says.

use std::process::Command;

#[test]
fn the_unit_is_exposed_less_than_one_and_a_half() {
    let unit = concat!(env!("CARGO_MANIFEST_DIR"), "/hsm-bridge.service");
    let output = Command::new("systemd-analyze")
        .args(["security", "--no-pager", "--offline=true", unit])
        .output()
        .expect("systemd-analyze: `cargo xtask test` installs it");
    let text = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("Unknown"), "{said}");
    let figure = text
        .lines()
        .find_map(|line| line.split_once("hsm-bridge.service: ")?.1.split(' ').next())
        .unwrap_or_else(|| panic!("no exposure level in {text} {said}"));
    println!("figure: systemd-analyze security: {figure}");
    assert!(figure.parse::<f64>().unwrap() <= 1.5, "{text}");
}
