//! The demo's own child processes: started with a log file, awaited by what they make, ended with
//! the demo and never by name.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::process::{Child, Command};

/// How long a child may take until it serves.
const START: Duration = Duration::from_secs(30);
/// How long it may take to end when asked.
const END: Duration = Duration::from_secs(3);

/// A running child.
pub(crate) struct Running {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts a child in the background, its output in `folder/NAME.log`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(name: &'static str, command: &mut Command, folder: &Path) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let file = File::create(&log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            // Ctrl-C is the demo's to handle: it ends its children in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        Ok(Self { name, child, log })
    }

    /// Waits until `ready` says so.
    ///
    /// # Errors
    /// When the child ends before, or takes more than 30 s; the end of its log is in the message.
    pub(crate) async fn wait_until(&mut self, ready: impl AsyncFn() -> bool) -> Result<()> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended with {status}:\n{}", self.name, self.last_lines());
            }
            if ready().await {
                return Ok(());
            }
            if began.elapsed() > START {
                bail!(
                    "{} does not serve after 30 s:\n{}",
                    self.name,
                    self.last_lines()
                );
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Where its output goes.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Asks the child to end, and ends it when it does not.
    pub(crate) async fn stop(mut self) {
        if let Some(id) = self.child.id() {
            let asked = std::process::Command::new("kill")
                .arg(id.to_string())
                .status();
            if asked.is_ok() && tokio::time::timeout(END, self.child.wait()).await.is_ok() {
                return;
            }
        }
        let _ = self.child.kill().await;
    }

    fn last_lines(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let from = lines.len().saturating_sub(20);
        lines
            .iter()
            .skip(from)
            .map(|line| format!("    {line}\n"))
            .collect()
    }
}

/// A port of this machine that is free right now.
///
/// # Errors
/// When there is none.
pub(crate) fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?
        .local_addr()?
        .port())
}

/// Whether something listens there.
pub(crate) async fn listens(port: u16) -> bool {
    tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .is_ok()
}
