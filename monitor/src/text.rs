//! Prometheus' text format (0.0.4) and OpenMetrics 1.0, as far as samples go.
//!
//! Lines that do not follow the grammar are skipped and counted: a page with one bad line still
//! says a lot, and a monitor that goes blind because of it says nothing. The libraries that were
//! looked at read the former format only, and bring a regular expression engine and a calendar.

use crate::limits::{MAX_PAGE_LINES, MAX_VALUE_BYTES};

/// One sample line.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample<'p> {
    /// Name of the metric, with its suffix (`_total`, `_sum`, ...).
    pub name: &'p str,
    /// Labels in the order of the page, values unescaped.
    pub labels: Vec<(&'p str, String)>,
    /// The value.
    pub value: f64,
}

/// A page, read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page<'p> {
    /// What could be read.
    pub samples: Vec<Sample<'p>>,
    /// Lines that could not.
    pub bad_lines: usize,
}

/// Reads a page, keeping the samples whose name `wanted` accepts.
pub fn read<'p>(page: &'p str, wanted: impl Fn(&str) -> bool) -> Page<'p> {
    let mut read = Page::default();
    for line in page.lines().take(MAX_PAGE_LINES) {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let name = line
            .split(['{', ' ', '\t'])
            .next()
            .filter(|name| is_name(name));
        match name {
            Some(name) if !wanted(name) => {}
            Some(name) => match sample(name, line.get(name.len()..).unwrap_or_default()) {
                Some(sample) => read.samples.push(sample),
                None => read.bad_lines += 1,
            },
            None => read.bad_lines += 1,
        }
    }
    read
}

/// What follows the name: labels, value, and perhaps a time or an exemplar, which nobody reads.
fn sample<'p>(name: &'p str, rest: &'p str) -> Option<Sample<'p>> {
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inner) => labels(inner)?,
        None => (Vec::new(), rest),
    };
    let value = rest.split_ascii_whitespace().next()?;
    let value = match value {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        number => number.parse().ok()?,
    };
    Some(Sample {
        name,
        labels,
        value,
    })
}

/// Reads `name="value",...}`; returns the labels and what comes after the brace.
fn labels(mut rest: &str) -> Option<(Vec<(&str, String)>, &str)> {
    let mut labels = Vec::new();
    loop {
        rest = rest.trim_ascii_start();
        if let Some(after) = rest.strip_prefix('}') {
            return Some((labels, after));
        }
        let (name, after) = rest.split_once('=')?;
        let name = name.trim_ascii();
        if !is_name(name) {
            return None;
        }
        let (value, after) = quoted(after.trim_ascii_start().strip_prefix('"')?)?;
        labels.push((name, value));
        rest = after.trim_ascii_start();
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None if rest.starts_with('}') => {}
            None => return None,
        }
    }
}

/// The value up to its closing quote, cut at its bound, and what comes after.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        let character = match character {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => match characters.next()?.1 {
                'n' => '\n',
                other => other,
            },
            other => other,
        };
        if value.len() + character.len_utf8() <= MAX_VALUE_BYTES {
            value.push(character);
        }
    }
    None
}

fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    let letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || byte == b':';
    bytes.next().is_some_and(letter) && bytes.all(|byte| letter(byte) || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(page: &str) -> Page<'_> {
        read(page, |_| true)
    }

    #[test]
    fn the_formats_own_example_lines() {
        let page = all(concat!(
            "# HELP http_requests_total The total number of HTTP requests.\n",
            "http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\n",
            "msdos_file_access_time_seconds{path=\"C:\\\\DIR\\\\FILE.TXT\",error=\"Cannot find file:\\n\\\"FILE.TXT\\\"\"} 1.458255915e9\n",
            "metric_without_timestamp_and_labels 12.47\n",
            "something_weird{problem=\"division by zero\"} +Inf -3982045\n",
            "foo_bucket{le=\"0.1\",} 8 # {trace_id=\"x\"} 0.05\n",
            "# EOF\n",
        ));
        assert_eq!(page.bad_lines, 0);
        let names: Vec<_> = page
            .samples
            .iter()
            .map(|one| (one.name, one.value))
            .collect();
        assert_eq!(
            names,
            [
                ("http_requests_total", 1027.0),
                ("msdos_file_access_time_seconds", 1.458_255_915e9),
                ("metric_without_timestamp_and_labels", 12.47),
                ("something_weird", f64::INFINITY),
                ("foo_bucket", 8.0),
            ]
        );
        assert_eq!(
            page.samples[1].labels,
            [
                ("path", "C:\\DIR\\FILE.TXT".to_owned()),
                ("error", "Cannot find file:\n\"FILE.TXT\"".to_owned()),
            ]
        );
    }

    #[test]
    fn lines_that_are_no_samples_are_counted_and_harm_no_other() {
        let page = all("1bad 3\na{b} 1\na{b=\"c} 1\na{b=\"c\"d=\"e\"} 1\na x\na\ngood 1\n");
        assert_eq!((page.samples.len(), page.bad_lines), (1, 6));
    }

    #[test]
    fn a_long_value_is_cut() {
        let line = format!("a{{b=\"{}\"}} 1", "ü".repeat(1000));
        assert_eq!(all(&line).samples[0].labels[0].1.len(), MAX_VALUE_BYTES);
    }
}
