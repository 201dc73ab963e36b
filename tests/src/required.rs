//! What the suites need from outside, named by environment variables that `cargo xtask test` sets.

use std::path::{Path, PathBuf};

/// The Envoy binary.
pub fn envoy() -> PathBuf {
    file("SEALGATE_ENVOY", "Envoy")
}

/// The built plugin.
pub fn plugin() -> PathBuf {
    file("SEALGATE_PLUGIN_WASM", "the plugin")
}

/// One of the misbehaving test guests, by its crate name.
pub fn guest(name: &str) -> PathBuf {
    let path = file("SEALGATE_GUESTS_DIR", "the test guests").join(format!("{name}.wasm"));
    assert!(
        path.is_file(),
        "no test guest {}; tests/guests makes them",
        path.display()
    );
    path
}

/// The built `sealgate` command.
pub fn sealgate() -> PathBuf {
    file("SEALGATE_BIN", "the command line")
}

/// The built `hsm-bridge`.
pub fn bridge() -> PathBuf {
    file("HSM_BRIDGE_BIN", "hsm-bridge")
}

/// SoftHSM2's PKCS#11 module.
pub fn softhsm() -> PathBuf {
    file("SEALGATE_SOFTHSM_MODULE", "SoftHSM2")
}

/// Kryoptic's PKCS#11 module.
pub fn kryoptic() -> PathBuf {
    file("SEALGATE_KRYOPTIC_MODULE", "kryoptic")
}

/// The folder with the packages of `tests/makers/package.json`.
pub fn node_modules() -> PathBuf {
    file("SEALGATE_NODE_MODULES", "the npm packages")
}

/// The folder with the packages of `tests/makers/requirements.txt`.
pub fn python_packages() -> PathBuf {
    file("SEALGATE_PYTHON_PACKAGES", "the Python packages")
}

/// The `node` command: the one the installer chose, else the one on the path.
pub fn node() -> PathBuf {
    std::env::var_os("SEALGATE_NODE").map_or_else(|| PathBuf::from("node"), PathBuf::from)
}

/// The `promtool` command of Debian's prometheus, on the path.
pub fn promtool() -> PathBuf {
    PathBuf::from("promtool")
}

/// The `prometheus-alertmanager` command of Debian's package, on the path.
pub fn alertmanager() -> PathBuf {
    PathBuf::from("prometheus-alertmanager")
}

/// The `chromium` command of Debian's package, on the path.
pub fn chromium() -> PathBuf {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&folders).map(|folder| folder.join("chromium"));
    let found = places.find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("no chromium in PATH; `cargo xtask tools` installs it"))
}

/// The `nginx` command of Debian's nginx-light.
pub fn nginx() -> PathBuf {
    let path = std::env::var_os("SEALGATE_NGINX")
        .map_or_else(|| PathBuf::from("/usr/sbin/nginx"), PathBuf::from);
    assert!(
        path.is_file(),
        "no nginx at {}; {}",
        path.display(),
        hint("nginx", "SEALGATE_NGINX")
    );
    path
}

/// The root of this repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests crate lives in the repository")
}

fn file(variable: &str, what: &str) -> PathBuf {
    let path = std::env::var_os(variable)
        .map(PathBuf::from)
        .unwrap_or_else(|| panic!("{variable} is not set; {}", hint(what, variable)));
    assert!(
        path.exists(),
        "{variable}={} does not exist; {}",
        path.display(),
        hint(what, variable)
    );
    path
}

fn hint(what: &str, variable: &str) -> String {
    format!("run `cargo xtask test`, which installs {what} and sets {variable}")
}
