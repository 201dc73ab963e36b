//! The closing table.

use std::time::{Duration, Instant};

use anstream::println;
use anyhow::Result;

use crate::say;

/// How a step ended.
pub(crate) enum Outcome {
    Passed,
    /// It could not run here, and that is no fault; the reason is printed.
    NotHere(String),
    /// Tests ran: how many passed, failed and were ignored.
    Counted(Counts),
}

/// Totals over test binaries.
#[derive(Default, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
}

struct Row {
    name: String,
    took: Duration,
    good: bool,
    remark: String,
}

/// Collects the steps; a failed one does not stop those after it.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
    counts: Option<Counts>,
}

impl Report {
    /// Runs a step and records how it ended.
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce() -> Result<Outcome>) {
        let began = Instant::now();
        let (good, remark) = match work() {
            Ok(Outcome::Passed) => (true, String::new()),
            Ok(Outcome::NotHere(reason)) => (true, format!("not run: {reason}")),
            Ok(Outcome::Counted(counts)) => {
                let total = self.counts.get_or_insert_default();
                total.passed += counts.passed;
                total.failed += counts.failed;
                total.ignored += counts.ignored;
                (
                    counts.failed == 0 && counts.passed > 0,
                    format!("{} tests", counts.passed),
                )
            }
            Err(error) => {
                say::error(&error);
                let text = format!("{error:#}");
                (false, text.lines().next().unwrap_or_default().to_owned())
            }
        };
        self.rows.push(Row {
            name: name.to_owned(),
            took: began.elapsed(),
            good,
            remark,
        });
    }

    /// Records a step that had to be left out because an earlier one failed: a fault.
    pub(crate) fn skip(&mut self, name: &str, reason: &str) {
        let remark = format!("not run: {reason}");
        self.rows.push(Row {
            name: name.to_owned(),
            took: Duration::ZERO,
            good: false,
            remark,
        });
    }

    /// Prints the table; `true` when every step was good.
    pub(crate) fn close(self) -> bool {
        say::step("summary");
        let width = self
            .rows
            .iter()
            .map(|row| row.name.len())
            .max()
            .unwrap_or_default();
        for row in &self.rows {
            let (style, word) = if row.good {
                (say::GOOD, "ok  ")
            } else {
                (say::BAD, "FAIL")
            };
            println!(
                "    {style}{word}{style:#}  {:width$}  {:>7.1} s  {}",
                row.name,
                row.took.as_secs_f64(),
                row.remark
            );
        }
        let good = self.rows.iter().all(|row| row.good);
        if let Some(counts) = self.counts {
            println!();
            println!(
                "{} passed, {} failed, {} skipped",
                counts.passed, counts.failed, counts.ignored
            );
        }
        let (style, word) = if good {
            (say::GOOD, "all good")
        } else {
            (say::BAD, "there are faults")
        };
        println!("{style}{word}{style:#}");
        good
    }
}
