//! Binding a Unix socket without a moment in which anyone could connect to it.

use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use rustix::fs::{Gid, Mode};
use tokio::net::UnixListener;

/// Binds `path` with exactly these permission bits. Must be called before other threads make
/// files: the umask belongs to the process.
///
/// # Errors
/// When something that is no socket is at the path, another process listens there, or the system
/// refuses.
pub fn bind(path: &Path, mode: u32, gid: Option<u32>) -> io::Result<UnixListener> {
    clear(path).map_err(|error| at(path, &error))?;
    // The umask makes the bits right from the first moment: no chmod after, no window before it.
    let before = rustix::process::umask(Mode::from_raw_mode(0o777 & !mode));
    let bound = UnixListener::bind(path);
    rustix::process::umask(before);
    let listener = bound.map_err(|error| at(path, &error))?;
    if let Some(gid) = gid {
        rustix::fs::chown(path, None, Some(Gid::from_raw(gid)))
            .map_err(|error| at(path, &error.into()))?;
    }
    Ok(listener)
}

/// Removes the socket a dead process left behind, and nothing else.
fn clear(path: &Path) -> io::Result<()> {
    let kind = match std::fs::symlink_metadata(path) {
        Ok(meta) => meta.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !kind.is_socket() {
        return Err(io::Error::other("is there already and is no socket"));
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path)
        }
        Ok(_) => Err(io::Error::other("another process listens here")),
        Err(error) => Err(error),
    }
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("socket {}: {error}", path.display()))
}
