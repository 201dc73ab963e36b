//! External tools: what the verbs need beside Rust and git, and how each is installed.
//!
//! Every installer is idempotent and atomic: it works in a folder of its own and renames that
//! folder to its final name, which carries the version or the hash of what it was made from.

mod apt;
mod envoy;
mod folder;
mod kryoptic;
mod node;
mod peer;
mod python;
mod rust;

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::places::Places;
use crate::process;

pub(crate) use apt::Need;
pub(crate) use peer::ensure as peer;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print `export NAME=value` lines for the shell, and nothing else on standard output
    #[arg(long)]
    print_env: bool,
}

pub(crate) fn run(places: &Places, args: &Args) -> Result<bool> {
    if args.print_env {
        // The installers speak on standard output: let a child of ours do the talking elsewhere.
        let mut child = std::process::Command::new(std::env::current_exe()?);
        child.arg("tools").stdout(std::io::stderr());
        process::loud(&mut child)?;
    }
    let tools = Tools::all(places)?;
    for (name, value) in tools.variables() {
        if args.print_env {
            println!("export {name}='{}'", value.display());
        } else {
            println!("{name}={}", value.display());
        }
    }
    Ok(true)
}

/// The tools that tests, demo and benchmarks find through environment variables.
#[derive(Default)]
pub(crate) struct Tools {
    softhsm: Option<PathBuf>,
    envoy: Option<PathBuf>,
    kryoptic: Option<PathBuf>,
    node: Option<PathBuf>,
    node_modules: Option<PathBuf>,
    python_packages: Option<PathBuf>,
}

impl Tools {
    /// Everything the test suites use.
    pub(crate) fn all(places: &Places) -> Result<Self> {
        rust::targets(places)?;
        apt::ensure(places, &apt::TEST_NEEDS)?;
        Ok(Self {
            softhsm: Some(softhsm()?),
            envoy: Some(envoy::ensure(places)?),
            node: Some(process::program("node").context("node is not in PATH")?),
            node_modules: Some(node::ensure(places, "tests/makers")?),
            python_packages: Some(python::ensure(places)?),
            kryoptic: Some(kryoptic::ensure(places)?),
        })
    }

    /// What the demo uses; Envoy and Alertmanager only when asked for.
    pub(crate) fn demo(places: &Places, with_envoy: bool, with_alerts: bool) -> Result<Self> {
        rust::targets(places)?;
        apt::ensure(places, &apt::DEMO_NEEDS)?;
        if with_alerts {
            apt::ensure(places, &[Need::Alertmanager])?;
        }
        let envoy = if with_envoy {
            apt::ensure(places, &[Need::Pip])?;
            Some(envoy::ensure(places)?)
        } else {
            None
        };
        Ok(Self {
            softhsm: Some(softhsm()?),
            envoy,
            ..Self::default()
        })
    }

    /// What the benchmarks use.
    pub(crate) fn bench(places: &Places) -> Result<Self> {
        rust::targets(places)?;
        apt::ensure(places, &apt::BENCH_NEEDS)?;
        Ok(Self {
            softhsm: Some(softhsm()?),
            envoy: Some(envoy::ensure(places)?),
            node_modules: Some(node::ensure(places, "tests/makers")?),
            ..Self::default()
        })
    }

    /// Only the Rust targets: enough for lints and for tests without a world around them.
    pub(crate) fn rust_only(places: &Places) -> Result<Self> {
        rust::targets(places)?;
        Ok(Self::default())
    }

    /// The environment variables by which the tests find these tools.
    pub(crate) fn variables(&self) -> Vec<(&'static str, PathBuf)> {
        [
            ("SEALGATE_SOFTHSM_MODULE", &self.softhsm),
            ("SEALGATE_ENVOY", &self.envoy),
            ("SEALGATE_KRYOPTIC_MODULE", &self.kryoptic),
            ("SEALGATE_NODE", &self.node),
            ("SEALGATE_NODE_MODULES", &self.node_modules),
            ("SEALGATE_PYTHON_PACKAGES", &self.python_packages),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.clone().map(|value| (name, value)))
        .collect()
    }
}

/// What `siege` sends: tools and examples of PyPI, and examples of npm.
pub(crate) fn siege(places: &Places) -> Result<[PathBuf; 2]> {
    rust::targets(places)?;
    apt::ensure(places, &[Need::Pip, Need::Node, Need::Npm, Need::Cmake])?;
    Ok([python::siege(places)?, node::ensure(places, "tests/siege")?])
}

fn softhsm() -> Result<PathBuf> {
    apt::softhsm_module().context("softhsm2 is installed, but libsofthsm2.so was not found")
}
