//! `cargo xtask demo`: installs, builds, then hands over to `sealgate demo`, which has the TLS and
//! HTTP libraries that this crate does without.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::artifacts::{Artifacts, Profile};
use crate::places::Places;
use crate::say;
use crate::tools::Tools;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Exit after the narrated requests instead of staying up for yours
    #[arg(long)]
    once: bool,

    /// Put real Envoy in front instead of the embedded gateway
    #[arg(long)]
    envoy: bool,

    /// Real Envoy under load and scripted attacks, with the page of `sealgate watch` open and an
    /// Alertmanager told
    #[arg(long)]
    watch: bool,
}

pub(crate) fn run(places: &Places, args: &Args) -> Result<bool> {
    say::step("tools");
    let tools = Tools::demo(places, args.envoy || args.watch, args.watch)?;
    let built = Artifacts::build(places, Profile::Dev)?;
    let mut demo = Command::new(&built.sealgate);
    demo.arg("demo");
    if args.once {
        demo.arg("--once");
    }
    if args.watch {
        demo.arg("--watch");
    }
    if args.envoy || args.watch {
        demo.arg("--envoy").arg(places.root.join("envoy"));
    }
    demo.envs(tools.variables()).envs(built.variables());
    // The demo takes our place: Ctrl-C is then its own, and its verdict is our exit code.
    Err(demo.exec()).context("cannot start the demo")
}
