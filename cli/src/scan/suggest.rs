//! The learning aid: what a policy would have to leave out for this traffic to pass.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use sealgate_scan::Report;

/// Places and classes of the findings in traffic that is known to be right.
#[derive(Default)]
pub(crate) struct Suggestions {
    /// Pattern of the place; classes found there, and in how many items.
    places: BTreeMap<String, (BTreeSet<&'static str>, usize)>,
}

impl Suggestions {
    pub(crate) fn learn(&mut self, report: &Report) {
        let mut here: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
        for finding in &report.findings {
            let place = pattern(&finding.location.to_string());
            here.entry(place).or_default().insert(finding.class.name());
        }
        for (place, classes) in here {
            let (known, items) = self.places.entry(place).or_default();
            known.extend(classes);
            *items = items.saturating_add(1);
        }
    }

    /// Writes the `exclude` member of an `inspect` stage, as YAML.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(crate) fn write(&self, output: &mut impl Write) -> std::io::Result<()> {
        if self.places.is_empty() {
            return writeln!(output, "# nothing was found: no exclusion is needed");
        }
        writeln!(
            output,
            "# For `inspect` of the policy, after a look at each place: an exclusion"
        )?;
        writeln!(output, "# lets attacks of its classes pass there.")?;
        writeln!(output, "exclude:")?;
        for (place, (classes, items)) in &self.places {
            let classes: Vec<&str> = classes.iter().copied().collect();
            // A JSON string is a YAML string.
            let place = serde_json::Value::from(place.as_str());
            let classes = classes.join(", ");
            writeln!(
                output,
                "  - {{ at: {place}, classes: [{classes}] }} # in {items}"
            )?;
        }
        Ok(())
    }
}

/// The place with indexes left open: `json:/items/3/note` is `json:/items/*/note`.
fn pattern(place: &str) -> String {
    let index = |step: &str| !step.is_empty() && step.bytes().all(|b| b.is_ascii_digit());
    let (kind, name) = match place.split_once(':') {
        Some((kind, name)) if name.starts_with('/') => (kind, name),
        Some(("path", index)) => return format!("path:{index}"),
        _ => return place.to_owned(),
    };
    let steps: Vec<&str> = name
        .split('/')
        .map(|step| if index(step) { "*" } else { step })
        .collect();
    format!("{kind}:{}", steps.join("/"))
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn indexes_are_left_open_and_names_are_not() {
        for (place, expected) in [
            ("json:/items/3/note", "json:/items/*/note"),
            ("json:/0/v2", "json:/*/v2"),
            ("json:", "json:"),
            ("query:12", "query:12"),
            ("path:2", "path:2"),
            ("text", "text"),
            ("json:/a/1 (name)", "json:/a/1 (name)"),
        ] {
            assert_eq!(pattern(place), expected);
        }
    }
}
