//! Format, clippy on three targets, dependency rules.

use std::process::Command;

use anyhow::{Result, bail};

use super::report::{Outcome, Report};
use super::suites::BENCH;
use crate::artifacts;
use crate::places::Places;
use crate::{process, say};

/// Crates that must also build without an operating system under them.
const PORTABLE: [&str; 7] = [
    "sealgate-aead",
    "sealgate-contract",
    "sealgate-engine",
    "sealgate-jose",
    "sealgate-scan",
    "sealgate-signature",
    "sealgate-wire",
];
const PLUGIN: &str = "sealgate-plugin";

/// Everything below.
pub(crate) fn all(places: &Places, report: &mut Report) {
    native(places, report);
    clippy(
        report,
        "clippy (wasm32-wasip1)",
        wasm(places, "wasm32-wasip1", true),
    );
    clippy(
        report,
        "clippy (wasm32-unknown-unknown)",
        wasm(places, "wasm32-unknown-unknown", false),
    );
    clippy(report, "clippy (test guests)", {
        let mut cargo = artifacts::guests_cargo(places, "clippy");
        cargo.args(["--workspace", "--target", "wasm32-wasip1"]);
        cargo
    });
    report.step("dependency rules (cargo deny)", || deny(places));
}

/// Format and native clippy.
pub(crate) fn native(places: &Places, report: &mut Report) {
    report.step("format", || format(places));
    let mut cargo = places.cargo();
    cargo.args(["clippy", "--workspace", "--all-targets", "--locked"]);
    cargo.args(["--features", BENCH]);
    clippy(report, "clippy (native)", cargo);
}

fn format(places: &Places) -> Result<Outcome> {
    say::step("format");
    process::loud(places.cargo().args(["fmt", "--all", "--check"]))?;
    process::loud(artifacts::guests_cargo(places, "fmt").args(["--all", "--check"]))?;
    Ok(Outcome::Passed)
}

fn clippy(report: &mut Report, name: &str, mut cargo: Command) {
    report.step(name, || {
        say::step(name);
        cargo.args(["--quiet", "--", "-D", "warnings"]);
        process::loud(&mut cargo)?;
        Ok(Outcome::Passed)
    });
}

fn wasm(places: &Places, target: &str, with_plugin: bool) -> Command {
    let mut cargo = places.cargo();
    cargo.args(["clippy", "--locked", "--target", target]);
    for package in PORTABLE.iter().chain(with_plugin.then_some(&PLUGIN)) {
        cargo.args(["--package", package]);
    }
    cargo
}

fn deny(places: &Places) -> Result<Outcome> {
    if process::program("cargo-deny").is_none() {
        return Ok(Outcome::NotHere("cargo-deny is not installed".to_owned()));
    }
    say::step("dependency rules (cargo deny)");
    // Advisories need their database from the network: a machine without it checks the rest.
    process::loud(places.cargo().args([
        "deny",
        "check",
        "--hide-inclusion-graph",
        "bans",
        "licenses",
        "sources",
    ]))?;
    let advisories = places
        .cargo()
        .args(["deny", "check", "advisories"])
        .output()?;
    let text = String::from_utf8_lossy(&advisories.stderr).into_owned();
    if advisories.status.success() {
        Ok(Outcome::Passed)
    } else if text.contains("failed to fetch advisory database") {
        Ok(Outcome::NotHere(
            "advisories (their database cannot be fetched); the rest passed".into(),
        ))
    } else {
        bail!("{text}")
    }
}
