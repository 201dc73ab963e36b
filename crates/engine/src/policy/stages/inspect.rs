//! Compiles the injection scan.

use sealgate_contract::Contract;
use sealgate_scan::{Class, ClassSet, Exclusion, Limits, Paranoia, ScanPolicy};
use serde_json::Value;

use super::super::compiled::InspectPolicy;
use super::super::fault::Findings;
use super::super::raw::{RawInspect, RawInspectExclusion, RawInspectLimits};
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
    findings.range(&format!("{path}.paranoia"), raw.paranoia, 1, 4);
    let limits = limits(&raw.limits, &format!("{path}.limits"), findings);
    let contract = raw
        .openapi
        .and_then(|document| contract(&document, &format!("{path}.openapi"), findings));
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
        contract,
    })
}

fn limits(raw: &RawInspectLimits, path: &str, findings: &mut Findings) -> Limits {
    let mut bounded = |name: &str, value: u32, low: u32, high: u32| {
        findings.range(&format!("{path}.{name}"), value, low, high);
        usize::try_from(value).unwrap_or(usize::MAX)
    };
    Limits {
        json_depth: bounded("json_depth", raw.json_depth, 1, 128),
        json_keys: bounded("json_keys", raw.json_keys, 1, 1_000_000),
        json_elements: bounded("json_elements", raw.json_elements, 1, 1_000_000),
        string_bytes: bounded("string_bytes", raw.string_bytes, 1, 1 << 24),
        number_bytes: bounded("number_bytes", raw.number_bytes, 1, 1 << 16),
        duplicate_keys: raw.duplicate_keys,
        parts: bounded("parts", raw.parts, 1, 10_000),
        nesting: bounded("nesting", raw.nesting, 1, 16),
        graphql_depth: bounded("graphql_depth", raw.graphql_depth, 1, 64),
        graphql_aliases: bounded("graphql_aliases", raw.graphql_aliases, 1, 10_000),
        graphql_batch: bounded("graphql_batch", raw.graphql_batch, 1, 10_000),
        decoded_ratio: bounded("decoded_ratio", raw.decoded_ratio, 1, 10_000),
        fields: bounded("fields", raw.fields, 16, 1_000_000),
        ..Limits::default()
    }
}

fn contract(document: &Value, path: &str, findings: &mut Findings) -> Option<Contract> {
    if document.get("openapi").is_none() && document.get("file").is_some() {
        findings.fault(
            path.to_owned(),
            "names a file, which cannot be read here",
            "put the document itself here, as `sealgate run` does",
        );
        return None;
    }
    match Contract::compile(document) {
        Ok(contract) => Some(contract),
        Err(faults) => {
            for fault in faults {
                findings.fault(
                    format!("{path}{}", fault.pointer),
                    fault.problem,
                    "mend the document: what is not enforced must not look as if it were",
                );
            }
            None
        }
    }
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
