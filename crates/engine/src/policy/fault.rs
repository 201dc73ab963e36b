//! What is wrong with a policy, each fault with its place and its remedy.

use std::fmt;

/// One fault of a policy document. The policy does not run while it has any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFault {
    /// Place in the document, such as `policies.payments.signature.keys[0]`.
    pub path: String,
    /// What is wrong. Never contains key material.
    pub problem: String,
    /// What to write instead.
    pub fix: String,
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {} ({})", self.path, self.problem, self.fix)
    }
}

/// A choice that works and weakens the gate. The policy runs; `sealgate check` tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyWarning {
    /// Stable code, such as `observe-only`.
    pub code: &'static str,
    /// Place in the document.
    pub path: String,
    /// What the choice gives away.
    pub problem: String,
    /// What to write instead.
    pub fix: String,
}

/// Collects faults and warnings while a policy is compiled.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) faults: Vec<PolicyFault>,
    pub(crate) warnings: Vec<PolicyWarning>,
}

impl Findings {
    pub(crate) fn fault(
        &mut self,
        path: impl Into<String>,
        problem: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.faults.push(PolicyFault {
            path: path.into(),
            problem: problem.into(),
            fix: fix.into(),
        });
    }

    pub(crate) fn warn(
        &mut self,
        code: &'static str,
        path: impl Into<String>,
        problem: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.warnings.push(PolicyWarning {
            code,
            path: path.into(),
            problem: problem.into(),
            fix: fix.into(),
        });
    }

    /// Whether a fault at this place has been reported.
    pub(crate) fn names(&self, path: &str) -> bool {
        self.faults.iter().any(|fault| fault.path == path)
    }

    /// Checks that a number lies in its range, and says the range when it does not.
    pub(crate) fn range<T: PartialOrd + fmt::Display>(
        &mut self,
        path: &str,
        value: T,
        low: T,
        high: T,
    ) {
        if value < low || value > high {
            self.fault(
                path,
                format!("{value} is out of range"),
                format!("write {low} to {high}"),
            );
        }
    }
}
