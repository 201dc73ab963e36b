//! `cargo xtask bench`.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::artifacts::{Artifacts, Profile};
use crate::places::Places;
use crate::say;
use crate::tools::Tools;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write the figures here
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

pub(crate) fn run(places: &Places, args: &Args) -> Result<bool> {
    say::step("tools");
    let _tools = Tools::bench(places)?;
    let _built = Artifacts::build(places, Profile::Release)?;
    let _ = &args.json;
    bail!("no measurement is written yet")
}
