//! The second PKCS#11 token, built from crates: it has what SoftHSM2 lacks (RSA-OAEP-256, ML-KEM).

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::folder;
use crate::places::Places;
use crate::{process, say};

const MODULE: &str = "libkryoptic_module.so";

pub(crate) fn ensure(places: &Places) -> Result<PathBuf> {
    let source = places.root.join("tests/tokens/kryoptic");
    let mut files = vec![source.join("Cargo.toml"), source.join("Cargo.lock")];
    for entry in std::fs::read_dir(source.join("src")).context("tests/tokens/kryoptic/src")? {
        files.push(entry?.path());
    }
    if source.join("build.rs").is_file() {
        files.push(source.join("build.rs"));
    }
    let key = folder::key(&source, &files)?;
    let folder = folder::install(places.tools.join(format!("kryoptic-{key}")), |draft| {
        say::install(
            "kryoptic token (built from crates with its own OpenSSL; 3 to 8 minutes once)",
        );
        let target = places.apart("kryoptic");
        let mut cargo = places.cargo();
        cargo
            .args(["build", "--release", "--locked"])
            .current_dir(&source)
            .env("CARGO_TARGET_DIR", &target);
        process::quiet(places, "build kryoptic", &mut cargo)?;
        std::fs::copy(target.join("release").join(MODULE), draft.join(MODULE))
            .with_context(|| format!("the build made no {MODULE}"))?;
        Ok(())
    })?;
    // Half a gigabyte that nothing needs any more: the module is what stays.
    let _ = std::fs::remove_dir_all(places.apart("kryoptic"));
    Ok(folder.join(MODULE))
}
