//! Short names for what every test here does.

use sealgate_scan::{Class, Limits, Report, ScanPolicy, Scanner, extract};

/// The report over what `extract` hands on.
pub(crate) fn report(extract: impl FnOnce(&mut Scanner)) -> Report {
    let mut scanner = Scanner::new(&ScanPolicy::default());
    extract(&mut scanner);
    scanner.finish()
}

/// The report over a body that has to be well-formed.
#[allow(dead_code, reason = "not every test file scans bodies")]
pub(crate) fn body_report(content_type: &str, body: &str) -> Report {
    // A repeated key is refused by itself; here its values are looked at.
    let limits = Limits {
        duplicate_keys: true,
        ..Limits::default()
    };
    report(|scanner| {
        extract::body(content_type.as_bytes(), body.as_bytes(), &limits, scanner)
            .unwrap_or_else(|error| panic!("{content_type}: {error}: {body}"));
    })
}

/// The classes found, each once, in order.
#[allow(dead_code, reason = "not every test file asks for classes")]
pub(crate) fn classes(report: &Report) -> Vec<Class> {
    let mut classes: Vec<Class> = report.findings.iter().map(|f| f.class).collect();
    classes.sort();
    classes.dedup();
    classes
}
