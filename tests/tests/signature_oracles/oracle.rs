//! The processes that answer with the vendors' libraries: one question and one answer a line.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command};
use std::sync::{Mutex, OnceLock, PoisonError};

use sealgate_tests::makers::program;
use serde_json::{Value, json};

/// Which language's libraries answer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Oracle {
    Node,
    Python,
}

impl Oracle {
    /// The header fields that a library adds to a request.
    pub(crate) fn sign(self, question: &Value) -> Vec<(String, String)> {
        let answer = self.ask(question, "sign");
        let fields = answer["headers"].as_object().expect("header fields");
        let text = |value: &Value| value.as_str().expect("a header value").to_owned();
        fields
            .iter()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect()
    }

    /// Whether a library takes a request, and what it said if not.
    pub(crate) fn verify(self, question: &Value) -> Result<(), String> {
        let answer = self.ask(question, "verify");
        match answer["valid"].as_bool().expect("an answer") {
            true => Ok(()),
            false => Err(answer["why"].as_str().unwrap_or("no").to_owned()),
        }
    }

    fn ask(self, question: &Value, verb: &str) -> Value {
        static NODE: OnceLock<Mutex<Process>> = OnceLock::new();
        static PYTHON: OnceLock<Mutex<Process>> = OnceLock::new();
        let process = match self {
            Self::Node => NODE.get_or_init(|| Mutex::new(Process::node())),
            Self::Python => PYTHON.get_or_init(|| Mutex::new(Process::python())),
        };
        let mut question = question.clone();
        question["do"] = json!(verb);
        let mut process = process.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = process.ask(&question);
        assert!(
            answer.get("error").is_none(),
            "{self:?}: {}",
            answer["error"]
        );
        answer
    }
}

/// A running maker. It ends when its input closes, so it cannot outlive the tests.
struct Process {
    _child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Process {
    fn node() -> Self {
        Self::start(program::node("signatures", "node/main.mjs"))
    }

    fn python() -> Self {
        Self::start(program::python("signatures", "python/main.py"))
    }

    fn start(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the maker starts");
        Self {
            input: child.stdin.take().expect("stdin"),
            output: BufReader::new(child.stdout.take().expect("stdout")),
            _child: child,
        }
    }

    fn ask(&mut self, question: &Value) -> Value {
        writeln!(self.input, "{question}").expect("the maker listens");
        self.input.flush().expect("the maker listens");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the maker answers");
        serde_json::from_str(&line).expect("the maker answers JSON")
    }
}
