//! `cargo xtask fuzz`: long comparisons with programs of others, on generated inputs.

use anyhow::Result;
use clap::ValueEnum;

use crate::places::Places;
use crate::{process, say, tools};

#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask fuzz scan\n  cargo xtask fuzz scan --inputs 100000 \
                        --corpus ../corpora\n  cargo xtask fuzz extraction --inputs 200000"
)]
pub(crate) struct Args {
    /// What to compare
    #[arg(value_enum)]
    target: Target,

    /// Generated inputs
    #[arg(long, value_name = "N", default_value_t = 10_000_000)]
    inputs: u64,

    /// Where the generator starts
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// A folder of corpora whose rows are compared, too, and changed by the generator
    #[arg(long, value_name = "DIR")]
    corpus: Option<std::path::PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Target {
    /// SQL and XSS detectors against the C libinjection: no verdict of C may be lost
    Scan,
    /// Extraction against Python's parsers of JSON, XML, forms and multipart: no value may be missing
    Extraction,
}

pub(crate) fn run(places: &Places, args: &Args) -> Result<bool> {
    match args.target {
        Target::Scan => scan(places, args),
        Target::Extraction => extraction(places, args),
    }
}

fn scan(places: &Places, args: &Args) -> Result<bool> {
    say::step("tools");
    let peer = tools::peer(places)?;
    say::step("SQL and XSS detectors against the C libinjection");
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

fn extraction(places: &Places, args: &Args) -> Result<bool> {
    say::step("extraction against Python's parsers");
    process::loud(places.cargo().args([
        "build",
        "--locked",
        "--package",
        "sealgate-scan",
        "--example",
        "fields",
    ]))?;
    let mut python = std::process::Command::new("python3");
    python
        .arg(places.root.join("tests/peers/values.py"))
        .arg(places.target.join("debug/examples/fields"))
        .arg(args.inputs.min(1_000_000).to_string());
    process::watched(&mut python, |_| ())
}
