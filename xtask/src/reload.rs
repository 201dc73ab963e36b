//! `cargo xtask reload`: the reload suite in its long form. Some ten minutes.

use anyhow::Result;

use crate::artifacts::{self, Artifacts, Profile};
use crate::places::Places;
use crate::test::BENCH;
use crate::tools::Tools;
use crate::{process, say};

pub(crate) fn run(places: &Places) -> Result<bool> {
    say::step("tools");
    let tools = Tools::all(places)?;
    artifacts::guests(places)?;
    // Programs as in a release: a minute must be enough for 100,000 requests.
    let built = Artifacts::build(places, Profile::Measure)?;
    say::step("reloads under load");
    let mut cargo = places.cargo();
    cargo
        // The selection of `cargo xtask test`, so that what it has built serves here.
        .args(["test", "--locked", "--no-fail-fast", "--workspace"])
        .args(["--features", BENCH, "--test", "reload", "--"])
        .args(["--nocapture", "--test-threads=1", "under_load"])
        .envs(tools.variables())
        .envs(built.variables())
        .env("SEALGATE_RELOAD_LONG", "1");
    process::figures(&mut cargo)
}
