//! `cargo xtask ...`: the one command surface for developers and CI.
//!
//! Every verb installs what it needs, saying so in one line each, builds into the shared cache
//! (`$SEALGATE_CACHE`, else `$XDG_CACHE_HOME/sealgate`, else `~/.cache/sealgate`) and leaves the
//! working tree alone.

mod artifacts;
mod bench;
mod chaos;
mod demo;
mod dist;
mod docs;
mod fuzz;
mod places;
mod process;
mod reload;
mod say;
mod siege;
mod test;
mod tools;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::places::Places;

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "The commands of Sealgate's developers and of its CI",
    after_help = "A fresh machine needs Rust and git; the verbs install the rest and say what they \
                  install.\nCache: $SEALGATE_CACHE, else $XDG_CACHE_HOME/sealgate, else \
                  ~/.cache/sealgate."
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Run the whole path on this machine: clean and hostile requests, and what the upstream saw
    Demo(demo::Args),
    /// Format, lints, dependency rules and every test suite; what CI runs
    Test(test::Args),
    /// Measure the whole path and its parts
    Bench(bench::Args),
    /// Break the token, the disk and the clients of hsm-bridge, for long, and print every figure
    Chaos(chaos::Args),
    /// Compare the scanner with the C libinjection on millions of generated inputs
    Fuzz(fuzz::Args),
    /// Attackers' tools against a vulnerable application behind the gate, and ordinary bodies in numbers
    Siege(siege::Args),
    /// Make a release: module, bill of materials, checksums and OCI image layout, byte for byte the same
    Dist(dist::Args),
    /// Regenerate the pages that are made from code
    Docs(docs::Args),
    /// Change policy, keys and module of both hosts under a minute of load each, and print every figure
    Reload,
    /// Install the external tools of the tests and print where they are
    Tools(tools::Args),
}

fn main() -> std::process::ExitCode {
    match run(Cli::parse()) {
        Ok(true) => std::process::ExitCode::SUCCESS,
        Ok(false) => std::process::ExitCode::FAILURE,
        Err(error) => {
            say::error(&error);
            std::process::ExitCode::FAILURE
        }
    }
}

/// Runs one verb; `false` means that it ran to its end and found faults, which it has printed.
fn run(cli: Cli) -> Result<bool> {
    let places = Places::find()?;
    match cli.verb {
        Verb::Demo(args) => demo::run(&places, &args),
        Verb::Test(args) => test::run(&places, &args),
        Verb::Bench(args) => bench::run(&places, &args),
        Verb::Chaos(args) => chaos::run(&places, &args),
        Verb::Fuzz(args) => fuzz::run(&places, &args),
        Verb::Siege(args) => siege::run(&places, &args),
        Verb::Dist(args) => dist::run(&places, &args),
        Verb::Docs(args) => docs::run(&places, &args),
        Verb::Reload => reload::run(&places),
        Verb::Tools(args) => tools::run(&places, &args),
    }
}
