//! PyPI packages of tests/makers, independent makers of signatures.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::folder;
use crate::places::Places;
use crate::{process, say};

pub(crate) fn ensure(places: &Places) -> Result<PathBuf> {
    let makers = places.root.join("tests/makers");
    let requirements = makers.join("requirements.txt");
    let key = folder::key(&makers, std::slice::from_ref(&requirements))?;
    folder::install(places.tools.join(format!("python-{key}")), |draft| {
        say::install("PyPI packages of tests/makers (pip install --require-hashes)");
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--no-input", "--no-deps"])
            .args([
                "--disable-pip-version-check",
                "--root-user-action=ignore",
                "--no-compile",
                "--require-hashes",
                "--target",
            ])
            .arg(draft)
            .arg("--requirement")
            .arg(&requirements);
        process::quiet(places, "install python packages", &mut pip)
    })
}
