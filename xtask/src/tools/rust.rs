//! The wasm targets and the components of the pinned toolchain.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::places::Places;
use crate::{process, say};

const TARGETS: [&str; 2] = ["wasm32-wasip1", "wasm32-unknown-unknown"];

pub(crate) fn targets(places: &Places) -> Result<()> {
    let sysroot = Command::new("rustc")
        .args(["--print", "sysroot"])
        .current_dir(&places.root)
        .output()
        .context("rustc is not in PATH")?;
    let sysroot = String::from_utf8_lossy(&sysroot.stdout).trim().to_owned();
    let rustlib = Path::new(&sysroot).join("lib/rustlib");
    for target in TARGETS {
        if rustlib.join(target).is_dir() {
            continue;
        }
        if process::program("rustup").is_none() {
            bail!("this Rust has no target {target} and no rustup to add it with");
        }
        say::install(&format!("Rust target {target} (rustup)"));
        let mut add = Command::new("rustup");
        process::loud(
            add.args(["target", "add", target])
                .current_dir(&places.root),
        )?;
    }
    Ok(())
}
