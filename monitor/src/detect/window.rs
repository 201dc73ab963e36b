//! Sums over the last seconds.

use std::collections::VecDeque;

use crate::round::Millis;

/// Additive values of the last seconds.
#[derive(Debug, Clone)]
pub(super) struct Window<T> {
    length: Millis,
    entries: VecDeque<(Millis, f64, T)>,
}

/// What can be summed.
pub(super) trait Add: Default + Clone {
    /// Adds another.
    fn add(&mut self, other: &Self);
}

impl Add for f64 {
    fn add(&mut self, other: &Self) {
        *self += other;
    }
}

impl<const N: usize> Add for [f64; N]
where
    [f64; N]: Default,
{
    fn add(&mut self, other: &Self) {
        for (sum, value) in self.iter_mut().zip(other) {
            *sum += value;
        }
    }
}

impl<T: Add> Window<T> {
    /// Empty, of this many seconds.
    pub(super) fn new(seconds: i64) -> Self {
        Self {
            length: seconds.saturating_mul(1000),
            entries: VecDeque::new(),
        }
    }

    /// Adds what came in the `span` seconds before `at`; returns what thereby left the window, with
    /// its span.
    pub(super) fn push(&mut self, at: Millis, span: f64, value: T) -> Vec<(f64, T)> {
        self.entries.push_back((at, span, value));
        let mut left = Vec::new();
        while let Some((earliest, ..)) = self.entries.front() {
            if at.saturating_sub(*earliest) < self.length {
                break;
            }
            if let Some((_, span, value)) = self.entries.pop_front() {
                left.push((span, value));
            }
        }
        left
    }

    /// The sum.
    pub(super) fn sum(&self) -> T {
        let mut sum = T::default();
        for (.., value) in &self.entries {
            sum.add(value);
        }
        sum
    }

    /// Seconds that the sum covers.
    pub(super) fn span(&self) -> f64 {
        self.entries.iter().map(|(_, span, _)| span).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_the_window_leaves_it() {
        let mut window = Window::<f64>::new(20);
        for second in 0..10 {
            let left = window.push(second * 5_000, 5.0, second as f64);
            assert_eq!(left.len(), usize::from(second >= 4));
        }
        assert_eq!((window.sum(), window.span()), (6.0 + 7.0 + 8.0 + 9.0, 20.0));
    }
}
