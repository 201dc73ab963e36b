//! A page of Prometheus text, taken apart.

use std::collections::BTreeMap;

use crate::envoy::Envoy;

/// One line of the page.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Name of the metric.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

/// All samples of one moment.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// In the order of the page.
    pub samples: Vec<Sample>,
}

impl Page {
    /// What a real Envoy shows now.
    pub fn of(envoy: &Envoy) -> Self {
        let page = envoy.admin_get("/stats/prometheus").body;
        Self::parse(&String::from_utf8(page).expect("text"))
    }

    /// Reads a page; lines that are no samples are left out.
    pub fn parse(text: &str) -> Self {
        Self {
            samples: text.lines().filter_map(sample).collect(),
        }
    }

    /// Samples whose name starts with this.
    pub fn starting_with(&self, prefix: &str) -> Vec<&Sample> {
        let fits = |sample: &&Sample| sample.name.starts_with(prefix);
        self.samples.iter().filter(fits).collect()
    }

    /// The value of the one series with this name and exactly these labels.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let wanted: BTreeMap<String, String> = labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let fits = |sample: &&Sample| sample.name == name && sample.labels == wanted;
        self.samples.iter().find(fits).map(|sample| sample.value)
    }

    /// The samples whose name begins so, for messages.
    pub fn named(&self, start: &str) -> Vec<&Sample> {
        let fits = |sample: &&Sample| sample.name.starts_with(start);
        self.samples.iter().filter(fits).collect()
    }

    /// The sum over all series of this name that have at least these labels.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has = |sample: &Sample, (label, value): &(&str, &str)| {
            sample.labels.get(*label).is_some_and(|own| own == value)
        };
        self.samples
            .iter()
            .filter(|sample| sample.name == name && labels.iter().all(|label| has(sample, label)))
            .map(|sample| sample.value)
            .sum()
    }
}

fn sample(line: &str) -> Option<Sample> {
    if line.starts_with('#') {
        return None;
    }
    let (series, value) = line.rsplit_once(' ')?;
    let (name, rest) = series.split_once('{').unwrap_or((series, ""));
    let labels = rest
        .trim_end_matches('}')
        .split("\",")
        .filter_map(|label| label.split_once("=\""))
        .map(|(name, value)| (name.to_owned(), value.trim_end_matches('"').to_owned()))
        .collect();
    Some(Sample {
        name: name.to_owned(),
        labels,
        value: value.parse().ok()?,
    })
}
