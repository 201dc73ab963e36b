//! Where the guests are, shared by every test file.
#![allow(dead_code, reason = "each test file uses its own part")]

use sealgate_host_shim::host::{Host, HostBuilder};
use std::path::PathBuf;

/// The directory of the built guests.
pub(crate) fn guests_dir() -> PathBuf {
    match std::env::var_os("SEALGATE_GUESTS_DIR") {
        Some(dir) => PathBuf::from(dir),
        None => panic!(
            "SEALGATE_GUESTS_DIR is not set: run `cargo xtask test`, which builds tests/guests and sets it, \
             or build them with `cargo build --manifest-path tests/guests/Cargo.toml --target wasm32-wasip1 --release`"
        ),
    }
}

/// The path of a guest's module.
pub(crate) fn guest_path(name: &str) -> PathBuf {
    guests_dir().join(format!("{name}.wasm"))
}

/// The bytes of a guest's module.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    let path = guest_path(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A host of a guest, to be configured further.
pub(crate) fn host(name: &str) -> HostBuilder {
    Host::builder(&guest(name))
}
