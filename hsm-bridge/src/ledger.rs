//! An append-only file of JSON lines, each of which carries the hash of everything before it.
//!
//! A line is `{"hash":"..","n":..,..}`. The hash is SHA-256 over the hash of the line before (32
//! zero bytes for the first) and the bytes of the line after its `hash` member. So nobody can
//! change, drop, insert or swap a line without rewriting all that follow; that they were not
//! rewritten is what a signed checkpoint shows (see [`crate::audit`]).

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::Serialize;
use sha2::{Digest, Sha256};

mod read;

pub use read::{Line, Lines, Wrong};

/// Longest line, in bytes.
pub const MAX_LINE_BYTES: usize = 16 * 1024;

/// Hash of what is before the first line.
pub const START: [u8; 32] = [0; 32];

/// The end of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Number of the last line; 0 before the first.
    pub n: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

impl Head {
    /// Before the first line.
    pub const START: Self = Self { n: 0, hash: START };
}

/// A ledger that is being written.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    file: File,
    // Bytes of whole lines; what is behind them is a line that was cut short.
    length: u64,
    head: Head,
}

impl Ledger {
    /// Opens a ledger, or makes it (mode 0600). A last line that was cut short by a crash is
    /// removed, and its length returned.
    ///
    /// # Errors
    /// When the file cannot be opened, or its last whole line is none of a ledger.
    pub fn open(path: &Path) -> io::Result<(Self, u64)> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)?;
        let (length, last) = last_line(&mut file)?;
        let head = match last {
            None => Head::START,
            Some(bytes) => read::head_of(&bytes)
                .ok_or_else(|| io::Error::other("its last line is none of a ledger"))?,
        };
        let torn = file.metadata()?.len().saturating_sub(length);
        if torn > 0 {
            file.set_len(length)?;
        }
        file.seek(SeekFrom::Start(length))?;
        let ledger = Self {
            path: path.to_owned(),
            file,
            length,
            head,
        };
        Ok((ledger, torn))
    }

    /// The end of the chain.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }

    /// Bytes written so far.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Adds a line. With `sync` it is on the disk before this returns.
    ///
    /// # Errors
    /// When it cannot be written whole; the ledger is then as it was, and may be tried again.
    pub fn append(&mut self, body: &impl Serialize, sync: bool) -> io::Result<Head> {
        let next = Head {
            n: self.head.n.saturating_add(1),
            hash: START,
        };
        let body = serde_json::to_string(body)?;
        let members = body
            .strip_prefix('{')
            .ok_or_else(|| io::Error::other("a line is an object"))?;
        let comma = if members == "}" { "" } else { "," };
        let rest = format!("\"n\":{}{comma}{members}", next.n);
        let hash = chain(&self.head.hash, rest.as_bytes());
        let shown = Base64UrlUnpadded::encode_string(&hash);
        let line = format!("{{\"hash\":\"{shown}\",{rest}\n");
        if line.len() > MAX_LINE_BYTES {
            return Err(io::Error::other("the line is too long"));
        }
        let written = self
            .file
            .write_all(line.as_bytes())
            .and_then(|()| if sync { self.file.sync_data() } else { Ok(()) });
        if let Err(error) = written {
            // A line cut short must not stay: what follows would not be a line.
            self.file.set_len(self.length)?;
            self.file.seek(SeekFrom::Start(self.length))?;
            return Err(error);
        }
        self.length = self.length.saturating_add(line.len() as u64);
        self.head = Head { n: next.n, hash };
        Ok(self.head)
    }

    /// Puts everything on the disk.
    ///
    /// # Errors
    /// When the system cannot.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Gives the file another name and goes on in a new one, with the same chain.
    ///
    /// # Errors
    /// When either file cannot be made; the ledger then goes on in the old one.
    pub fn move_to(&mut self, other: &Path) -> io::Result<()> {
        self.file.sync_data()?;
        std::fs::rename(&self.path, other)?;
        let made = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&self.path);
        match made {
            Ok(file) => {
                self.file = file;
                self.length = 0;
                Ok(())
            }
            Err(error) => {
                std::fs::rename(other, &self.path)?;
                Err(error)
            }
        }
    }

    /// Goes on from a chain that ended in another file. Only for a ledger without lines.
    pub fn follow(&mut self, head: Head) {
        if self.length == 0 {
            self.head = head;
        }
    }
}

fn chain(before: &[u8; 32], rest: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(rest);
    hash.finalize().into()
}

/// The length of all whole lines, and the last of them.
fn last_line(file: &mut File) -> io::Result<(u64, Option<Vec<u8>>)> {
    let end = file.seek(SeekFrom::End(0))?;
    // Two lines at most: a whole one and one that was cut short.
    let from = end.saturating_sub(2 * MAX_LINE_BYTES as u64);
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    file.take(end.saturating_sub(from)).read_to_end(&mut tail)?;
    let Some(stop) = tail.iter().rposition(|byte| *byte == b'\n') else {
        return if from == 0 {
            Ok((0, None))
        } else {
            Err(io::Error::other("it has no line ends"))
        };
    };
    let whole = tail.get(..stop).unwrap_or_default();
    let start = whole
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at.saturating_add(1));
    let length = from.saturating_add(stop as u64).saturating_add(1);
    Ok((
        length,
        Some(whole.get(start..).unwrap_or_default().to_vec()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ledger");
        (dir, path)
    }

    fn fill(path: &Path, lines: u32) -> Head {
        let (mut ledger, _) = Ledger::open(path).unwrap();
        for line in 0..lines {
            ledger
                .append(&serde_json::json!({ "what": line }), false)
                .unwrap();
        }
        ledger.head()
    }

    fn check(path: &Path) -> Result<Head, Wrong> {
        let mut lines = Lines::open(path, Head::START).unwrap();
        for line in &mut lines {
            line?;
        }
        Ok(lines.head())
    }

    #[test]
    fn what_is_written_in_several_lives_is_one_chain() {
        let (_dir, path) = ledger();
        fill(&path, 3);
        let head = fill(&path, 4);
        assert_eq!(head.n, 7);
        assert_eq!(check(&path), Ok(head));
    }

    #[test]
    fn every_change_is_found_at_its_line() {
        let (_dir, path) = ledger();
        fill(&path, 9);
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let tell = |lines: &[String]| {
            std::fs::write(&path, lines.join("\n") + "\n").unwrap();
            check(&path).expect_err("must be found").at()
        };
        for at in 0..9usize {
            let mut edited = lines.clone();
            edited[at] = edited[at].replace("what\":", "what\":1");
            assert_eq!(tell(&edited), at as u64 + 1, "edited");
            let mut forged = lines.clone();
            forged[at] = forged[at].replacen("\"hash\":\"", "\"hash\":\"A", 1);
            assert_eq!(tell(&forged), at as u64 + 1, "forged");
            if at < 8 {
                let mut dropped = lines.clone();
                dropped.remove(at);
                assert_eq!(tell(&dropped), at as u64 + 1, "dropped");
                let mut swapped = lines.clone();
                swapped.swap(at, at + 1);
                assert_eq!(tell(&swapped), at as u64 + 1, "swapped");
            }
            let mut doubled = lines.clone();
            doubled.insert(at, lines[at].clone());
            assert_eq!(tell(&doubled), at as u64 + 2, "doubled");
        }
        std::fs::write(&path, lines.join("\n") + "\ngarbage\n").unwrap();
        assert_eq!(check(&path).unwrap_err().at(), 10);
    }

    #[test]
    fn a_line_cut_short_by_a_crash_is_removed_and_the_chain_goes_on() {
        let (_dir, path) = ledger();
        fill(&path, 3);
        let whole = std::fs::read(&path).unwrap();
        for cut in 1..40 {
            std::fs::write(&path, &whole[..whole.len() - cut]).unwrap();
            let (mut ledger, torn) = Ledger::open(&path).unwrap();
            assert!(torn > 0);
            assert_eq!(ledger.head().n, 2);
            ledger.append(&serde_json::json!({}), true).unwrap();
            assert_eq!(check(&path).unwrap().n, 3);
        }
        std::fs::write(&path, "not a ledger\n").unwrap();
        assert!(Ledger::open(&path).is_err());
    }

    #[test]
    fn a_full_disk_leaves_the_ledger_as_it_was() {
        let mut ledger = Ledger::open(Path::new("/dev/full")).unwrap().0;
        assert!(ledger.append(&serde_json::json!({}), true).is_err());
        assert_eq!(ledger.head(), Head::START);
    }

    #[test]
    fn a_chain_goes_on_in_the_next_file() {
        let (dir, path) = ledger();
        fill(&path, 3);
        let (mut ledger, _) = Ledger::open(&path).unwrap();
        let old = dir.path().join("old");
        ledger.move_to(&old).unwrap();
        let head = ledger.append(&serde_json::json!({}), false).unwrap();
        assert_eq!(head.n, 4);
        let first = check(&old).unwrap();
        let mut lines = Lines::open(&path, first).unwrap();
        assert!(lines.all(|line| line.is_ok()));
        assert!(check(&path).is_err(), "the second file alone has no start");
    }
}
