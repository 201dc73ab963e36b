//! `cargo xtask docs`: the pages that are made from code.

use anyhow::{Context, Result, bail};

use crate::artifacts::{Artifacts, Profile};
use crate::places::Places;
use crate::{process, say};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Change nothing; fail when a page differs from what the code says
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(places: &Places, args: &Args) -> Result<bool> {
    let built = Artifacts::build(places, Profile::Dev)?;
    let program = built.sealgate.to_string_lossy().into_owned();
    let page = process::answer(&program, &["reference"]).context("`sealgate reference` failed")?;
    let path = places.root.join("docs/policy.md");
    let page = format!("{page}\n");
    if args.check {
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        if there != page {
            bail!("docs/policy.md is not what the code says; run `cargo xtask docs`");
        }
    } else {
        std::fs::write(&path, page)?;
        say::note("wrote docs/policy.md");
    }
    Ok(true)
}
