//! npm jose, in a node process: one order and one answer a line.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use sealgate_tests::required;
use serde_json::{Value, json};

use super::message;
use super::work::{SECRET, gate_jwk, issuer_jwk};
use crate::crypto::engine::Engine;

const SCRIPT: &str = include_str!("npm.mjs");

/// A node process with the library. It ends when its input closes.
pub(super) struct Npm {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    version: String,
}

impl Npm {
    /// Starts node and loads the library.
    ///
    /// # Errors
    /// node or the package is missing.
    pub(super) fn start() -> anyhow::Result<Self> {
        let node = required::node();
        let mut child = Command::new(&node)
            .args(["--input-type=module", "--eval", SCRIPT])
            .env("SEALGATE_NODE_MODULES", required::node_modules())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", node.display()))?;
        let input = child.stdin.take().context("node has no input")?;
        let output = BufReader::new(child.stdout.take().context("node has no output")?);
        let mut npm = Self {
            child,
            input,
            output,
            version: String::new(),
        };
        let hello = npm.answer().context("npm jose does not load in node")?;
        npm.version = hello["version"].as_str().unwrap_or("npm jose").to_owned();
        Ok(npm)
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

impl Engine for Npm {
    fn version(&self) -> String {
        self.version.clone()
    }

    fn prepare(&mut self, operation: u32, bytes: usize) -> anyhow::Result<usize> {
        let sealed = String::from_utf8(message(operation, bytes)?.sealed().to_vec())?;
        let order = match operation {
            0 => json!({ "sealed": sealed, "jwk": gate_jwk(), "issuer": issuer_jwk() }),
            _ => json!({ "sealed": sealed, "secret": Base64UrlUnpadded::encode_string(&SECRET) }),
        };
        let answer = self.ask(&json!({ "prepare": order }))?;
        ensure!(answer["length"] == sealed.len(), "npm jose is not prepared");
        Ok(sealed.len())
    }

    fn run(&mut self, times: u32) -> anyhow::Result<Duration> {
        let answer = self.ask(&json!({ "run": times }))?;
        let taken = answer["nanoseconds"].as_u64();
        Ok(Duration::from_nanos(taken.context("node gives no time")?))
    }
}

impl Drop for Npm {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
