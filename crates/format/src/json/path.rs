//! Places inside a JSON text: `$.payment.card`, `$.items[*].account`.

use core::fmt;

/// A place: member names from the root, `[*]` for every element of an array.
#[derive(Clone, PartialEq, Eq)]
pub struct Path {
    steps: Vec<Step>,
}

/// One step of a [`Path`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Member(String),
    Elements,
}

/// A text that is no path of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathFault;

impl Path {
    /// Reads `$`, `$.name.name`, `$.name[*].name`. A name is everything but `.`, `[`, `]`, quotes,
    /// backslashes and control characters; filters, indices and `..` are not for replacing.
    ///
    /// # Errors
    /// [`PathFault`].
    pub fn parse(text: &str) -> Result<Self, PathFault> {
        let mut rest = text.strip_prefix('$').ok_or(PathFault)?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("[*]") {
                steps.push(Step::Elements);
                rest = after;
                continue;
            }
            let name = rest.strip_prefix('.').ok_or(PathFault)?;
            let end = name.find(['.', '[']).unwrap_or(name.len());
            let (name, after) = name.split_at(end);
            let plain = |character: char| {
                !character.is_control() && !matches!(character, ']' | '"' | '\'' | '\\')
            };
            if name.is_empty() || name == "*" || !name.chars().all(plain) {
                return Err(PathFault);
            }
            steps.push(Step::Member(name.to_owned()));
            rest = after;
        }
        if matches!(steps.first(), Some(Step::Elements)) {
            // The strict reader takes objects only.
            return Err(PathFault);
        }
        Ok(Self { steps })
    }

    /// Whether this is the whole document.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.steps.is_empty()
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        self.steps.iter().try_for_each(|step| match step {
            Step::Member(name) => write!(f, ".{name}"),
            Step::Elements => f.write_str("[*]"),
        })
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_and_written_in_one_spelling() {
        for text in ["$", "$.a", "$.a.b-c", "$.a[*].b", "$.a[*][*]", "$.\u{fc}"] {
            assert_eq!(Path::parse(text).unwrap().to_string(), text);
        }
        let wrong = [
            "",
            "a",
            "$a",
            "$.",
            "$..a",
            "$.a.",
            "$[*]",
            "$.*",
            "$.a[0]",
            "$.a[?(@)]",
            "$['a']",
            "$.a]",
            "$.a\"b",
            "$.a\n",
        ];
        for text in wrong {
            assert_eq!(Path::parse(text), Err(PathFault), "{text}");
        }
    }
}
