//! What is wrong with a document.

use core::fmt;

/// A place in the document that does not compile.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// JSON pointer into the document.
    pub pointer: String,
    /// What is wrong there.
    pub problem: &'static str,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.pointer, self.problem)
    }
}

/// All faults of a document, found in one go.
#[derive(Default)]
pub(crate) struct Faults(pub(crate) Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, pointer: impl Into<String>, problem: &'static str) {
        let pointer = pointer.into();
        let known = |fault: &Fault| fault.pointer == pointer && fault.problem == problem;
        if !self.0.iter().any(known) {
            self.0.push(Fault { pointer, problem });
        }
    }
}

/// A pointer one step further down.
pub(crate) fn below(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}
