//! What to look for, how eagerly, and where not to.

use std::sync::Arc;

use crate::report::FoundAt;
use crate::{ClassSet, Limits, Part};

/// What to look for. Cloning is cheap.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScanPolicy {
    /// The classes that are looked for.
    pub classes: ClassSet,
    /// The bounds.
    pub limits: Limits,
    /// How little evidence is enough.
    pub paranoia: Paranoia,
    /// Places where a class is expected and does not count.
    pub exclusions: Arc<[Exclusion]>,
    /// Member and parameter names that clients may not set ([`crate::Class::MassAssignment`]),
    /// compared without case, `-` and `_`.
    pub protected_names: Arc<[String]>,
}

impl ScanPolicy {
    /// These classes under these limits, at paranoia 1, without exclusions.
    pub fn new(classes: ClassSet, limits: Limits) -> Self {
        Self {
            classes,
            limits,
            paranoia: Paranoia::One,
            exclusions: Arc::default(),
            protected_names: Arc::default(),
        }
    }
}

impl Default for ScanPolicy {
    /// The standard classes, default limits.
    fn default() -> Self {
        Self::new(ClassSet::standard(), Limits::default())
    }
}

/// How little evidence makes a finding. Each level includes those below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Paranoia {
    /// Scores from 8: what has no innocent reading where it stands.
    #[default]
    One,
    /// Scores from 6: fragments of an attack that some ordinary texts contain, too.
    Two,
    /// Scores from 4: the syntax an attack needs, whatever is said with it.
    Three,
    /// Scores from 2: single marks, such as a lone wildcard.
    Four,
}

impl Paranoia {
    /// The level of that number, 1 to 4.
    pub const fn from_level(level: u32) -> Option<Self> {
        Some(match level {
            1 => Self::One,
            2 => Self::Two,
            3 => Self::Three,
            4 => Self::Four,
            _ => return None,
        })
    }

    /// The number of the level.
    pub const fn level(self) -> u32 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Three => 3,
            Self::Four => 4,
        }
    }

    /// The lowest score that is a finding.
    pub const fn threshold(self) -> u8 {
        match self {
            Self::One => 8,
            Self::Two => 6,
            Self::Three => 4,
            Self::Four => 2,
        }
    }
}

/// A place where findings of some classes do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exclusion {
    location: String,
    classes: ClassSet,
    values: Vec<String>,
}

impl Exclusion {
    /// Leaves out these classes at a location written as a report writes it (`json:/comment`,
    /// `query:q`, `json:/items/3/note`, `form:text`), where `*` stands for any run of characters
    /// but `/`. A name is left out only by a pattern that ends in ` (name)`.
    pub fn new(location: impl Into<String>, classes: ClassSet) -> Self {
        Self {
            location: location.into(),
            classes,
            values: Vec::new(),
        }
    }

    /// Only for these exact values (as extracted, before decoding); without any, for all.
    #[must_use]
    pub fn for_values(mut self, values: Vec<String>) -> Self {
        self.values = values;
        self
    }

    /// Whether a finding of that class, there, in that value, is left out.
    pub(crate) fn covers(&self, class: crate::Class, place: &FoundAt, value: &[u8]) -> bool {
        let named = self.location.strip_suffix(" (name)");
        let pattern = named.unwrap_or(&self.location);
        self.classes.contains(class)
            && named.is_some() == (place.part == Part::Name)
            && matches(pattern, place.kind, &place.name)
            && (self.values.is_empty() || self.values.iter().any(|v| v.as_bytes() == value))
    }
}

/// Whether `kind:name` fits the pattern; a kind alone has no colon.
fn matches(pattern: &str, kind: &str, name: &str) -> bool {
    match pattern.split_once(':') {
        Some((wanted, pattern)) => wanted == kind && glob(pattern.as_bytes(), name.as_bytes()),
        None => pattern == kind && name.is_empty(),
    }
}

/// `*` is any run without `/`. The last star alone is retried, segment by segment, so the work is
/// at most pattern times name.
fn glob(mut pattern: &[u8], mut name: &[u8]) -> bool {
    let mut star: Option<(&[u8], &[u8])> = None;
    loop {
        match (pattern, name) {
            ([], []) => return true,
            ([b'*', after @ ..], _) => {
                star = Some((after, name));
                pattern = after;
            }
            ([wanted, after @ ..], [byte, rest @ ..]) if wanted == byte => {
                (pattern, name) = (after, rest);
            }
            _ => match star {
                Some((after, [byte, rest @ ..])) if *byte != b'/' => {
                    star = Some((after, rest));
                    (pattern, name) = (after, rest);
                }
                _ => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stay_inside_a_segment() {
        for (pattern, name, expected) in [
            ("/comment", "/comment", true),
            ("/items/*/note", "/items/12/note", true),
            ("/items/*/note", "/items/1/2/note", false),
            ("/items/*", "/items/", true),
            ("*", "anything", true),
            ("*", "/a", false),
            ("/*/*", "/a/b", true),
            ("/a*b*c", "/axxbyybc", true),
            ("/a", "/ab", false),
        ] {
            assert_eq!(
                matches(&format!("json:{pattern}"), "json", name),
                expected,
                "{pattern} {name}"
            );
        }
        assert!(matches("text", "text", ""));
        assert!(!matches("json", "text", ""));
        assert!(!matches("query:q", "form", "q"));
    }
}
