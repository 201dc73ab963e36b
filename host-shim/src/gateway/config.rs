//! Where the plugin configuration comes from.

use std::fmt;
use std::path::{Path, PathBuf};

/// Gives the plugin configuration and names the files it is made of.
pub trait ConfigSource: Send + Sync {
    /// The configuration (a policy as JSON), complete: files and secrets already filled in.
    /// Called at the start and after every change.
    ///
    /// # Errors
    /// A reason for the operator, without secrets; the last good configuration stays then.
    fn load(&self) -> Result<Vec<u8>, String>;

    /// Files whose change means a reload. The module is watched by itself.
    fn watched(&self) -> Vec<PathBuf>;
}

/// Fixed bytes.
#[derive(Clone)]
pub struct StaticConfig(Vec<u8>);

impl StaticConfig {
    /// These bytes, for ever.
    pub fn new(config: impl Into<Vec<u8>>) -> Self {
        Self(config.into())
    }
}

impl ConfigSource for StaticConfig {
    fn load(&self) -> Result<Vec<u8>, String> {
        Ok(self.0.clone())
    }

    fn watched(&self) -> Vec<PathBuf> {
        Vec::new()
    }
}

impl fmt::Debug for StaticConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A configuration may hold key material.
        f.debug_struct("StaticConfig")
            .field("bytes", &self.0.len())
            .finish()
    }
}

/// The content of one file.
#[derive(Clone, Debug)]
pub struct FileConfig(PathBuf);

impl FileConfig {
    /// This file.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self(path.as_ref().to_path_buf())
    }
}

impl ConfigSource for FileConfig {
    fn load(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| format!("{}: {error}", self.0.display()))
    }

    fn watched(&self) -> Vec<PathBuf> {
        vec![self.0.clone()]
    }
}
