//! From a field to findings: byte classes, decoding rounds, detectors.

use crate::bytes::{ByteClasses, classes};
use crate::decode::Decoder;
use crate::detect;
use crate::limits::MAX_DECODE_ROUNDS;
use crate::{ClassSet, Field, Finding, FoundAt, Limits, Report, Sink};

/// What to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScanPolicy {
    /// The classes that are looked for.
    pub classes: ClassSet,
    /// The bounds.
    pub limits: Limits,
}

impl ScanPolicy {
    /// These classes under the default limits.
    pub fn new(classes: ClassSet, limits: Limits) -> Self {
        Self { classes, limits }
    }
}

impl Default for ScanPolicy {
    /// Every class, default limits.
    fn default() -> Self {
        Self::new(ClassSet::all(), Limits::default())
    }
}

/// Scans a list of fields in one call.
pub fn scan(fields: &[Field<'_>], policy: &ScanPolicy) -> Report {
    let mut scanner = Scanner::new(policy);
    fields.iter().for_each(|field| scanner.field(*field));
    scanner.finish()
}

/// Scans the fields of one request as they come; hand it to [`crate::extract`] as the sink.
#[derive(Debug)]
pub struct Scanner {
    policy: ScanPolicy,
    report: Report,
    decoder: Decoder,
    budget: detect::Budget,
}

impl Scanner {
    /// A scanner for one request.
    pub fn new(policy: &ScanPolicy) -> Self {
        Self {
            policy: *policy,
            report: Report::default(),
            decoder: Decoder::default(),
            budget: detect::Budget::default(),
        }
    }

    /// The limits in force, for the extraction calls.
    pub fn limits(&self) -> &Limits {
        &self.policy.limits
    }

    /// Scans one field.
    pub fn field(&mut self, field: Field<'_>) {
        if self.report.fields_scanned >= self.policy.limits.fields {
            self.report.exhausted = true;
            return;
        }
        self.report.fields_scanned = self.report.fields_scanned.saturating_add(1);
        self.report.bytes_scanned = self.report.bytes_scanned.saturating_add(field.value.len());
        let seen = classes(field.value);
        let mut wanted = self.policy.classes;
        self.detect(&field, field.value, seen, &mut wanted);
        if seen.intersects(ByteClasses::ENCODED) && !wanted.is_empty() {
            let mut decoder = core::mem::take(&mut self.decoder);
            decoder.rounds(field.value, MAX_DECODE_ROUNDS, |form| {
                self.detect(&field, form, classes(form), &mut wanted);
            });
            self.decoder = decoder;
        }
    }

    /// The report over all fields.
    pub fn finish(self) -> Report {
        self.report
    }

    /// Runs the detectors that are still wanted on one normal form of the field.
    fn detect(&mut self, field: &Field<'_>, form: &[u8], seen: ByteClasses, wanted: &mut ClassSet) {
        for class in crate::Class::ALL {
            if !wanted.contains(class) {
                continue;
            }
            if let Some(hit) = detect::run(class, form, seen, &mut self.budget) {
                wanted.remove(class);
                let location = FoundAt::new(&field.location, field.part);
                let (detector, score) = (hit.detector, hit.score);
                self.report.push(Finding {
                    class,
                    location,
                    detector,
                    score,
                });
            }
        }
    }
}

impl Sink for Scanner {
    fn field(&mut self, field: Field<'_>) {
        Scanner::field(self, field);
    }
}
