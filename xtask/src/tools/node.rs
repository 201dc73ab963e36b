//! The npm packages of tests/makers: independent makers of tokens, bodies and signatures.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::folder;
use crate::places::Places;
use crate::{process, say};

pub(crate) fn ensure(places: &Places) -> Result<PathBuf> {
    let makers = places.root.join("tests/makers");
    let files = ["package.json", "package-lock.json"].map(|name| makers.join(name));
    let key = folder::key(&makers, &files)?;
    let folder = folder::install(places.tools.join(format!("node-{key}")), |draft| {
        say::install("npm packages of tests/makers (npm ci)");
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
