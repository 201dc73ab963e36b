//! `audit verify`: whether a log is what was written, and up to where a token vouches for it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use base64ct::{Base64UrlUnpadded, Encoding};
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};

use super::{Checkpoint, parts, signed_text};
use crate::ledger::{Head, Lines};

/// A log without a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Its lines.
    pub records: u64,
    /// The last line that a signed checkpoint covers; 0 when there is none.
    pub covered: u64,
    /// Its checkpoints.
    pub checkpoints: u64,
}

/// Reads a log from its first part to its end. `point` is the public key (`04 || x || y`) that
/// signed the checkpoints; without it they are not believed.
///
/// # Errors
/// The first record that is wrong, in words.
pub fn verify(path: &Path, point: Option<&[u8]>) -> Result<Verified, String> {
    let key = match point {
        Some(point) => Some(
            VerifyingKey::from_sec1_bytes(point)
                .map_err(|_| "the checkpoint key is no P-256 key".to_owned())?,
        ),
        None => None,
    };
    let mut files = parts(path).map_err(|error| error.to_string())?;
    files.push(path.to_owned());
    let mut log = Log {
        key,
        hashes: Vec::new(),
        verified: Verified {
            records: 0,
            covered: 0,
            checkpoints: 0,
        },
    };
    let mut head = Head::START;
    for file in files {
        let shown = file.display();
        let mut lines =
            Lines::open(&file, head).map_err(|error| format!("{shown} cannot be read: {error}"))?;
        for line in &mut lines {
            let line = line.map_err(|wrong| format!("{shown}: {wrong}"))?;
            log.add(line.head, &line.body)
                .map_err(|what| format!("{shown}: record {}: {what}", line.head.n))?;
        }
        head = lines.head();
    }
    log.close(path)
}

/// Where the last checkpoint is kept a second time.
pub(super) fn beside(path: &Path) -> PathBuf {
    with_suffix(path, "checkpoint")
}

/// The name of a part that was put aside.
pub(super) fn part(path: &Path, number: usize) -> PathBuf {
    with_suffix(path, &number.to_string())
}

struct Log {
    key: Option<VerifyingKey>,
    // Hash of every line since the last checkpoint, by its number: a checkpoint may name any.
    hashes: Vec<(u64, [u8; 32])>,
    verified: Verified,
}

impl Log {
    fn add(&mut self, head: Head, body: &serde_json::Value) -> Result<(), &'static str> {
        self.verified.records = head.n;
        if let Some(found) = body.get("checkpoint") {
            let checkpoint = serde_json::from_value::<Checkpoint>(found.clone())
                .map_err(|_| "a checkpoint of another shape")?;
            self.check(&checkpoint)?;
            self.verified.checkpoints = self.verified.checkpoints.saturating_add(1);
            if self.key.is_some() {
                self.verified.covered = checkpoint.covers;
            }
            self.hashes.retain(|(n, _)| *n >= checkpoint.covers);
        }
        self.hashes.push((head.n, head.hash));
        Ok(())
    }

    fn check(&self, checkpoint: &Checkpoint) -> Result<(), &'static str> {
        let mut hash = [0; 32];
        let decoded = Base64UrlUnpadded::decode(&checkpoint.hash, &mut hash);
        if decoded.map(<[u8]>::len) != Ok(32) {
            return Err("a checkpoint without a hash");
        }
        let known = self
            .hashes
            .iter()
            .any(|(n, h)| *n == checkpoint.covers && *h == hash);
        if !known {
            return Err("the checkpoint signs other records than those before it");
        }
        let Some(key) = &self.key else { return Ok(()) };
        let sig = Base64UrlUnpadded::decode_vec(&checkpoint.sig).unwrap_or_default();
        let text = signed_text(checkpoint.covers, &hash);
        Signature::from_slice(&sig)
            .and_then(|sig| key.verify(text.as_bytes(), &sig))
            .map_err(|_| "the checkpoint was not signed by the key")
    }

    fn close(self, path: &Path) -> Result<Verified, String> {
        let Ok(bytes) = std::fs::read(beside(path)) else {
            return if self.verified.checkpoints == 0 {
                Ok(self.verified)
            } else {
                Err(format!("{} is missing", beside(path).display()))
            };
        };
        let last = serde_json::from_slice::<Checkpoint>(&bytes)
            .map_err(|_| format!("{} is no checkpoint", beside(path).display()))?;
        if last.covers > self.verified.records {
            return Err(format!(
                "the log ends at record {}, yet record {} was there: records after it were cut off",
                self.verified.records, last.covers
            ));
        }
        if self.hashes.iter().any(|(n, _)| *n == last.covers) {
            self.check(&last)
                .map_err(|what| format!("{}: {what}", beside(path).display()))?;
        }
        Ok(self.verified)
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}
