//! npm packages: tests/makers, independent makers of tokens, bodies and signatures, and tests/siege,
//! example bodies of API vendors.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::folder;
use crate::places::Places;
use crate::{process, say};

/// The packages of a folder that has a `package.json` and its lock file.
pub(crate) fn ensure(places: &Places, folder: &str) -> Result<PathBuf> {
    let base = places.root.join(folder);
    let files = ["package.json", "package-lock.json"].map(|name| base.join(name));
    let key = folder::key(&base, &files)?;
    let folder = folder::install(places.tools.join(format!("node-{key}")), |draft| {
        say::install(&format!("npm packages of {folder} (npm ci)"));
        for file in &files {
            let name = file.file_name().context("a file has a name")?;
            std::fs::copy(file, draft.join(name))?;
        }
        let mut npm = Command::new("npm");
        npm.args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        ])
        .current_dir(draft);
        process::quiet(places, "install npm packages", &mut npm)
    })?;
    Ok(folder.join("node_modules"))
}
