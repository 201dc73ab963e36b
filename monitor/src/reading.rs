//! From pages of absolute numbers to rounds of increments.

use std::collections::HashMap;

use crate::limits::MAX_SERIES_PER_SOURCE;
use crate::round::{Labels, Millis, Reach, Reading, Role, Signal, SourceRound};
use crate::{text, vocabulary};

/// Follows one source over its pages.
#[derive(Debug)]
pub struct Reader {
    source: String,
    role: Role,
    before: Option<Before>,
}

#[derive(Debug)]
struct Before {
    at: Millis,
    counts: HashMap<(Signal, Labels), f64>,
}

impl Reader {
    /// Nothing read yet.
    #[must_use]
    pub fn new(source: impl Into<String>, role: Role) -> Self {
        Self {
            source: source.into(),
            role,
            before: None,
        }
    }

    /// Name of the source.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The source did not answer. What it counts until it answers again is attributed to the span
    /// in between.
    #[must_use]
    pub fn failed(&self, why: impl Into<String>) -> SourceRound {
        SourceRound {
            source: self.source.clone(),
            role: self.role,
            reach: Reach::Down(why.into()),
            span_seconds: 0.0,
            flows: Vec::new(),
            levels: Vec::new(),
        }
    }

    /// The source answered with this page. The first page gives levels only. A count that fell
    /// means that its process was started anew: its whole value is the increment, as in
    /// Prometheus' `increase`.
    pub fn read(&mut self, page: &str, at: Millis) -> SourceRound {
        let role = self.role;
        let page = text::read(page, |name| vocabulary::is_known(name, role));
        let mut counts: HashMap<(Signal, Labels), f64> = HashMap::new();
        let mut levels: HashMap<(Signal, Labels), f64> = HashMap::new();
        for sample in &page.samples {
            if !sample.value.is_finite() || counts.len() + levels.len() >= MAX_SERIES_PER_SOURCE {
                continue;
            }
            match vocabulary::meaning(sample) {
                // Several series with one meaning (a listener per address) are one.
                Some((signal, vocabulary::Kind::Count, labels)) => {
                    *counts.entry((signal, labels)).or_default() += sample.value;
                }
                Some((signal, vocabulary::Kind::Level, labels)) => {
                    levels.insert((signal, labels), sample.value);
                }
                None => {}
            }
        }
        let before = self.before.replace(Before { at, counts });
        let (span_seconds, flows) = match (before, &self.before) {
            (Some(before), Some(now)) if at > before.at => {
                let span = at.saturating_sub(before.at);
                (
                    span as f64 / 1000.0,
                    increments(&before.counts, &now.counts),
                )
            }
            _ => (0.0, Vec::new()),
        };
        let mut levels: Vec<Reading> = levels.into_iter().map(reading).collect();
        sort(&mut levels);
        SourceRound {
            source: self.source.clone(),
            role,
            reach: Reach::Up,
            span_seconds,
            flows,
            levels,
        }
    }
}

fn increments(
    before: &HashMap<(Signal, Labels), f64>,
    now: &HashMap<(Signal, Labels), f64>,
) -> Vec<Reading> {
    let mut flows: Vec<Reading> = now
        .iter()
        .filter_map(|(key, &value)| {
            let earlier = before.get(key).copied().unwrap_or(0.0);
            let grown = if value < earlier {
                value
            } else {
                value - earlier
            };
            (grown > 0.0).then(|| reading((key.clone(), grown)))
        })
        .collect();
    sort(&mut flows);
    flows
}

fn reading(((signal, labels), value): ((Signal, Labels), f64)) -> Reading {
    Reading {
        signal,
        labels,
        value,
    }
}

fn sort(readings: &mut [Reading]) {
    readings.sort_by(|left, right| (left.signal, &left.labels).cmp(&(right.signal, &right.labels)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(count: u32) -> String {
        format!(
            "sealgate_requests_total{{policy=\"p\",outcome=\"allowed\",reason=\"none\"}} {count}\n"
        )
    }

    fn grown(round: &SourceRound) -> f64 {
        round.flows_of(Signal::Verdict).map(|one| one.value).sum()
    }

    #[test]
    fn increments_start_with_the_second_page() {
        let mut reader = Reader::new("a", Role::Gateway);
        let first = reader.read(&page(1000), 0);
        assert_eq!((first.span_seconds, grown(&first)), (0.0, 0.0));
        let second = reader.read(&page(1007), 5000);
        assert_eq!((second.span_seconds, grown(&second)), (5.0, 7.0));
    }

    #[test]
    fn a_restart_of_the_source_is_no_negative_increment() {
        let mut reader = Reader::new("a", Role::Gateway);
        let _ = reader.read(&page(1000), 0);
        assert_eq!(grown(&reader.read(&page(3), 5000)), 3.0);
    }

    #[test]
    fn a_gap_is_covered_by_the_span_after_it() {
        let mut reader = Reader::new("a", Role::Gateway);
        let _ = reader.read(&page(10), 0);
        assert!(!reader.failed("refused").is_up());
        let after = reader.read(&page(40), 15_000);
        assert_eq!((after.span_seconds, grown(&after)), (15.0, 30.0));
    }

    #[test]
    fn a_series_that_appears_counts_from_zero() {
        let mut reader = Reader::new("a", Role::Gateway);
        let _ = reader.read("", 0);
        assert_eq!(grown(&reader.read(&page(4), 5000)), 4.0);
    }
}
