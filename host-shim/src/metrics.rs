//! Metrics that guests define: process-wide, by name, surviving reloads.

use crate::abi::Status;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Upper bounds of the histogram buckets: Envoy's defaults.
const BUCKETS: [f64; 19] = [
    0.5,
    1.0,
    5.0,
    10.0,
    25.0,
    50.0,
    100.0,
    250.0,
    500.0,
    1000.0,
    2500.0,
    5000.0,
    10000.0,
    30000.0,
    60000.0,
    300_000.0,
    600_000.0,
    1_800_000.0,
    3_600_000.0,
];

/// Kind of a metric, by its ABI number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the ABI's own")]
pub enum MetricKind {
    Counter,
    Gauge,
    Histogram,
}

impl MetricKind {
    /// The kind with this ABI number.
    pub fn from_abi(number: u32) -> Option<Self> {
        Some(match number {
            0 => Self::Counter,
            1 => Self::Gauge,
            2 => Self::Histogram,
            _ => return None,
        })
    }
}

#[derive(Clone, Debug)]
struct Metric {
    name: String,
    kind: MetricKind,
    value: u64,
    buckets: [u64; BUCKETS.len()],
    count: u64,
}

/// All metrics of a host.
#[derive(Debug, Default)]
pub struct Metrics(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    metrics: Vec<Metric>,
    by_name: BTreeMap<String, usize>,
}

impl Metrics {
    /// Defines a metric, or finds the one of that name.
    ///
    /// # Errors
    /// `BadArgument` when the name is known with another kind.
    pub fn define(&self, kind: MetricKind, name: &str) -> Result<u32, Status> {
        let mut inner = self.lock();
        if let Some(&id) = inner.by_name.get(name) {
            let same = inner
                .metrics
                .get(id)
                .is_some_and(|metric| metric.kind == kind);
            return if same {
                id_of(id)
            } else {
                Err(Status::BadArgument)
            };
        }
        let id = inner.metrics.len();
        inner.metrics.push(Metric {
            name: name.to_owned(),
            kind,
            value: 0,
            buckets: [0; BUCKETS.len()],
            count: 0,
        });
        inner.by_name.insert(name.to_owned(), id);
        id_of(id)
    }

    /// Adds to a counter (never negative) or a gauge.
    pub fn increment(&self, id: u32, offset: i64) -> Status {
        self.with(id, |metric| match metric.kind {
            MetricKind::Counter if offset < 0 => Status::BadArgument,
            MetricKind::Counter | MetricKind::Gauge => {
                metric.value = metric.value.saturating_add_signed(offset);
                Status::Ok
            }
            MetricKind::Histogram => Status::BadArgument,
        })
    }

    /// Sets a gauge, adds a value to a counter, or samples into a histogram, as Envoy does.
    pub fn record(&self, id: u32, value: u64) -> Status {
        self.with(id, |metric| {
            match metric.kind {
                MetricKind::Counter => metric.value = metric.value.saturating_add(value),
                MetricKind::Gauge => metric.value = value,
                MetricKind::Histogram => {
                    metric.count += 1;
                    metric.value = metric.value.saturating_add(value);
                    for (bucket, bound) in metric.buckets.iter_mut().zip(BUCKETS) {
                        *bucket += u64::from(value as f64 <= bound);
                    }
                }
            }
            Status::Ok
        })
    }

    /// Value of a counter or gauge.
    ///
    /// # Errors
    /// `NotFound` for an unknown id, `BadArgument` for a histogram.
    pub fn value(&self, id: u32) -> Result<u64, Status> {
        let inner = self.lock();
        let metric = inner.metrics.get(id as usize).ok_or(Status::NotFound)?;
        match metric.kind {
            MetricKind::Histogram => Err(Status::BadArgument),
            MetricKind::Counter | MetricKind::Gauge => Ok(metric.value),
        }
    }

    /// Value by name: of a histogram, how many samples it holds. `None` when never defined.
    pub fn by_name(&self, name: &str) -> Option<u64> {
        let inner = self.lock();
        let metric = inner.metrics.get(*inner.by_name.get(name)?)?;
        Some(if metric.kind == MetricKind::Histogram {
            metric.count
        } else {
            metric.value
        })
    }

    /// Names defined, sorted.
    pub fn names(&self) -> Vec<String> {
        self.lock().by_name.keys().cloned().collect()
    }

    /// Prometheus text. Labels that a guest writes into a name (`requests_policy=a_total`) are lifted
    /// out, as the `stats_tags` of an Envoy do: each stands between the last `_` before its `=` and
    /// the last `_` before the next one, and what follows the last value is the unit. A character
    /// that a metric name may not hold becomes `_`.
    pub fn prometheus_text(&self) -> String {
        let inner = self.lock();
        let mut families: BTreeMap<String, (MetricKind, String)> = BTreeMap::new();
        for metric in inner
            .by_name
            .values()
            .filter_map(|&id| inner.metrics.get(id))
        {
            let (name, labels) = lift(&metric.name);
            let (_, lines) = families
                .entry(name.clone())
                .or_insert_with(|| (metric.kind, String::new()));
            write_metric(lines, &name, &labels, metric);
        }
        let mut out = String::new();
        for (name, (kind, lines)) in families {
            let kind = match kind {
                MetricKind::Counter => "counter",
                MetricKind::Gauge => "gauge",
                MetricKind::Histogram => "histogram",
            };
            // Writing into a String cannot fail.
            let _ = writeln!(out, "# TYPE {name} {kind}");
            out.push_str(&lines);
        }
        out
    }

    fn with(&self, id: u32, change: impl FnOnce(&mut Metric) -> Status) -> Status {
        self.lock()
            .metrics
            .get_mut(id as usize)
            .map_or(Status::NotFound, change)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn id_of(index: usize) -> Result<u32, Status> {
    u32::try_from(index).map_err(|_| Status::InternalFailure)
}

/// Name and labels (`policy="a",reason="b"`) of what a guest calls a metric.
fn lift(written: &str) -> (String, String) {
    let plain = |text: &str| -> String {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        text.chars()
            .map(|c| if allowed(c) { c } else { '_' })
            .collect()
    };
    let mut parts = written.split('=');
    let head = parts.next().unwrap_or_default();
    let Some((name, mut label)) = head.rsplit_once('_').filter(|_| head.len() < written.len())
    else {
        return (plain(written), String::new());
    };
    let (mut labels, mut unit) = (Vec::new(), "");
    for part in parts {
        let (value, next) = part.rsplit_once('_').unwrap_or((part, ""));
        let value = value.replace('\\', "\\\\").replace('"', "\\\"");
        labels.push(format!("{}=\"{value}\"", plain(label)));
        (label, unit) = (next, next);
    }
    let separator = if unit.is_empty() { "" } else { "_" };
    (plain(&format!("{name}{separator}{unit}")), labels.join(","))
}

fn write_metric(out: &mut String, name: &str, labels: &str, metric: &Metric) {
    let braced = |more: &str| match (labels, more) {
        ("", "") => String::new(),
        ("", only) | (only, "") => format!("{{{only}}}"),
        (labels, more) => format!("{{{labels},{more}}}"),
    };
    // Writing into a String cannot fail.
    if metric.kind != MetricKind::Histogram {
        let _ = writeln!(out, "{name}{} {}", braced(""), metric.value);
        return;
    }
    for (count, bound) in metric.buckets.iter().zip(BUCKETS) {
        let le = braced(&format!("le=\"{bound}\""));
        let _ = writeln!(out, "{name}_bucket{le} {count}");
    }
    let all = braced("le=\"+Inf\"");
    let _ = writeln!(out, "{name}_bucket{all} {}", metric.count);
    let _ = writeln!(out, "{name}_sum{} {}", braced(""), metric.value);
    let _ = writeln!(out, "{name}_count{} {}", braced(""), metric.count);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_fills_the_buckets_at_and_above_its_value() {
        let metrics = Metrics::default();
        let id = metrics
            .define(MetricKind::Histogram, "sealgate_us")
            .unwrap();
        assert_eq!(metrics.record(id, 10), Status::Ok);
        let text = metrics.prometheus_text();
        assert!(text.contains("sealgate_us_bucket{le=\"5\"} 0\n"), "{text}");
        assert!(text.contains("sealgate_us_bucket{le=\"10\"} 1\n"), "{text}");
        assert!(text.contains("sealgate_us_sum 10\n"), "{text}");
        assert_eq!(metrics.value(id), Err(Status::BadArgument));
    }

    #[test]
    fn labels_are_lifted_out_of_names_and_one_family_has_one_type() {
        let metrics = Metrics::default();
        for (name, more) in [
            ("x_requests_policy=a_b_stage=none_total", 2),
            ("x_requests_policy=pay_stage=token_total", 1),
            ("x_plain_total", 5),
        ] {
            let id = metrics.define(MetricKind::Counter, name).unwrap();
            metrics.increment(id, more);
        }
        let text = metrics.prometheus_text();
        let wanted = "# TYPE x_plain_total counter\nx_plain_total 5\n# TYPE x_requests_total counter\n\
                      x_requests_total{policy=\"a_b\",stage=\"none\"} 2\n\
                      x_requests_total{policy=\"pay\",stage=\"token\"} 1\n";
        assert_eq!(text, wanted);
    }

    #[test]
    fn a_counter_never_goes_down() {
        let metrics = Metrics::default();
        let id = metrics.define(MetricKind::Counter, "a").unwrap();
        assert_eq!(metrics.increment(id, 2), Status::Ok);
        assert_eq!(metrics.increment(id, -1), Status::BadArgument);
        assert_eq!(metrics.by_name("a"), Some(2));
        assert_eq!(metrics.define(MetricKind::Counter, "a"), Ok(id));
        assert_eq!(
            metrics.define(MetricKind::Gauge, "a"),
            Err(Status::BadArgument)
        );
        assert_eq!(metrics.increment(99, 1), Status::NotFound);
    }
}
