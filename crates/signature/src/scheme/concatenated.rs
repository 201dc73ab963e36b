//! Where path and query are signed one after the other with nothing between them.
//!
//! `/orders/5` without a query and `/orders` with the query `/5` are one text then, so a signature
//! would say neither. What makes the text mean one thing again: the path has no `=`, and a query
//! starts with `name=` for a configured name, no name being the end of another. The first `=` of the
//! text then ends the first name, and only one name ends there.

use crate::SignatureError;

/// The names with which a query may start.
#[derive(Debug, Clone, Default)]
pub(super) struct FirstParameters(Vec<String>);

impl FirstParameters {
    /// No names at all: requests with a query are refused.
    ///
    /// # Errors
    /// [`SignatureError::InvalidSpec`] for an empty name, one with `=` in it, and one that another
    /// name ends in.
    pub(super) fn new(names: &[&str]) -> Result<Self, SignatureError> {
        for (at, name) in names.iter().enumerate() {
            let ends_another = names
                .iter()
                .enumerate()
                .any(|(other, longer)| other != at && longer.ends_with(name));
            if name.is_empty() || name.contains(['=', '&', '?']) || ends_another {
                return Err(SignatureError::InvalidSpec);
            }
        }
        Ok(Self(names.iter().map(|&name| name.to_owned()).collect()))
    }

    /// Whether path and query can be told apart in their concatenation.
    ///
    /// # Errors
    /// [`SignatureError::NotCovered`].
    pub(super) fn check(&self, path: &[u8], query: Option<&[u8]>) -> Result<(), SignatureError> {
        let starts = |query: &[u8]| {
            let first = query.split(|&byte| byte == b'=').next();
            first != Some(query) && self.0.iter().any(|name| Some(name.as_bytes()) == first)
        };
        if path.contains(&b'=') || query.is_some_and(|query| !starts(query)) {
            return Err(SignatureError::NotCovered);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_one_reading() {
        let names = FirstParameters::new(&["apikey", "page"]).unwrap();
        for (path, query, readable) in [
            ("/a", None, true),
            ("/a", Some("page=1&x=2"), true),
            ("/a", Some("apikey="), true),
            ("/a", Some(""), false),
            ("/a", Some("page"), false),
            ("/a", Some("x=1"), false),
            ("/a", Some("apage=1"), false),
            ("/a", Some("/5"), false),
            ("/a=", None, false),
            ("/a=b", Some("page=1"), false),
        ] {
            let checked = names.check(path.as_bytes(), query.map(str::as_bytes));
            assert_eq!(checked.is_ok(), readable, "{path} {query:?}");
        }
        let none = FirstParameters::default();
        assert!(none.check(b"/a", None).is_ok() && none.check(b"/a", Some(b"page=1")).is_err());
    }

    #[test]
    fn names_that_end_in_another() {
        for names in [["page", "apage"], ["a", "a"], ["", "a"], ["a=", "b"]] {
            let refused = FirstParameters::new(&names).map(|_| ());
            assert_eq!(refused, Err(SignatureError::InvalidSpec), "{names:?}");
        }
    }
}
