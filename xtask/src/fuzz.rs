//! `cargo xtask fuzz`: long comparisons with programs of others, on generated inputs.

use anyhow::Result;
use clap::ValueEnum;

use crate::places::Places;
use crate::{process, say, tools};

#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask fuzz scan\n  cargo xtask fuzz scan --inputs 100000 \
                        --corpus ../corpora"
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
}

pub(crate) fn run(places: &Places, args: &Args) -> Result<bool> {
    let Target::Scan = args.target;
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
