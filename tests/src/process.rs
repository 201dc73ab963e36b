//! Child processes that cannot outlive the test run.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running program, killed on drop and when the test process dies for any reason.
///
/// Suites keep shared servers in statics, which Rust never drops; a small shell therefore waits on a
/// pipe that only this process holds, and kills the program when the pipe closes.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
}

const GUARD: &str = r#"exec 3<&0 </dev/null
( read -r _ <&3 || kill -KILL $$ ) 3<&3 &
exec 3<&-
exec "$@""#;

impl Process {
    /// Starts `program` with its output (both streams) in the file `log`.
    pub fn start<A: AsRef<OsStr>>(
        program: &Path,
        arguments: impl IntoIterator<Item = A>,
        environment: &[(String, String)],
        log: &Path,
    ) -> Self {
        let output = File::create(log).expect("log file");
        let child = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(program)
            .args(arguments)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(output.try_clone().expect("log file"))
            .stderr(output)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", program.display()));
        Self {
            child,
            log: log.to_owned(),
        }
    }

    /// Waits until `ready` gives a value; fails with the log when the program ends or time is up.
    pub fn wait_for<T>(&mut self, limit: Duration, mut ready: impl FnMut() -> Option<T>) -> T {
        let until = Instant::now() + limit;
        loop {
            if let Some(value) = ready() {
                return value;
            }
            if let Some(status) = self.child.try_wait().expect("child status") {
                panic!("the program ended with {status}:\n{}", self.log());
            }
            assert!(
                Instant::now() < until,
                "not ready within {limit:?}:\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What the program printed so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// The process id, for signals and `/proc`.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// True while the program runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A line dismisses the guard, so that it never kills a process id that was given away again.
        if let Some(stdin) = self.child.stdin.as_mut() {
            let _ = stdin.write_all(b"dismissed\n");
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_killed_on_drop() {
        let folder = tempfile::tempdir().expect("folder");
        let log = folder.path().join("log");
        let process = Process::start(Path::new("sleep"), ["1000"], &[], &log);
        let proc = PathBuf::from(format!("/proc/{}", process.id()));
        assert!(proc.exists());
        drop(process);
        assert!(!proc.exists());
    }

    #[test]
    fn closing_the_pipe_kills_the_process() {
        let folder = tempfile::tempdir().expect("folder");
        let mut process = Process::start(
            Path::new("sleep"),
            ["1000"],
            &[],
            &folder.path().join("log"),
        );
        drop(process.child.stdin.take());
        let until = Instant::now() + Duration::from_secs(5);
        while process.is_running() {
            assert!(Instant::now() < until, "the guard did not act");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
