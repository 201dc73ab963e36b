//! What guests (and the host about them) logged.

use crate::abi::LogLevel;
use crate::limits;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Severity.
    pub level: LogLevel,
    /// Text; bytes that are not UTF-8 are replaced.
    pub text: String,
}

type Sink = Box<dyn Fn(&LogLine) + Send + Sync>;

/// The last lines, and an optional reader of each.
#[derive(Default)]
pub struct Logs {
    lines: Mutex<VecDeque<LogLine>>,
    sink: Option<Sink>,
}

impl Logs {
    /// Logs that also hand each line on.
    pub fn with_sink(sink: impl Fn(&LogLine) + Send + Sync + 'static) -> Self {
        Self {
            lines: Mutex::default(),
            sink: Some(Box::new(sink)),
        }
    }

    /// Records a line.
    pub fn push(&self, level: LogLevel, text: impl Into<String>) {
        let line = LogLine {
            level,
            text: text.into(),
        };
        if let Some(sink) = &self.sink {
            sink(&line);
        }
        let mut lines = self.lock();
        if lines.len() >= limits::LOG_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// A copy of the lines kept.
    pub fn lines(&self) -> Vec<LogLine> {
        self.lock().iter().cloned().collect()
    }

    /// Whether a line contains this text.
    pub fn contains(&self, text: &str) -> bool {
        self.lock().iter().any(|line| line.text.contains(text))
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<LogLine>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logs")
            .field("lines", &self.lines())
            .finish_non_exhaustive()
    }
}
