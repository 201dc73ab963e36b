//! HTTP/1.1 towards upstreams and clusters: addresses, a small pool of connections per worker,
//! and bodies that end only when they are told to.

mod ask;
mod body;
mod pool;

pub use body::{BodySender, OutBody};
pub use pool::{Client, SendError};

use std::fmt;
use std::path::PathBuf;

/// Where a cluster or an upstream listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClusterAddr {
    /// `host:port`.
    Tcp(String),
    /// Path of a Unix socket.
    Unix(PathBuf),
}

impl ClusterAddr {
    /// A TCP address.
    pub fn tcp(address: impl fmt::Display) -> Self {
        Self::Tcp(address.to_string())
    }

    /// A Unix socket.
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self::Unix(path.into())
    }
}

impl fmt::Display for ClusterAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => f.write_str(address),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
