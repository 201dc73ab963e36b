//! `sealgate-bench`: the figures of `cargo xtask bench`, measured side by side in one run.
//!
//! Absolute figures are of one machine at one hour; what counts are the ratios. Every comparison
//! therefore runs in interleaved rounds (A B C, A B C, ...): a disturbance hits all of its sides, and
//! a ratio is the median of the rounds' own ratios. `cargo xtask bench` sets the environment
//! variables that this program reads; they are those of the end-to-end suites.

mod bridge;
mod crypto;
mod jose;
mod load;
mod path;
mod plan;
mod report;
mod timing;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use serde_json::{Map, Value, json};

use plan::Plan;

#[derive(Parser)]
#[command(about = "Measures Sealgate; run it through `cargo xtask bench`")]
struct Arguments {
    /// What to measure; everything when nothing is named
    #[arg(value_enum)]
    sections: Vec<Section>,

    /// Write all figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// One short round of everything: shows that it runs, the figures mean nothing
    #[arg(long)]
    quick: bool,

    /// Rounds of every comparison
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Section {
    /// Requests through real Envoy: no filter, an empty one, the policy
    WholePath,
    /// AES-256-GCM and HMAC-SHA-256: native, wasmtime, V8
    Crypto,
    /// Verification of a signed request against the bare HMAC of its body: native, wasmtime, V8
    Signature,
    /// Scan of clean JSON: native, wasmtime, V8
    Scan,
    /// Tokens and bodies in JWE: native, wasmtime, V8, beside josekit and npm jose
    Jose,
    /// Whether the time of a refusal tells its cause: Welch's t between kinds of failures
    Timing,
    /// Unwraps: through the bridge's socket, and straight at the token
    Bridge,
}

const ALL: [Section; 7] = [
    Section::WholePath,
    Section::Crypto,
    Section::Signature,
    Section::Scan,
    Section::Jose,
    Section::Timing,
    Section::Bridge,
];

/// Version of the JSON report's shape.
const FORMAT: u32 = 1;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sealgate-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let plan = Plan::new(arguments.quick, arguments.rounds);
    let mut report = Map::new();
    report.insert("format".into(), json!(FORMAT));
    report.insert("machine".into(), report::machine());
    report.insert("plan".into(), plan.json());
    for section in ALL {
        if !arguments.sections.is_empty() && !arguments.sections.contains(&section) {
            continue;
        }
        let (name, figures): (&str, Value) = match section {
            Section::WholePath => ("whole_path", path::measure(&plan)?),
            Section::Crypto => (
                "crypto",
                crypto::measure(&plan, crypto::Subject::Cryptography)?,
            ),
            Section::Signature => ("signature", crypto::measure_signatures(&plan)?),
            Section::Scan => ("scan", crypto::measure(&plan, crypto::Subject::Scan)?),
            Section::Jose => ("jose", jose::measure(&plan)?),
            Section::Timing => ("timing", timing::measure(&plan)?),
            Section::Bridge => ("bridge", bridge::measure(&plan)?),
        };
        report.insert(name.into(), figures);
    }
    if let Some(file) = &arguments.json {
        std::fs::write(file, format!("{:#}\n", Value::Object(report)))?;
        println!("\nwrote {}", file.display());
    }
    Ok(())
}
