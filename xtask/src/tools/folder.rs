//! Atomic installs: fill a folder nobody looks at, then give it its name.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// Returns `dest`, filling it with `fill` first if it does not exist.
///
/// # Errors
/// What `fill` reports, or the file system. A failed install leaves nothing behind.
pub(crate) fn install(dest: PathBuf, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    if dest.is_dir() {
        return Ok(dest);
    }
    let name = dest
        .file_name()
        .context("a tool folder has a name")?
        .to_string_lossy()
        .into_owned();
    let draft = dest.with_file_name(format!(".{name}.{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&draft);
    std::fs::create_dir_all(&draft)
        .with_context(|| format!("cannot create {}", draft.display()))?;
    let filled = fill(&draft).and_then(|()| match std::fs::rename(&draft, &dest) {
        // Another xtask was faster; its install is as good as ours.
        Err(_) if dest.is_dir() => Ok(()),
        renamed => renamed.with_context(|| format!("cannot create {}", dest.display())),
    });
    let _ = std::fs::remove_dir_all(&draft);
    filled.map(|()| dest)
}

/// A short name for the contents of these files, each with its path as seen from `base`.
///
/// # Errors
/// When a file cannot be read.
pub(crate) fn key(base: &Path, files: &[PathBuf]) -> Result<String> {
    let mut hash = Sha256::new();
    let mut files = files.to_vec();
    files.sort();
    for file in files {
        let bytes =
            std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        hash.update(
            file.strip_prefix(base)
                .unwrap_or(&file)
                .to_string_lossy()
                .as_bytes(),
        );
        hash.update([0]);
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(&bytes);
    }
    Ok(hash
        .finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect())
}
