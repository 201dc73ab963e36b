//! Rights of folders and files.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::token::pkcs11::Finding;

/// What is wrong with the folder that a file or socket is to be in.
pub(super) fn folder(what: &str, path: &Path) -> Option<Finding> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())?;
    match std::fs::metadata(folder) {
        Err(error) => Some(Finding::bad(
            what,
            format!("{}: {error}", folder.display()),
            "make the folder, mode 0750, owned by the bridge's user",
        )),
        Ok(_) if rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_err() => {
            Some(Finding::bad(
                what,
                format!("this user may not write in {}", folder.display()),
                "give the folder to the bridge's user (RuntimeDirectory and StateDirectory in the unit)",
            ))
        }
        Ok(meta) if meta.permissions().mode() & 0o002 != 0 => Some(Finding::warn(
            what,
            format!("everyone may write in {}", folder.display()),
            "use a folder of its own, mode 0750",
        )),
        Ok(_) => None,
    }
}

/// What is wrong with the rights of a file that holds a secret.
pub(super) fn file_mode(what: &str, path: &Path) -> Option<Finding> {
    match std::fs::metadata(path) {
        Err(error) => Some(Finding::bad(
            what,
            format!("{}: {error}", path.display()),
            "make the file, mode 0400, owned by the bridge's user",
        )),
        Ok(meta) if meta.permissions().mode() & 0o077 != 0 => Some(Finding::warn(
            what,
            format!("others may read {}", path.display()),
            format!("chmod 0400 {}", path.display()),
        )),
        Ok(_) => None,
    }
}
