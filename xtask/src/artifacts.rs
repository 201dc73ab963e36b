//! What this repository builds for its own demo, tests and benchmarks.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::places::Places;
use crate::{process, say};

/// How the native programs are built. The module always gets the `wasm` profile it ships with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Dev,
    Measure,
}

/// Paths of the built things.
#[derive(Clone)]
pub(crate) struct Artifacts {
    pub(crate) plugin: PathBuf,
    pub(crate) sealgate: PathBuf,
    pub(crate) bridge: PathBuf,
    pub(crate) guests: PathBuf,
}

impl Artifacts {
    /// The module and the two programs.
    pub(crate) fn build(places: &Places, profile: Profile) -> Result<Self> {
        plugin(places)?;
        programs(places, profile)?;
        let built = Self::at(places, profile);
        for file in [&built.plugin, &built.sealgate, &built.bridge] {
            if !file.is_file() {
                bail!("the build ended well and yet made no {}", file.display());
            }
        }
        Ok(built)
    }

    /// The environment variables by which tests find these.
    pub(crate) fn variables(&self) -> Vec<(&'static str, PathBuf)> {
        vec![
            ("SEALGATE_PLUGIN_WASM", self.plugin.clone()),
            ("SEALGATE_BIN", self.sealgate.clone()),
            ("HSM_BRIDGE_BIN", self.bridge.clone()),
            ("SEALGATE_GUESTS_DIR", self.guests.clone()),
        ]
    }

    fn at(places: &Places, profile: Profile) -> Self {
        let folder = places.target.join(match profile {
            Profile::Dev => "debug",
            Profile::Measure => "measure",
        });
        Self {
            plugin: places
                .target
                .join("wasm32-wasip1/wasm/sealgate_plugin.wasm"),
            sealgate: folder.join("sealgate"),
            bridge: folder.join("hsm-bridge"),
            guests: guests_target(places).join("wasm32-wasip1/release"),
        }
    }
}

/// The misbehaving guests of the tests: a workspace of their own, because they must compile
/// against the SDK directly.
pub(crate) fn guests(places: &Places) -> Result<()> {
    say::step("build the test guests (wasm32-wasip1)");
    process::loud(guests_cargo(places, "build").args([
        "--workspace",
        // Large, and for measurements only.
        "--exclude",
        "jose-bench",
        "--release",
        "--target",
        "wasm32-wasip1",
    ]))
}

/// A cargo call inside tests/guests.
pub(crate) fn guests_cargo(places: &Places, verb: &str) -> Command {
    let mut cargo = places.cargo();
    cargo
        .arg(verb)
        .current_dir(places.root.join("tests/guests"))
        .env("CARGO_TARGET_DIR", guests_target(places));
    cargo
}

fn guests_target(places: &Places) -> PathBuf {
    places.target.join("guests")
}

fn plugin(places: &Places) -> Result<()> {
    say::step("build the module (wasm32-wasip1, profile wasm)");
    process::loud(places.cargo().args([
        "build",
        "--locked",
        "--package",
        "sealgate-plugin",
        "--target",
        "wasm32-wasip1",
        "--profile",
        "wasm",
    ]))
}

fn programs(places: &Places, profile: Profile) -> Result<()> {
    say::step("build the programs sealgate and hsm-bridge");
    let mut cargo = places.cargo();
    cargo.args([
        "build",
        "--locked",
        "--package",
        "sealgate",
        "--package",
        "hsm-bridge",
        "--bins",
    ]);
    if profile == Profile::Measure {
        cargo.args(["--profile", "measure"]);
    }
    process::loud(&mut cargo)
}
