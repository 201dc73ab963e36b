//! What the process gives up at its start.

use std::io;

use rustix::process::{DumpableBehavior, Resource, Rlimit};

/// No core dumps, and no reading of this process's memory by others of the same user.
///
/// # Errors
/// When the system refuses.
pub fn forbid_dumps() -> io::Result<()> {
    rustix::process::setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    )?;
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// Whether the process runs as root, which a key service should not.
#[must_use]
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
