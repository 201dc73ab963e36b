//! A real Valkey or Redis server on a Unix socket, in a folder of its own.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub const PASSWORD: &str = "a password of the tests";

/// A running server; killed when dropped.
pub struct Redis {
    folder: PathBuf,
    child: Child,
}

impl Redis {
    /// Starts a server over `folder`; a second start finds what the first kept on disk.
    pub fn start(folder: &Path, more: &[&str]) -> Self {
        let mut command = Command::new(program());
        command
            .args(["--port", "0", "--dir"])
            .arg(folder)
            .arg("--unixsocket")
            .arg(folder.join("redis.sock"))
            .args([
                "--requirepass",
                PASSWORD,
                "--save",
                "",
                "--loglevel",
                "warning",
            ])
            .args(more)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command.spawn().expect("a server starts");
        let server = Self {
            folder: folder.to_owned(),
            child,
        };
        let start = Instant::now();
        while server.try_ask(&["PING"]).as_deref() != Some("+PONG\r\n") {
            assert!(start.elapsed() < Duration::from_secs(10), "no server");
            std::thread::sleep(Duration::from_millis(5));
        }
        server
    }

    /// One command and its raw answer.
    pub fn ask(&self, words: &[&str]) -> String {
        self.try_ask(words).expect("an answer")
    }

    /// How often SET was carried out.
    pub fn sets(&self) -> u64 {
        let stats = self.ask(&["INFO", "commandstats"]);
        let calls = stats.split("cmdstat_set:calls=").nth(1);
        let number = calls.and_then(|rest| rest.split(',').next());
        number.and_then(|number| number.parse().ok()).unwrap_or(0)
    }

    /// Stops the process in the middle of whatever it does, or lets it go on.
    pub fn freeze(&self, frozen: bool) {
        let signal = if frozen {
            rustix::process::Signal::STOP
        } else {
            rustix::process::Signal::CONT
        };
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    fn try_ask(&self, words: &[&str]) -> Option<String> {
        let mut stream = UnixStream::connect(self.folder.join("redis.sock")).ok()?;
        stream
            .set_read_timeout(Some(Duration::from_millis(500)))
            .ok()?;
        let line = |words: &[&str]| {
            let mut text = format!("*{}\r\n", words.len());
            for word in words {
                text += &format!("${}\r\n{word}\r\n", word.len());
            }
            text
        };
        stream
            .write_all(line(&["AUTH", PASSWORD]).as_bytes())
            .ok()?;
        let mut buffer = [0; 65_536];
        assert_eq!(stream.read(&mut buffer).ok()?, 5, "AUTH is refused");
        stream.write_all(line(words).as_bytes()).ok()?;
        let read = stream.read(&mut buffer).ok()?;
        Some(String::from_utf8_lossy(&buffer[..read]).into_owned())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program() -> &'static str {
    let has = |name: &str| {
        std::env::var_os("PATH")
            .is_some_and(|paths| std::env::split_paths(&paths).any(|path| path.join(name).exists()))
    };
    match ["valkey-server", "redis-server"]
        .into_iter()
        .find(|name| has(name))
    {
        Some(name) => name,
        None => panic!("no valkey-server or redis-server: `cargo xtask test` installs it"),
    }
}
