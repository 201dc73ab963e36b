//! The scanner's peer: `tests/peers/modsecurity.c` over Debian's libmodsecurity and Core Rule Set.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::{apt, folder};
use crate::places::Places;
use crate::{process, say};

/// The program, compiled.
pub(crate) fn ensure(places: &Places) -> Result<PathBuf> {
    apt::ensure(places, &apt::PEER_NEEDS)?;
    let base = places.root.join("tests/peers");
    let source = base.join("modsecurity.c");
    let key = folder::key(&base, std::slice::from_ref(&source))?;
    let folder = folder::install(places.tools.join(format!("peer-{key}")), |draft| {
        say::install("tests/peers/modsecurity.c (cc -O2)");
        let mut compiler = Command::new("cc");
        compiler
            .args(["-O2", "-Wall", "-o"])
            .arg(draft.join("modsecurity"))
            .arg(&source)
            .arg("-lmodsecurity");
        process::quiet(places, "compile the peer", &mut compiler)
    })?;
    Ok(folder.join("modsecurity"))
}
