//! `cargo xtask bench`: builds everything optimised and hands over to `sealgate-bench` (in `tests/`,
//! where Envoy, token and certificates are at hand), to criterion, or to the scanner's corpora.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::artifacts::{self, Artifacts, Profile};
use crate::places::Places;
use crate::tools::Tools;
use crate::{process, say};

#[derive(clap::Args)]
#[command(
    after_help = "The figures of one run are of one machine at one time: compare the ratios, \
                        not the absolutes.\n\nExamples:\n  cargo xtask bench --json out.json\n  \
                        cargo xtask bench whole-path bridge --rounds 9\n  cargo xtask bench scan \
                        --corpus ../corpora"
)]
pub(crate) struct Args {
    /// What to measure; everything when nothing is named
    #[arg(value_enum)]
    sections: Vec<Section>,

    /// Write the figures here
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// One short round of each case: shows that it runs, proves nothing
    #[arg(long)]
    quick: bool,

    /// Rounds of each comparison
    #[arg(long, value_name = "N")]
    rounds: Option<u32>,

    /// The criterion benchmarks of the crates instead, one function at a time
    #[arg(long, conflicts_with_all = ["sections", "json", "quick", "rounds", "corpus"])]
    micro: bool,

    /// Detection and speed of the scanner on this folder of corpora instead
    #[arg(long, value_name = "DIR", conflicts_with_all = ["json", "quick", "rounds"])]
    corpus: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Section {
    /// Requests through real Envoy: no filter, an empty one, the policy
    WholePath,
    /// AES-256-GCM and HMAC-SHA-256: native, wasmtime, V8
    Crypto,
    /// Verification of a signed request against its bare HMAC: native, wasmtime, V8
    Signature,
    /// Scan of clean JSON: native, wasmtime, V8
    Scan,
    /// Tokens and bodies in JWE: native, wasmtime, V8, beside josekit and npm jose
    Jose,
    /// Whether the time of a refusal tells its cause: Welch's t between kinds of failures
    Timing,
    /// Unwraps: through the bridge's socket, and straight at the token
    Bridge,
    /// What hsm-bridge costs beside its token, each ratio held to its limit
    Ratios,
}

impl Section {
    fn name(self) -> &'static str {
        match self {
            Self::WholePath => "whole-path",
            Self::Crypto => "crypto",
            Self::Signature => "signature",
            Self::Scan => "scan",
            Self::Jose => "jose",
            Self::Timing => "timing",
            Self::Bridge => "bridge",
            Self::Ratios => "ratios",
        }
    }
}

pub(crate) fn run(places: &Places, args: &Args) -> Result<bool> {
    if args.micro {
        return micro(places);
    }
    if let Some(corpus) = &args.corpus {
        if args.sections != [Section::Scan] {
            bail!("--corpus belongs to one section: cargo xtask bench scan --corpus DIR");
        }
        return scan_corpus(places, corpus);
    }
    say::step("tools");
    let tools = Tools::bench(places)?;
    if args.sections != [Section::Ratios] {
        sections(places, args, &tools)?;
    }
    if args.sections.is_empty() || args.sections.contains(&Section::Ratios) {
        return ratios(places, args, &tools);
    }
    Ok(true)
}

/// The sections that `sealgate-bench` measures.
fn sections(places: &Places, args: &Args, tools: &Tools) -> Result<()> {
    artifacts::guests(places)?;
    let built = Artifacts::build(places, Profile::Measure)?;
    let modules = bench_guests(places)?;
    say::step("build and run the measurement");
    let mut cargo = places.cargo();
    cargo
        .args(["run", "--locked", "--quiet", "--profile", "measure"])
        .args(["--package", "sealgate-tests", "--features", "bench"])
        .args(["--bin", "sealgate-bench", "--"])
        .args(
            args.sections
                .iter()
                .filter(|section| **section != Section::Ratios)
                .map(|section| section.name()),
        )
        .envs(tools.variables())
        .envs(built.variables())
        .envs(modules);
    if let Some(file) = &args.json {
        // Cargo runs in the repository's root; the path is meant from here.
        cargo.arg("--json").arg(std::path::absolute(file)?);
    }
    if args.quick {
        cargo.arg("--quick");
    }
    if let Some(rounds) = args.rounds {
        cargo.args(["--rounds", &rounds.to_string()]);
    }
    process::loud(&mut cargo)
}

/// The bridge beside its token: tests of its own, which need none of the rest.
fn ratios(places: &Places, args: &Args, tools: &Tools) -> Result<bool> {
    say::step("hsm-bridge beside its token");
    let mut cargo = places.cargo();
    cargo
        .args(["test", "--locked", "--profile", "measure", "--no-fail-fast"])
        .args(["--package", "hsm-bridge", "--test", "ratios"])
        .args(["--", "--nocapture", "--test-threads=1"])
        .envs(tools.variables());
    if !args.quick {
        cargo.env("SEALGATE_CHAOS", "1");
    }
    process::figures(&mut cargo)
}

/// The guests that run the product's own code, built as the product's module is, and the variables by
/// which they are found.
fn bench_guests(places: &Places) -> Result<[(&'static str, PathBuf); 2]> {
    let guests = [
        ("SEALGATE_CRYPTO_BENCH_WASM", "crypto-bench"),
        ("SEALGATE_JOSE_BENCH_WASM", "jose-bench"),
    ];
    let mut cargo = artifacts::guests_cargo(places, "build");
    cargo.args(["--profile", "wasm", "--target", "wasm32-wasip1"]);
    for (_, package) in guests {
        cargo.args(["--package", package]);
    }
    process::loud(&mut cargo)?;
    let folder = places.target.join("guests/wasm32-wasip1/wasm");
    let built = guests.map(|(variable, package)| {
        let file = format!("{}.wasm", package.replace('-', "_"));
        (variable, folder.join(file))
    });
    for (_, module) in &built {
        if !module.is_file() {
            bail!("the build ended well and yet made no {}", module.display());
        }
    }
    Ok(built)
}

/// Every criterion benchmark of the workspace.
fn micro(places: &Places) -> Result<bool> {
    let output = places
        .cargo()
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()?;
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).context("cargo metadata speaks JSON")?;
    let mut ran = false;
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let benches = package["targets"].as_array().into_iter().flatten();
        for bench in benches.filter(|target| target["kind"][0] == "bench") {
            let (Some(package), Some(bench)) = (package["name"].as_str(), bench["name"].as_str())
            else {
                continue;
            };
            say::step(&format!("{package}: {bench}"));
            let mut cargo = places.cargo();
            cargo.args(["bench", "--locked", "--package", package, "--bench", bench]);
            process::loud(&mut cargo)?;
            ran = true;
        }
    }
    Ok(ran)
}

fn scan_corpus(places: &Places, corpus: &Path) -> Result<bool> {
    let corpus = std::path::absolute(corpus)?;
    if !corpus.is_dir() {
        bail!("{} is not a folder", corpus.display());
    }
    say::step("scan the corpora");
    let mislabelled = places.root.join("docs/corpora-mislabelled.md");
    let arguments: [&std::ffi::OsStr; 4] = [
        "--corpus".as_ref(),
        corpus.as_os_str(),
        "--mislabelled".as_ref(),
        mislabelled.as_os_str(),
    ];
    example(places, "corpus", &arguments)?;
    say::step("one request, beside libmodsecurity with the Core Rule Set");
    let peer = crate::tools::peer(places)?;
    example(places, "peers", &["--peer".as_ref(), peer.as_os_str()])?;
    say::step("the slowest inputs that a search finds");
    example(places, "worst", &[])?;
    say::step("memory over 1,000,000 requests");
    example(places, "memory", &[])?;
    Ok(true)
}

/// Runs one of the scanner's own measurements.
fn example(places: &Places, name: &str, arguments: &[&std::ffi::OsStr]) -> Result<()> {
    let mut cargo: Command = places.cargo();
    cargo
        .args(["run", "--locked", "--quiet", "--profile", "measure"])
        .args(["--package", "sealgate-scan", "--example", name, "--"])
        .args(arguments);
    process::loud(&mut cargo)
}
