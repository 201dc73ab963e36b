//! Where things are: the repository, the cache, the build directory, the tools.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// The folders every verb works with.
pub(crate) struct Places {
    /// Root of the working tree.
    pub(crate) root: PathBuf,
    /// `CARGO_TARGET_DIR` of every cargo call: shared by all clones, so that a fresh one is warm.
    pub(crate) target: PathBuf,
    /// Installed tools, one folder per tool and version.
    pub(crate) tools: PathBuf,
    /// Output of installers, kept for the case that one fails.
    pub(crate) logs: PathBuf,
}

impl Places {
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("xtask lies one level below the repository's root")?
            .to_path_buf();
        let cache = cache_folder()?;
        let places = Self {
            root,
            target: cache.join("target"),
            tools: cache.join("tools"),
            logs: cache.join("logs"),
        };
        for folder in [&places.target, &places.tools, &places.logs] {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot create {}", folder.display()))?;
        }
        Ok(places)
    }

    /// A cargo call in the repository's root, building into the shared cache.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target);
        command
    }

    /// Build directory of a workspace that is built apart (guests, the kryoptic token).
    pub(crate) fn apart(&self, name: &str) -> PathBuf {
        self.target.join("apart").join(name)
    }
}

fn cache_folder() -> Result<PathBuf> {
    let set = |name: &str| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let folder = if let Some(folder) = set("SEALGATE_CACHE") {
        folder
    } else if let Some(folder) = set("XDG_CACHE_HOME") {
        folder.join("sealgate")
    } else {
        set("HOME")
            .context("neither SEALGATE_CACHE, XDG_CACHE_HOME nor HOME is set")?
            .join(".cache/sealgate")
    };
    Ok(std::path::absolute(folder)?)
}
