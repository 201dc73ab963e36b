//! The detectors, one module per class.

mod sqli;
mod xss;

use crate::Class;
use crate::bytes::ByteClasses;

/// What a detector says of one normal form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    /// Stable kebab-case name of the rule.
    pub(crate) detector: &'static str,
    /// 1 to 10.
    pub(crate) score: u8,
}

/// Looks for one class in one normal form, whose byte classes are `seen`.
pub(crate) fn run(class: Class, form: &[u8], seen: ByteClasses) -> Option<Hit> {
    match class {
        Class::Sqli => sqli::detect(form, seen),
        Class::Xss => xss::detect(form, seen),
    }
}
