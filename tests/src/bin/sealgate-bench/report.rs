//! Figures of rounds, tables for people, and what the machine was.

use serde_json::{Value, json};

/// One figure per round, in the order of the rounds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rounds(Vec<f64>);

impl Rounds {
    /// Adds the next round.
    pub(crate) fn push(&mut self, figure: f64) {
        self.0.push(figure);
    }

    /// The middle figure: what a round gives as a rule.
    pub(crate) fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        match (sorted.get(middle), sorted.len() % 2) {
            (Some(upper), 0) => (upper + sorted[middle - 1]) / 2.0,
            (Some(figure), _) => *figure,
            (None, _) => f64::NAN,
        }
    }

    /// The largest figure: what the machine gives when nothing disturbs it.
    pub(crate) fn best(&self) -> f64 {
        self.0.iter().copied().fold(f64::NAN, f64::max)
    }

    /// Median of the ratios of each round to the same round of another side.
    pub(crate) fn ratio_to(&self, other: &Self) -> f64 {
        self.paired(other, |one, other| one / other)
    }

    /// Median of the differences to the same round of another side.
    pub(crate) fn above(&self, other: &Self) -> f64 {
        self.paired(other, |one, other| one - other)
    }

    /// Every figure times `factor`: another unit.
    pub(crate) fn scaled(self, factor: f64) -> Self {
        Self(self.0.into_iter().map(|figure| figure * factor).collect())
    }

    /// For the report: best and median.
    pub(crate) fn json(&self) -> Value {
        json!({ "best": figure(self.best()), "median": figure(self.median()) })
    }

    fn paired(&self, other: &Self, combine: impl Fn(f64, f64) -> f64) -> f64 {
        Self(
            self.0
                .iter()
                .zip(&other.0)
                .map(|(one, other)| combine(*one, *other))
                .collect(),
        )
        .median()
    }
}

/// Three digits after the point; more would pretend. JSON has no NaN: `null`.
pub(crate) fn figure(figure: f64) -> Value {
    if figure.is_finite() {
        json!((figure * 1e3).round() / 1e3)
    } else {
        Value::Null
    }
}

/// A table on standard output, each line printed as soon as it is known.
pub(crate) struct Table {
    widths: Vec<usize>,
}

impl Table {
    /// Prints title and head. The first column is left-aligned, all others right-aligned.
    pub(crate) fn start(title: &str, columns: &[(&str, usize)]) -> Self {
        println!("\n{title}\n{}", "-".repeat(title.len()));
        let table = Self {
            widths: columns.iter().map(|(_, width)| *width).collect(),
        };
        table.line(columns.iter().map(|(name, _)| (*name).to_owned()));
        table
    }

    /// Prints a line.
    pub(crate) fn line(&self, cells: impl IntoIterator<Item = String>) {
        let mut line = String::new();
        for (index, (cell, width)) in cells.into_iter().zip(&self.widths).enumerate() {
            line.push_str(&match index {
                0 => format!("{cell:<width$}"),
                _ => format!(" {cell:>width$}"),
            });
        }
        println!("{}", line.trim_end());
    }
}

/// A figure for a table; `-` when it is unknown.
pub(crate) fn cell(figure: f64, digits: usize) -> String {
    if figure.is_finite() {
        format!("{figure:.digits$}")
    } else {
        "-".to_owned()
    }
}

/// `1 KiB`.
pub(crate) fn size(bytes: usize) -> String {
    if bytes >= 1 << 20 {
        format!("{} MiB", bytes >> 20)
    } else {
        format!("{} KiB", bytes >> 10)
    }
}

/// What the figures were made on.
pub(crate) fn machine() -> Value {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map(|rest| rest.trim_start_matches([' ', '\t', ':']));
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load
        .split(' ')
        .next()
        .and_then(|load| load.parse::<f64>().ok());
    json!({
        "cpu": model,
        "cores": std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        "os": std::env::consts::OS,
        "arch": std::env::consts::ARCH,
        // Above 0 the machine has other work; the ratios survive that, the absolutes do not.
        "load_before": load,
        "built_with_optimisation": !cfg!(debug_assertions),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(figures: &[f64]) -> Rounds {
        Rounds(figures.to_vec())
    }

    #[test]
    fn the_median_is_the_middle_of_odd_and_even_counts() {
        assert_eq!(rounds(&[3.0, 1.0, 2.0]).median(), 2.0);
        assert_eq!(rounds(&[4.0, 1.0, 2.0, 3.0]).median(), 2.5);
        assert!(rounds(&[]).median().is_nan());
        assert_eq!(rounds(&[3.0, 1.0]).best(), 3.0);
    }

    #[test]
    fn a_ratio_pairs_the_rounds() {
        // The machine was half as fast in the second round, for both sides.
        let (one, other) = (rounds(&[10.0, 5.0, 10.0]), rounds(&[20.0, 10.0, 20.0]));
        assert_eq!(one.ratio_to(&other), 0.5);
        assert_eq!(other.above(&one), 10.0);
    }

    #[test]
    fn unknown_figures_are_null() {
        assert_eq!(figure(f64::NAN), Value::Null);
        assert_eq!(figure(1.23456), json!(1.235));
        assert_eq!(cell(f64::NAN, 1), "-");
    }
}
