//! What `doctor` says: one finding a line, with what to do about it.

/// How a finding is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// As it should be.
    Good,
    /// Works, but look at it.
    Warn,
    /// Will not work.
    Bad,
}

/// One line of `doctor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How it is to be taken.
    pub grade: Grade,
    /// What was looked at.
    pub what: String,
    /// What was found, in plain words.
    pub found: String,
    /// What to do, where something is to be done.
    pub fix: Option<String>,
}

impl Finding {
    /// All is well.
    #[must_use]
    pub fn good(what: &str, found: impl Into<String>) -> Self {
        Self {
            grade: Grade::Good,
            what: what.into(),
            found: found.into(),
            fix: None,
        }
    }

    /// Works, with advice.
    #[must_use]
    pub fn warn(what: &str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            grade: Grade::Warn,
            what: what.into(),
            found: found.into(),
            fix: Some(fix.into()),
        }
    }

    /// Does not work, with advice.
    #[must_use]
    pub fn bad(what: &str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            grade: Grade::Bad,
            what: what.into(),
            found: found.into(),
            fix: Some(fix.into()),
        }
    }
}
