//! What the scanner tells: class, place, detector. Never the value.

use core::fmt;

use crate::limits::{MAX_FINDINGS, MAX_NAME_CHARS};
use crate::{Class, Location, NormalForm, Part};

/// One detection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What it looks like.
    pub class: Class,
    /// Where it is.
    pub location: FoundAt,
    /// The rule that it breaks, a stable kebab-case name.
    pub detector: &'static str,
    /// Confidence from 1 to 10; at least the threshold of the policy's paranoia.
    pub score: u8,
    /// What was decoded before it could be seen.
    pub form: NormalForm,
    /// Where in that form it starts, in bytes.
    pub offset: usize,
    /// Bytes of the form it takes; 0 for a finding about the shape of a container.
    pub length: usize,
}

/// A location in a report: bounded, printable, without the value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundAt {
    /// `path`, `query`, `header`, `cookie`, `form`, `multipart`, `json`, `xml`, `graphql`, `claim` or
    /// `text`; of a place inside a value, that of the value.
    pub kind: &'static str,
    /// Parameter name, pointer or index; at most 128 characters, control characters replaced.
    /// When the name itself is the finding this is what encloses it, or empty. Places inside a value
    /// follow it, each behind ` > ` and with its kind: `/note > json:/a`.
    pub name: String,
    /// Whether the name or the value was the attack.
    pub part: Part,
}

impl FoundAt {
    pub(crate) fn new(location: &Location<'_>, part: Part) -> Self {
        let text = |bytes: &[u8]| match part {
            Part::Value => printable(&String::from_utf8_lossy(bytes)),
            Part::Name => String::new(),
        };
        let (kind, name) = match location {
            Location::PathSegment(index) => ("path", index.to_string()),
            Location::Query(name) => ("query", text(name)),
            Location::Header(name) => ("header", text(name)),
            Location::Cookie(name) => ("cookie", text(name)),
            Location::Form(name) => ("form", text(name)),
            Location::Multipart { index, name: b"" } => ("multipart", index.to_string()),
            Location::Multipart { name, .. } => ("multipart", text(name)),
            Location::Json(path) => ("json", printable(&path.of(part).pointer())),
            Location::Xml(path) => ("xml", printable(&path.path())),
            Location::Graphql(name) => ("graphql", text(name)),
            Location::Inside { outer, inner } => {
                let outer = Self::new(outer, Part::Value);
                let inner = Self::new(inner, part);
                let colon = if inner.name.is_empty() { "" } else { ":" };
                let name = format!("{} > {}{colon}{}", outer.name, inner.kind, inner.name);
                (outer.kind, name)
            }
            Location::Claim(path) => ("claim", printable(&path.of(part).pointer())),
            Location::Text => ("text", String::new()),
        };
        Self { kind, name, part }
    }
}

impl fmt::Display for FoundAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind)?;
        if !self.name.is_empty() {
            write!(f, ":{}", self.name)?;
        }
        match self.part {
            Part::Value => Ok(()),
            Part::Name => f.write_str(" (name)"),
        }
    }
}

/// What one request gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The detections, at most 16, in the order of the fields.
    pub findings: Vec<Finding>,
    /// Fields looked at.
    pub fields_scanned: usize,
    /// Bytes in them, before further decoding.
    pub bytes_scanned: usize,
    /// The highest score of each class, findings below the threshold included.
    pub(crate) scores: [u8; Class::ALL.len()],
    /// Whether a limit on fields, bytes or nesting stopped the scan. What was not read was not
    /// judged: refuse.
    pub exhausted: bool,
}

impl Report {
    /// Nothing found, and everything was looked at.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty() && !self.exhausted
    }

    /// The score of a class: the highest of any field, 0 when nothing of it was seen. Evidence too
    /// weak for a finding counts, too; excluded findings do not.
    pub fn score(&self, class: Class) -> u8 {
        self.scores.get(class as usize).copied().unwrap_or_default()
    }

    pub(crate) fn note(&mut self, class: Class, score: u8) {
        if let Some(highest) = self.scores.get_mut(class as usize) {
            *highest = score.max(*highest);
        }
    }

    pub(crate) fn push(&mut self, finding: Finding) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        }
    }
}

/// At most [`MAX_NAME_CHARS`] characters, those that could break a log line replaced.
fn printable(text: &str) -> String {
    text.chars()
        .take(MAX_NAME_CHARS)
        .map(|c| {
            if c.is_control() {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .collect()
}
