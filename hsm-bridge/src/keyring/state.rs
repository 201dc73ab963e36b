//! The states of a version, and the ways between them.

use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};

/// What may be done with a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Made, its public half may be handed out; not used yet.
    PreActive,
    /// In use for everything its purpose allows; one version of a key at a time.
    Active,
    /// Opens and verifies what was made with it, makes nothing new.
    Retired,
    /// Does nothing.
    Disabled,
    /// Does nothing, and is destroyed when its time comes.
    Scheduled,
    /// Is gone from the token.
    Destroyed,
}

impl State {
    /// The word in journal, audit log and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PreActive => "pre-active",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Disabled => "disabled",
            Self::Scheduled => "scheduled",
            Self::Destroyed => "destroyed",
        }
    }

    /// Whether it opens what was sealed to it, and verifies what it made.
    #[must_use]
    pub fn opens(self) -> bool {
        matches!(self, Self::Active | Self::Retired)
    }

    /// Whether its public half is handed out.
    #[must_use]
    pub fn shows(self) -> bool {
        matches!(self, Self::PreActive | Self::Active | Self::Retired)
    }

    pub(super) fn leads_to(self, to: Self) -> bool {
        use State::{Active, Destroyed, Disabled, PreActive, Retired, Scheduled};
        matches!(
            (self, to),
            (PreActive | Retired | Disabled, Active)
                | (Active | Disabled, Retired)
                | (PreActive | Active | Retired | Scheduled, Disabled)
                | (Disabled, Scheduled)
                | (Scheduled, Destroyed)
        )
    }
}

/// Why a state was not changed.
#[derive(Debug)]
pub enum Refused {
    /// There is no such version.
    NoVersion,
    /// The one does not lead to the other.
    State {
        /// The state it is in.
        from: State,
        /// The state it was to be in.
        to: State,
    },
    /// It could not be written down.
    Journal(io::Error),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Journal(error)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoVersion => to.write_str("there is no such version"),
            Self::State {
                from: State::Active | State::Retired,
                to: State::Scheduled,
            } => to.write_str("only a disabled version can be destroyed: disable it first"),
            Self::State { from, to: wanted } => {
                let (from, wanted) = (from.name(), wanted.name());
                write!(to, "a version that is {from} does not become {wanted}")
            }
            Self::Journal(error) => write!(to, "the change could not be written down: {error}"),
        }
    }
}
