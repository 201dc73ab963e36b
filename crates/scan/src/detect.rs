//! The detectors, one module per class.

mod sqli;
mod xss;

use crate::Class;
use crate::bytes::ByteClasses;
use crate::limits::MAX_SECOND_OPINION_BYTES;

/// What a detector says of one normal form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    /// Stable kebab-case name of the rule.
    pub(crate) detector: &'static str,
    /// 1 to 10.
    pub(crate) score: u8,
}

impl Hit {
    /// A hit that is meant to be refused by itself.
    fn certain(detector: &'static str) -> Self {
        let score = 10;
        Self { detector, score }
    }
}

/// Looks for one class in one normal form, whose byte classes are `seen`.
pub(crate) fn run(
    class: Class,
    form: &[u8],
    seen: ByteClasses,
    budget: &mut Budget,
) -> Option<Hit> {
    match class {
        Class::Sqli => sqli::detect(form, seen, budget),
        Class::Xss => xss::detect(form, seen, budget),
    }
}

/// Bytes of the request that libinjection may still be asked about.
#[derive(Debug)]
pub(crate) struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(MAX_SECOND_OPINION_BYTES)
    }
}

impl Budget {
    /// As much of the text as is left, which is then spent.
    fn spend<'t>(&mut self, text: &'t [u8]) -> &'t [u8] {
        let length = text.len().min(self.0);
        self.0 = self.0.saturating_sub(length);
        text.get(..length).unwrap_or_default()
    }
}
