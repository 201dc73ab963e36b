//! A header map as Envoy hands it to a guest: ordered, lower-case names, raw values, duplicates kept.

use std::fmt;

/// Ordered multimap of header names (lower-cased on entry) to raw values. Pseudo headers
/// (`:method`, `:path`, ...) are ordinary entries and come first by convention.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(Vec<u8>, Vec<u8>)>);

impl Headers {
    /// An empty map.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// A map of these pairs, in order.
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: AsRef<[u8]>,
        V: AsRef<[u8]>,
    {
        let mut map = Self::new();
        for (name, value) in pairs {
            map.add(name.as_ref(), value.as_ref());
        }
        map
    }

    /// First value of `name`, as Envoy's single-value getter answers.
    pub fn first(&self, name: &[u8]) -> Option<&[u8]> {
        self.all(name).next()
    }

    /// First value of `name` as text; `None` when absent or not UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.first(name.as_bytes())
            .and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Every value of `name`, in order.
    pub fn all<'a>(&'a self, name: &[u8]) -> impl Iterator<Item = &'a [u8]> {
        let name = name.to_ascii_lowercase();
        self.0
            .iter()
            .filter(move |(known, _)| *known == name)
            .map(|(_, value)| value.as_slice())
    }

    /// Whether `name` is present.
    pub fn contains(&self, name: &str) -> bool {
        self.first(name.as_bytes()).is_some()
    }

    /// Replaces every value of `name` by one; it keeps the place of the first.
    pub fn set(&mut self, name: &[u8], value: &[u8]) {
        let name = name.to_ascii_lowercase();
        let mut kept = false;
        self.0.retain_mut(|(known, old)| {
            if *known != name {
                return true;
            }
            if kept {
                return false;
            }
            kept = true;
            *old = value.to_vec();
            true
        });
        if !kept {
            self.0.push((name, value.to_vec()));
        }
    }

    /// Appends one more value of `name`.
    pub fn add(&mut self, name: &[u8], value: &[u8]) {
        self.0.push((name.to_ascii_lowercase(), value.to_vec()));
    }

    /// Removes every value of `name`; how many there were.
    pub fn remove(&mut self, name: &[u8]) -> usize {
        let name = name.to_ascii_lowercase();
        let before = self.0.len();
        self.0.retain(|(known, _)| *known != name);
        before - self.0.len()
    }

    /// Entries in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    /// Number of entries, duplicates counted.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The declared `content-length`, when there is exactly one and it is a plain number.
    pub fn content_length(&self) -> Option<u64> {
        let mut values = self.all(b"content-length");
        let value = values.next()?;
        if values.next().is_some() || value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
            return None;
        }
        std::str::from_utf8(value).ok()?.parse().ok()
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.0.iter().map(|(name, value)| {
                (
                    String::from_utf8_lossy(name),
                    String::from_utf8_lossy(value),
                )
            }))
            .finish()
    }
}
