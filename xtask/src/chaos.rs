//! `cargo xtask chaos`: the failure tests of hsm-bridge in their long form, each figure held to its
//! limit without allowance, of the optimised program as it is shipped. Minutes to an hour; meant for a
//! machine that does nothing else.

use anyhow::Result;

use crate::places::Places;
use crate::tools::Tools;
use crate::{process, say};

/// The test files that print figures.
const SUITES: [&str; 9] = [
    "audit",
    "chaos",
    "faults",
    "flood",
    "hostile",
    "lifecycle",
    "recovery",
    "timing",
    "wycheproof",
];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only tests whose name contains this
    filter: Option<String>,
}

pub(crate) fn run(places: &Places, args: &Args) -> Result<bool> {
    say::step("tools");
    let tools = Tools::all(places)?;
    say::step("failure tests of hsm-bridge");
    let mut cargo = places.cargo();
    cargo.args([
        "test",
        "--locked",
        "--profile",
        "measure",
        "--no-fail-fast",
        "--package",
        "hsm-bridge",
    ]);
    for suite in SUITES {
        cargo.args(["--test", suite]);
    }
    // One after the other: what is measured is the bridge, not its neighbours.
    cargo.args(["--", "--nocapture", "--test-threads=1"]);
    cargo.args(&args.filter);
    cargo.envs(tools.variables()).env("SEALGATE_CHAOS", "1");
    process::figures(&mut cargo)
}
