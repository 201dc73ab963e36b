//! `cargo xtask fuzz`: generated inputs by the million, against our parsers or beside others' programs.

use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;

use crate::places::Places;
use crate::{process, say, tools};

/// Packages with a test file `mutations`, one test per target.
const PACKAGES: [&str; 2] = ["sealgate-jose", "sealgate-format"];

#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask fuzz parsers --seconds 60\n  cargo xtask fuzz scan \
                        --inputs 100000 --corpus ../corpora\n  cargo xtask fuzz extraction"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    target: Target,
}

#[derive(Subcommand)]
enum Target {
    /// Every parser of untrusted bytes under mutated input
    Parsers {
        /// How long each target runs
        #[arg(long, default_value_t = 600)]
        seconds: u64,

        /// Only targets whose name contains this
        filter: Option<String>,
    },
    /// SQL and XSS detectors beside the C libinjection: no verdict of C may be lost
    Scan(Scan),
    /// A search for inputs that the scanner is slow on: their cost against a clean document's, per byte
    Slow {
        /// Changes that are tried
        #[arg(long, value_name = "N", default_value_t = 20_000)]
        rounds: u64,

        /// Where the generator starts
        #[arg(long, value_name = "N", default_value_t = 20_261_127)]
        seed: u64,
    },
    /// Extraction beside Python's parsers of JSON, XML, forms and multipart: no value may be missing
    Extraction {
        /// Generated bodies
        #[arg(long, value_name = "N", default_value_t = 1_000_000)]
        inputs: u64,
    },
}

#[derive(clap::Args)]
struct Scan {
    /// Generated inputs
    #[arg(long, value_name = "N", default_value_t = 10_000_000)]
    inputs: u64,

    /// Where the generator starts
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// A folder of corpora whose rows are compared, too, and changed by the generator
    #[arg(long, value_name = "DIR")]
    corpus: Option<PathBuf>,
}

pub(crate) fn run(places: &Places, args: &Args) -> Result<bool> {
    match &args.target {
        Target::Parsers { seconds, filter } => parsers(places, *seconds, filter.as_deref()),
        Target::Scan(args) => scan(places, args),
        Target::Slow { rounds, seed } => slow(places, *rounds, *seed),
        Target::Extraction { inputs } => extraction(places, *inputs),
    }
}

fn parsers(places: &Places, seconds: u64, filter: Option<&str>) -> Result<bool> {
    let mut good = true;
    for package in PACKAGES {
        say::step(&format!("mutated input for {package}"));
        let mut cargo = places.cargo();
        cargo.args(["test", "--locked", "--no-fail-fast", "--package", package]);
        cargo.args(["--test", "mutations", "--", "--nocapture"]);
        cargo.args(filter);
        cargo.env("SEALGATE_FUZZ_SECONDS", seconds.to_string());
        good &= process::watched(&mut cargo, |_| {})?;
    }
    Ok(good)
}

fn scan(places: &Places, args: &Scan) -> Result<bool> {
    say::step("tools");
    let peer = tools::peer(places)?;
    say::step("SQL and XSS detectors beside the C libinjection");
    let mut cargo = places.cargo();
    cargo
        .args(["run", "--locked", "--quiet", "--profile", "measure"])
        .args(["--package", "sealgate-scan", "--example", "differential"])
        .arg("--")
        .arg("--peer")
        .arg(peer)
        .args(["--inputs", &args.inputs.to_string()]);
    if let Some(seed) = args.seed {
        cargo.args(["--seed", &seed.to_string()]);
    }
    if let Some(corpus) = &args.corpus {
        cargo.arg("--corpus").arg(std::path::absolute(corpus)?);
    }
    process::watched(&mut cargo, |_| ())
}

fn slow(places: &Places, rounds: u64, seed: u64) -> Result<bool> {
    say::step(&format!(
        "the slowest inputs of {rounds} rounds, seed {seed}"
    ));
    let mut cargo = places.cargo();
    cargo
        .args(["run", "--locked", "--quiet", "--profile", "measure"])
        .args(["--package", "sealgate-scan", "--example", "worst", "--"])
        .args(["--rounds", &rounds.to_string(), "--seed", &seed.to_string()]);
    process::watched(&mut cargo, |_| ())
}

fn extraction(places: &Places, inputs: u64) -> Result<bool> {
    say::step("extraction beside Python's parsers");
    let mut cargo = places.cargo();
    cargo.args(["build", "--locked", "--package", "sealgate-scan"]);
    process::loud(cargo.args(["--example", "fields"]))?;
    let mut python = std::process::Command::new("python3");
    python
        .arg(places.root.join("tests/peers/values.py"))
        .arg(places.target.join("debug/examples/fields"))
        .arg(inputs.to_string());
    process::watched(&mut python, |_| ())
}
