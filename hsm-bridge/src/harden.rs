//! What the process gives up at its start.

use std::io;

use rustix::mm::MlockAllFlags;
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

/// Makes room for so many open files, as far as the hard limit goes. False when that is not enough.
#[must_use]
pub fn make_room_for_files(wanted: u64) -> bool {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(u64::MAX);
    if limit.current.is_none_or(|current| current >= wanted) {
        return true;
    }
    let raised = Rlimit {
        current: Some(wanted.min(most)),
        maximum: limit.maximum,
    };
    rustix::process::setrlimit(Resource::Nofile, raised).is_ok() && wanted <= most
}

/// Keeps this process's memory out of swap, where the system lets it without a limit: with one,
/// the next allocation over it would fail. False when it does not.
#[must_use]
pub fn lock_memory() -> bool {
    // Pages are locked as they are touched: nothing is filled ahead of its use.
    let flags = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
    may_lock_memory() && rustix::mm::mlockall(flags).is_ok()
}

/// Whether memory can be locked without a limit.
#[must_use]
pub fn may_lock_memory() -> bool {
    let limit = rustix::process::getrlimit(Resource::Memlock);
    limit.current.is_none() || is_root()
}

/// Whether the process runs as root, which a key service should not.
#[must_use]
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
