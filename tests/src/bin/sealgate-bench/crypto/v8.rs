//! V8, in a node process: one order and one answer a line.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use sealgate_tests::required;
use serde_json::{Value, json};

use super::engine::Engine;

const SCRIPT: &str = include_str!("v8.mjs");

/// A node process with an instance of the guest. It ends when its input closes.
pub(crate) struct V8 {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    version: String,
}

impl V8 {
    /// Starts node and instantiates the guest.
    ///
    /// # Errors
    /// node is missing, or the module does not load.
    pub(crate) fn start(module: &Path) -> anyhow::Result<Self> {
        let node = required::node();
        let mut child = Command::new(&node)
            .args(["--input-type=module", "--eval", SCRIPT])
            .arg(module)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", node.display()))?;
        let input = child.stdin.take().context("node has no input")?;
        let output = BufReader::new(child.stdout.take().context("node has no output")?);
        let mut v8 = Self {
            child,
            input,
            output,
            version: String::new(),
        };
        let hello = v8.answer().context("the guest does not load in node")?;
        v8.version = hello["version"].as_str().unwrap_or("V8").to_owned();
        Ok(v8)
    }

    fn ask(&mut self, question: &Value) -> anyhow::Result<Value> {
        writeln!(self.input, "{question}")?;
        self.input.flush()?;
        self.answer()
    }

    fn answer(&mut self) -> anyhow::Result<Value> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        serde_json::from_str(&line).with_context(|| format!("node answers {line:?}"))
    }
}

impl Engine for V8 {
    fn version(&self) -> String {
        self.version.clone()
    }

    fn prepare(&mut self, operation: u32, bytes: usize) -> anyhow::Result<usize> {
        let answer = self.ask(&json!({ "prepare": operation, "bytes": bytes }))?;
        let length = answer["length"].as_u64().context("node gives no length")?;
        Ok(usize::try_from(length)?)
    }

    fn run(&mut self, times: u32) -> anyhow::Result<Duration> {
        let answer = self.ask(&json!({ "run": times }))?;
        ensure!(answer["right"] == 1, "a result in V8 is wrong");
        let taken = answer["nanoseconds"]
            .as_u64()
            .context("node gives no time")?;
        Ok(Duration::from_nanos(taken))
    }
}

impl Drop for V8 {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
