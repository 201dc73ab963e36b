//! From a field to findings: byte classes, decoding rounds, detectors.

use crate::bytes::{ByteClasses, classes};
use crate::decode::Decoder;
use crate::detect::{self, Hit};
use crate::extract;
use crate::limits::MAX_DECODE_ROUNDS;
use crate::text::Text;
use crate::vocabulary::Vocabulary;
use crate::{
    Class, ClassSet, Exclusion, Field, Finding, FoundAt, Limits, Location, NormalForm, Part,
    Report, ScanPolicy, Sink, Structure,
};

/// Scans a list of fields in one call.
pub fn scan(fields: &[Field<'_>], policy: &ScanPolicy) -> Report {
    let mut scanner = Scanner::new(policy);
    fields.iter().for_each(|field| scanner.field(*field));
    scanner.finish()
}

/// The shortest name of an attack that is a single word: `__proto__`; an inner container is no shorter.
const SHORT: usize = 8;

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
            policy: policy.clone(),
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
        let limits = self.policy.limits;
        let over = self.report.fields_scanned >= limits.fields
            || self.report.bytes_scanned.saturating_add(field.value.len()) > limits.bytes;
        if over {
            self.report.exhausted = true;
            return;
        }
        self.report.fields_scanned = self.report.fields_scanned.saturating_add(1);
        self.report.bytes_scanned = self.report.bytes_scanned.saturating_add(field.value.len());
        let seen = classes(field.value);
        // A word this short is none of a detector's, but perhaps a name the policy protects.
        let plain = field.value.len() < SHORT && seen.within(ByteClasses::LETTERS);
        if plain && self.policy.protected_names.is_empty() {
            return;
        }
        let mut wanted = self.policy.classes;
        self.detect(
            &field,
            field.value,
            NormalForm::RAW,
            seen,
            true,
            &mut wanted,
        );
        if !wanted.is_empty() {
            let mut decoder = core::mem::take(&mut self.decoder);
            decoder.rounds(
                field.value,
                seen,
                MAX_DECODE_ROUNDS,
                |text, form, seen, settled| {
                    self.detect(&field, text, form, seen, settled, &mut wanted);
                },
            );
            self.decoder = decoder;
        }
        if field.part == Part::Value && extract::inside(&field, &limits, self).is_err() {
            self.report.exhausted = true;
        }
    }

    /// The report over all fields.
    pub fn finish(self) -> Report {
        self.report
    }

    /// Runs the detectors that are still wanted on one normal form of the field.
    fn detect(
        &mut self,
        field: &Field<'_>,
        bytes: &[u8],
        form: NormalForm,
        seen: ByteClasses,
        settled: bool,
        wanted: &mut ClassSet,
    ) {
        let text = Text {
            bytes,
            seen,
            words: Vocabulary::of(bytes, seen),
            form,
            settled,
            location: field.location.innermost(),
            part: field.part,
        };
        for detector in detect::asked(seen) {
            if !wanted.contains(detector.class) {
                continue;
            }
            if let Some(hit) = detector.run(&text, &self.policy, &mut self.budget) {
                self.found(field, detector.class, form, hit, wanted);
            }
        }
    }

    /// Reports a hit, unless the policy leaves it out or it is too weak.
    fn found(
        &mut self,
        field: &Field<'_>,
        class: Class,
        form: NormalForm,
        hit: Hit,
        wanted: &mut ClassSet,
    ) {
        let enough = hit.score >= self.policy.paranoia.threshold();
        if !enough && hit.score <= self.report.score(class) {
            return;
        }
        let location = FoundAt::new(&field.location, field.part);
        let excluded = |e: &Exclusion| e.covers(class, &location, field.value);
        if self.policy.exclusions.iter().any(excluded) {
            wanted.remove(class);
            return;
        }
        self.report.note(class, hit.score);
        if enough {
            wanted.remove(class);
            self.report.push(Finding {
                class,
                location,
                detector: hit.rule,
                score: hit.score,
                form,
                offset: hit.offset,
                length: hit.length,
            });
        }
    }
}

impl Sink for Scanner {
    fn field(&mut self, field: Field<'_>) {
        Scanner::field(self, field);
    }

    fn structure(&mut self, structure: Structure, location: Location<'_>) {
        let Structure { class, rule } = structure;
        if self.policy.classes.contains(class) {
            let mut wanted = self.policy.classes;
            let field = Field::value(location, b"");
            let hit = Hit {
                rule,
                score: 10,
                offset: 0,
                length: 0,
            };
            self.found(&field, class, NormalForm::RAW, hit, &mut wanted);
        }
    }
}
