//! opencryptoki's soft token with its daemon, in a world of its own: mounts and shared memory that
//! nobody else sees. The token that this machine may have is never touched.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::PIN;

/// Keeps the namespaces until its input closes, then ends the daemon. The token is `test` with the PIN
/// of the suite; a new token insists on other PINs than those it came with.
const KEEPER: &str = r#"
set -e
mount -t tmpfs tmpfs /var/lib/opencryptoki
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /dev/shm
mkdir -p /var/lib/opencryptoki/swtok/TOK_OBJ /run/lock/opencryptoki/swtok
chgrp -R pkcs11 /var/lib/opencryptoki /run/lock/opencryptoki
chmod -R 0770 /var/lib/opencryptoki /run/lock/opencryptoki
printf 'version opencryptoki-3.1\nslot 0\n{\nstdll = libpkcs11_sw.so\n}\n' > /run/opencryptoki.conf
mount --bind /run/opencryptoki.conf /etc/opencryptoki/opencryptoki.conf
pkcsslotd
until pkcsconf -t; do sleep 0.05; done
echo test | pkcsconf -I -c 0 -S 87654321
pkcsconf -P -c 0 -S 87654321 -n 11111111
pkcsconf -u -c 0 -S 11111111 -n 22222222
pkcsconf -p -c 0 -U 22222222 -n "$1"
echo keeper-ready
cat > /dev/null
kill "$(cat /run/pkcsslotd.pid)"
"#;

/// The daemon's world; ends when dropped.
pub struct World {
    keeper: Child,
}

impl World {
    /// Whether this user may make one: root, where namespaces are allowed.
    pub fn is_possible() -> bool {
        let tried = Command::new("unshare")
            .args(["--mount", "--ipc", "mount", "-t", "tmpfs", "tmpfs", "/run"])
            .stderr(Stdio::null())
            .status();
        let possible = tried.is_ok_and(|status| status.success());
        if !possible {
            println!("not run: opencryptoki's daemon needs root and a mount namespace");
        }
        possible
    }

    pub fn start() -> Self {
        let mut keeper = Command::new("unshare")
            .args(["--mount", "--ipc", "sh", "-c", KEEPER, "keeper", PIN])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(keeper.stdout.take().unwrap());
        let ready = said
            .lines()
            .map_while(Result::ok)
            .any(|line| line.ends_with("keeper-ready"));
        assert!(ready, "opencryptoki did not start: see above");
        Self { keeper }
    }

    /// A command inside of it.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.keeper.id().to_string()])
            .args(["--mount", "--ipc"])
            .arg(program);
        command
    }

    /// Kills the daemon as a crash would.
    pub fn kill_daemon(&self) {
        let file = format!("/proc/{}/root/run/pkcsslotd.pid", self.keeper.id());
        let pid = std::fs::read_to_string(file).unwrap();
        let pid = rustix::process::Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Where Debian puts the module.
pub fn module() -> Option<&'static str> {
    const PLACES: [&str; 3] = [
        "/usr/lib/x86_64-linux-gnu/pkcs11/libopencryptoki.so",
        "/usr/lib/aarch64-linux-gnu/pkcs11/libopencryptoki.so",
        "/usr/lib/pkcs11/libopencryptoki.so",
    ];
    PLACES.into_iter().find(|path| Path::new(path).exists())
}
