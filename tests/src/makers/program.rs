//! Programs of `tests/makers`, in node or Python, with the packages they import.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::required;

/// A node program of a folder of `tests/makers` (`.` for itself).
pub fn node(folder: &str, script: &str) -> Command {
    let mut command = Command::new(required::node());
    command
        .arg(script)
        .env("SEALGATE_NODE_MODULES", required::node_modules());
    placed(command, folder)
}

/// A Python program of a folder of `tests/makers`.
pub fn python(folder: &str, script: &str) -> Command {
    let mut command = Command::new("python3");
    command
        .args(["-B", script])
        .env("SEALGATE_PYTHON_PACKAGES", required::python_packages());
    placed(command, folder)
}

fn placed(mut command: Command, folder: &str) -> Command {
    let makers = required::repository().join("tests/makers");
    command
        .current_dir(makers.join(folder))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

/// Runs the program on one JSON value and reads the one that it prints.
///
/// # Panics
/// When it ends badly.
pub fn answer(mut command: Command, question: &Value) -> Value {
    let mut child = command.spawn().expect("the program starts");
    let mut input = child.stdin.take().expect("stdin");
    input
        .write_all(question.to_string().as_bytes())
        .expect("the program listens");
    drop(input);
    let output = child.wait_with_output().expect("the program ends");
    assert!(output.status.success(), "{command:?}: {output:?}");
    serde_json::from_slice(&output.stdout).expect("the program answers JSON")
}
