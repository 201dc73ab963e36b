//! The counts behind the summary, and the table itself.

use std::collections::BTreeMap;
use std::time::Duration;

use anstream::eprintln;

use super::input::Label;
use super::judge::Verdict;
use crate::print::{DIM, NAME};

/// What was judged so far.
#[derive(Default)]
pub(crate) struct Tally {
    total: Row,
    unreadable: usize,
    /// By what the input says of itself: class and source.
    labels: BTreeMap<(String, String), Row>,
    /// Items with at least one finding of the class, or refused for an error.
    reasons: BTreeMap<String, usize>,
    bytes: usize,
    judging: Duration,
}

#[derive(Default, Clone, Copy)]
struct Row {
    read: usize,
    refused: usize,
}

impl Row {
    fn count(&mut self, refused: bool) {
        self.read = self.read.saturating_add(1);
        self.refused = self.refused.saturating_add(usize::from(refused));
    }

    fn print(self, name: &str) {
        let Self { read, refused } = self;
        let rate = 100.0 * refused as f64 / read.max(1) as f64;
        let passed = read.saturating_sub(refused);
        eprintln!("{name:<44} {read:>8} {refused:>8} {passed:>8} {rate:>8.2} %");
    }
}

impl Tally {
    pub(crate) fn count(&mut self, label: Option<&Label>, verdict: &Result<Verdict, String>) {
        let Ok(verdict) = verdict else {
            self.unreadable = self.unreadable.saturating_add(1);
            return;
        };
        let refused = verdict.refused();
        self.total.count(refused);
        self.bytes = self.bytes.saturating_add(verdict.bytes);
        self.judging = self.judging.saturating_add(verdict.took);
        if let Some(label) = label {
            let source = label.source.clone().unwrap_or_default();
            let row = self.labels.entry((label.class.clone(), source));
            row.or_default().count(refused);
        }
        for reason in verdict.reasons() {
            let count = self.reasons.entry(reason.to_owned()).or_default();
            *count = count.saturating_add(1);
        }
    }

    pub(crate) fn refused(&self) -> usize {
        self.total.refused
    }

    pub(crate) fn unreadable(&self) -> usize {
        self.unreadable
    }

    /// Prints the summary on standard error.
    pub(crate) fn print(&self, elapsed: Duration) {
        let title = "input";
        eprintln!("{NAME}{title:<44}     read  refused   passed      rate{NAME:#}");
        for ((class, source), row) in &self.labels {
            row.print(&format!("{class} {source}"));
        }
        self.total.print("all");
        if self.unreadable > 0 {
            eprintln!("{:<44} {:>8}", "unreadable", self.unreadable);
        }
        if !self.reasons.is_empty() {
            let title = "refused for";
            eprintln!("\n{NAME}{title:<44}    items{NAME:#}");
            for (reason, count) in &self.reasons {
                eprintln!("{reason:<44} {count:>8}");
            }
        }
        let megabytes = self.bytes as f64 / 1e6;
        let (judging, all) = (self.judging.as_secs_f64(), elapsed.as_secs_f64());
        let rate = megabytes / judging.max(1e-9);
        eprintln!(
            "\n{DIM}{megabytes:.2} MB judged in {judging:.3} s, {rate:.1} MB/s; {all:.3} s with reading \
             and printing{DIM:#}"
        );
    }
}
