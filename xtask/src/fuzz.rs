//! `cargo xtask fuzz`: every parser of untrusted bytes under mutated input, for long.

use anyhow::Result;

use crate::places::Places;
use crate::{process, say};

/// Packages with a test file `mutations`, one test per target.
const PACKAGES: [&str; 1] = ["sealgate-jose"];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How long each target runs
    #[arg(long, default_value_t = 600)]
    seconds: u64,

    /// Only targets whose name contains this
    filter: Option<String>,
}

pub(crate) fn run(places: &Places, args: &Args) -> Result<bool> {
    let mut good = true;
    for package in PACKAGES {
        say::step(&format!("mutated input for {package}"));
        let mut cargo = places.cargo();
        cargo.args(["test", "--locked", "--no-fail-fast", "--package", package]);
        cargo.args(["--test", "mutations", "--", "--nocapture"]);
        cargo.args(&args.filter);
        cargo.env("SEALGATE_FUZZ_SECONDS", args.seconds.to_string());
        good &= process::watched(&mut cargo, |_| {})?;
    }
    Ok(good)
}
