//! Reading a ledger from its start, and finding the first line that does not belong.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use base64ct::{Base64UrlUnpadded, Encoding};

use super::{Head, MAX_LINE_BYTES, chain};

/// A line that follows from those before it.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its place in the chain.
    pub head: Head,
    /// Its members, `hash` and `n` included.
    pub body: serde_json::Value,
}

/// The first line that does not belong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// No line of a ledger.
    NoLine {
        /// The number the line should have.
        at: u64,
    },
    /// The line has another number: lines before it were dropped, added or moved.
    Number {
        /// The number the line should have.
        at: u64,
        /// The number it has.
        found: u64,
    },
    /// The line is not what was hashed: it was changed, or one before it was replaced.
    Hash {
        /// Its number.
        at: u64,
    },
    /// The file cannot be read on.
    Unreadable {
        /// The number the line should have.
        at: u64,
    },
}

impl Wrong {
    /// The number of the first line that does not belong.
    #[must_use]
    pub fn at(&self) -> u64 {
        match self {
            Self::NoLine { at }
            | Self::Number { at, .. }
            | Self::Hash { at }
            | Self::Unreadable { at } => *at,
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLine { at } => write!(to, "record {at} is no line of a ledger"),
            Self::Number { at, found } if found > at => {
                write!(to, "record {at} is missing: record {found} is in its place")
            }
            Self::Number { at, found } => {
                write!(to, "record {found} is in the place of record {at}")
            }
            Self::Hash { at } => write!(
                to,
                "record {at} was changed, or does not follow from what is before it"
            ),
            Self::Unreadable { at } => write!(to, "record {at} cannot be read"),
        }
    }
}

/// The lines of a ledger, each checked against those before it. Ends at the first that is wrong.
pub struct Lines {
    from: BufReader<File>,
    head: Head,
    ended: bool,
}

impl Lines {
    /// Reads from the start of a file; `before` is the end of the chain in the file before it.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(path: &Path, before: Head) -> io::Result<Self> {
        Ok(Self {
            from: BufReader::new(File::open(path)?),
            head: before,
            ended: false,
        })
    }

    /// The last line that was right.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }

    fn check(&self, line: &[u8]) -> Result<Line, Wrong> {
        let at = self.head.n.saturating_add(1);
        let found = head_of(line).ok_or(Wrong::NoLine { at })?;
        if found.n != at {
            return Err(Wrong::Number { at, found: found.n });
        }
        let rest = line.get(PREFIX..).unwrap_or_default();
        if chain(&self.head.hash, rest) != found.hash {
            return Err(Wrong::Hash { at });
        }
        let body = serde_json::from_slice(line).map_err(|_| Wrong::NoLine { at })?;
        Ok(Line { head: found, body })
    }
}

impl Iterator for Lines {
    type Item = Result<Line, Wrong>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let mut line = Vec::new();
        let limit = MAX_LINE_BYTES as u64 + 1;
        let read = (&mut self.from).take(limit).read_until(b'\n', &mut line);
        let checked = match read {
            Ok(0) => {
                self.ended = true;
                return None;
            }
            Ok(_) => match line.strip_suffix(b"\n") {
                Some(line) => self.check(line),
                None => Err(Wrong::NoLine {
                    at: self.head.n.saturating_add(1),
                }),
            },
            Err(_) => Err(Wrong::Unreadable {
                at: self.head.n.saturating_add(1),
            }),
        };
        match &checked {
            Ok(line) => self.head = line.head,
            Err(_) => self.ended = true,
        }
        Some(checked)
    }
}

/// `{"hash":"`, 43 characters, `",`.
const PREFIX: usize = 9 + 43 + 2;

/// What a line says of itself.
pub(super) fn head_of(line: &[u8]) -> Option<Head> {
    let shown = line.strip_prefix(b"{\"hash\":\"")?.get(..43)?;
    let rest = line
        .get(PREFIX.saturating_sub(2)..)?
        .strip_prefix(b"\",\"n\":")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let n = std::str::from_utf8(rest.get(..digits)?)
        .ok()?
        .parse()
        .ok()?;
    let mut hash = [0; 32];
    let decoded = Base64UrlUnpadded::decode(shown, &mut hash).ok()?;
    (decoded.len() == 32).then_some(Head { n, hash })
}
