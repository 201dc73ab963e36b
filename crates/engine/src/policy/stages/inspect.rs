//! Compiles the injection scan.

use sealgate_scan::{Class, ClassSet, Exclusion, Paranoia, ScanPolicy};
use serde_json::Value;

use super::super::compiled::InspectPolicy;
use super::super::fault::Findings;
use super::super::raw::{RawInspect, RawInspectExclusion};
use super::super::read::section;
use super::is_header_name;

/// Compiles `inspect`.
pub(super) fn compile(value: Value, path: &str, findings: &mut Findings) -> Option<InspectPolicy> {
    let raw = section::<RawInspect>(value, path, findings)?;
    let classes = match &raw.classes {
        Some(names) => classes(names, &format!("{path}.classes"), findings),
        None => ClassSet::standard(),
    };
    for (index, name) in raw.headers.iter().enumerate() {
        if !is_header_name(name) {
            findings.fault(
                format!("{path}.headers[{index}]"),
                "is not a header name",
                "write it in lower case",
            );
        }
    }
    let range = |name: &str, value, low, high, findings: &mut Findings| {
        findings.range(&format!("{path}.{name}"), value, low, high);
    };
    range("paranoia", raw.paranoia, 1, 4, findings);
    range("limits.json_depth", raw.limits.json_depth, 1, 128, findings);
    range("limits.fields", raw.limits.fields, 16, 1_000_000, findings);
    let limits = sealgate_scan::Limits {
        json_depth: usize::try_from(raw.limits.json_depth).unwrap_or(usize::MAX),
        fields: usize::try_from(raw.limits.fields).unwrap_or(usize::MAX),
        ..Default::default()
    };
    let mut scan = ScanPolicy::new(classes, limits);
    scan.paranoia = Paranoia::from_level(raw.paranoia).unwrap_or_default();
    scan.protected_names = raw.protected_names.into();
    scan.exclusions = raw
        .exclude
        .into_iter()
        .enumerate()
        .map(|(index, raw)| exclusion(raw, &format!("{path}.exclude[{index}]"), findings))
        .collect();
    Some(InspectPolicy {
        mode: raw.mode,
        headers: raw.headers,
        scan,
    })
}

/// The set of the classes named at a place of the document.
fn classes(names: &[String], path: &str, findings: &mut Findings) -> ClassSet {
    let mut classes = ClassSet::EMPTY;
    if names.is_empty() {
        findings.fault(
            path.to_owned(),
            "is empty",
            "write for instance [sqli, xss]",
        );
    }
    for (index, name) in names.iter().enumerate() {
        match Class::from_name(name) {
            Some(class) => classes.insert(class),
            None => findings.fault(
                format!("{path}[{index}]"),
                format!("{name} is not a class this release detects"),
                format!("write one of {}", Class::ALL.map(Class::name).join(", ")),
            ),
        }
    }
    classes
}

fn exclusion(raw: RawInspectExclusion, path: &str, findings: &mut Findings) -> Exclusion {
    const KINDS: [&str; 11] = [
        "path",
        "query",
        "header",
        "cookie",
        "form",
        "multipart",
        "json",
        "xml",
        "graphql",
        "claim",
        "text",
    ];
    let kind = raw.at.split([':', ' ']).next().unwrap_or_default();
    if !KINDS.contains(&kind) {
        findings.fault(
            format!("{path}.at"),
            "names no place",
            "write for instance json:/comment, query:q or header:user-agent",
        );
    }
    let classes = classes(&raw.classes, &format!("{path}.classes"), findings);
    Exclusion::new(raw.at, classes).for_values(raw.values)
}
