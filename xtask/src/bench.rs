//! `cargo xtask bench`: builds everything optimised and hands over to `tests/examples/bench`,
//! which has Envoy, token and load generator at hand.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::artifacts::{self, Artifacts, Profile};
use crate::places::Places;
use crate::tools::Tools;
use crate::{process, say};

#[derive(clap::Args)]
#[command(
    after_help = "The figures of one run are of one machine at one time: compare the ratios, \
                        not the absolutes.\n\nExample:\n  cargo xtask bench --json out.json"
)]
pub(crate) struct Args {
    /// Write the figures here
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// One short round of each case: shows that it runs, proves nothing
    #[arg(long)]
    quick: bool,
}

pub(crate) fn run(places: &Places, args: &Args) -> Result<bool> {
    say::step("tools");
    let tools = Tools::bench(places)?;
    artifacts::guests(places)?;
    let built = Artifacts::build(places, Profile::Measure)?;
    let speed = speed(places)?;
    say::step("build and run the measurement");
    let mut cargo = places.cargo();
    cargo
        .args(["run", "--locked", "--quiet", "--profile", "measure"])
        .args(["--package", "sealgate-tests", "--example", "bench", "--"])
        .envs(tools.variables())
        .envs(built.variables())
        .env("SEALGATE_SPEED_WASM", speed);
    if let Some(file) = &args.json {
        // Cargo runs in the repository's root; the path is meant from here.
        cargo.arg("--json").arg(std::path::absolute(file)?);
    }
    if args.quick {
        cargo.arg("--quick");
    }
    process::loud(&mut cargo)?;
    Ok(true)
}

/// The guest that runs the product's cryptography, built as the product's module is.
fn speed(places: &Places) -> Result<PathBuf> {
    process::loud(artifacts::guests_cargo(places, "build").args([
        "--package",
        "speed",
        "--profile",
        "speed",
        "--target",
        "wasm32-wasip1",
    ]))?;
    let module = places
        .target
        .join(Path::new("guests/wasm32-wasip1/speed/speed.wasm"));
    if !module.is_file() {
        bail!("the build ended well and yet made no {}", module.display());
    }
    Ok(module)
}
