//! PyPI packages: tests/makers, independent makers of signatures, and tests/siege, the besiegers.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::folder;
use crate::places::Places;
use crate::{process, say};

/// The packages of tests/makers, each file by its hash, nothing else.
pub(crate) fn ensure(places: &Places) -> Result<PathBuf> {
    install(places, "tests/makers", &["--no-deps", "--require-hashes"])
}

/// The packages of tests/siege by their versions, and what they import.
pub(crate) fn siege(places: &Places) -> Result<PathBuf> {
    install(places, "tests/siege", &[])
}

fn install(places: &Places, folder: &str, options: &[&str]) -> Result<PathBuf> {
    let base = places.root.join(folder);
    let requirements = base.join("requirements.txt");
    let key = folder::key(&base, std::slice::from_ref(&requirements))?;
    folder::install(places.tools.join(format!("python-{key}")), |draft| {
        say::install(&format!(
            "PyPI packages of {folder} (pip install {})",
            options.join(" ")
        ));
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--no-input"])
            .args(options)
            .args([
                "--disable-pip-version-check",
                "--root-user-action=ignore",
                "--no-compile",
                "--target",
            ])
            .arg(draft)
            .arg("--requirement")
            .arg(&requirements);
        process::quiet(places, "install python packages", &mut pip)
    })
}
