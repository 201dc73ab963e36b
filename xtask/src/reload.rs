//! `cargo xtask reload`: the reload suite in its long form. Some ten minutes.

use anyhow::Result;

use crate::artifacts::{self, Artifacts, Profile};
use crate::places::Places;
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
        .args([
            "test",
            "--locked",
            "--no-fail-fast",
            "--package",
            "sealgate-tests",
        ])
        .args([
            "--test",
            "reload",
            "--",
            "--include-ignored",
            "--nocapture",
            "--test-threads=1",
            "under_load",
        ])
        .envs(tools.variables())
        .envs(built.variables())
        .env("SEALGATE_RELOAD_LONG", "1");
    process::figures(&mut cargo)
}
