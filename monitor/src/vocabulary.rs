//! Which metric means what: one table. A metric that is absent costs nothing; one that is new takes
//! a line here and none anywhere else.

mod table;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::round::{Labels, Role, Signal};
use crate::text::Sample;

/// How a number is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, and starts at zero with its process.
    Count,
    /// It stands somewhere.
    Level,
}

/// One metric.
struct Row {
    metric: &'static str,
    role: Role,
    signal: Signal,
    kind: Kind,
    /// Their label, our label.
    labels: &'static [(&'static str, &'static str)],
    /// A label that we know without being told.
    fixed: Option<(&'static str, &'static str)>,
}

static BY_NAME: LazyLock<HashMap<&'static str, &'static Row>> =
    LazyLock::new(|| table::ROWS.iter().map(|row| (row.metric, row)).collect());

/// Whether a metric of this name is read at all.
#[must_use]
pub fn is_known(metric: &str, role: Role) -> bool {
    row(metric).is_some_and(|row| row.role == role)
}

/// What a sample says, if it says something.
#[must_use]
pub fn meaning(sample: &Sample<'_>) -> Option<(Signal, Kind, Labels)> {
    let row = row(sample.name)?;
    let theirs = |name: &str| {
        let mut labels = sample.labels.iter();
        labels
            .find(|label| label.0 == name)
            .map(|label| label.1.as_str())
    };
    // The admin interface's own traffic is nobody's.
    if theirs("envoy_http_conn_manager_prefix") == Some("admin")
        || theirs("envoy_listener_address").is_some_and(|address| address == "admin")
    {
        return None;
    }
    if row.signal == Signal::Succeeded && theirs("envoy_response_code_class") != Some("2") {
        return None;
    }
    let labels = row
        .labels
        .iter()
        .filter_map(|(their, our)| Some((*our, theirs(their)?)))
        .chain(row.fixed);
    Some((row.signal, row.kind, Labels::new(labels)))
}

/// The row of a metric; names with a part of their own in the middle are known by their ends.
fn row(metric: &str) -> Option<&'static Row> {
    BY_NAME.get(metric).copied().or_else(|| {
        table::PATTERNS
            .iter()
            .find(|(start, end, _)| metric.starts_with(start) && metric.ends_with(end))
            .map(|(_, _, row)| *row)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_metric_is_in_the_table_twice() {
        assert_eq!(BY_NAME.len(), table::ROWS.len());
    }

    #[test]
    fn a_line_of_the_gate_becomes_a_verdict() {
        let line = r#"sealgate_requests_total{policy="pay",outcome="refused",reason="replayed"} 4"#;
        let page = crate::text::read(line, |name| is_known(name, Role::Gateway));
        let (signal, kind, labels) = meaning(&page.samples[0]).expect("a meaning");
        assert_eq!((signal, kind), (Signal::Verdict, Kind::Count));
        assert_eq!(
            labels.to_string(),
            "outcome refused, policy pay, reason replayed"
        );
    }

    #[test]
    fn the_admin_interface_is_not_the_public_side() {
        let line = r#"envoy_http_downstream_rq_total{envoy_http_conn_manager_prefix="admin"} 4"#;
        let page = crate::text::read(line, |name| is_known(name, Role::Gateway));
        assert_eq!(meaning(&page.samples[0]), None);
    }
}
