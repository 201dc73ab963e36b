//! The versions of every key and what may be done with each. The token keeps the keys; what state
//! they are in is kept here, in a [`crate::ledger`] that only grows. Only the bridge enforces it.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::ledger::{Head, Ledger, Lines};

mod state;
#[cfg(test)]
mod tests;

pub use state::{Refused, State};

/// One version of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// From 1.
    pub number: u32,
    /// Label in the token.
    pub label: String,
    /// What may be done with it.
    pub state: State,
    /// Its fingerprint, once it was seen.
    pub fingerprint: String,
    /// When a scheduled destruction is due, in seconds of Unix time.
    pub due: Option<u64>,
    /// When it came to be, in seconds of Unix time; `None` for a key older than the journal.
    pub since: Option<u64>,
}

/// A line of the journal: the state of one version from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    at: u64,
    kid: String,
    ver: u32,
    label: String,
    state: State,
    fp: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due: Option<u64>,
}

/// Every version of every key.
pub struct Keyring {
    keys: RwLock<BTreeMap<String, Vec<Version>>>,
    // None: nothing can be changed, and every key has its one version.
    journal: Option<Mutex<Ledger>>,
}

impl Keyring {
    /// The keys of the configuration, by kid and label, each with one active version; then what
    /// the journal says, if there is one.
    ///
    /// # Errors
    /// When the journal cannot be read to its end, line by line as it was written: a state that
    /// cannot be known is not guessed.
    pub fn open<'a>(
        keys: impl Iterator<Item = (&'a str, &'a str)>,
        journal: Option<&Path>,
    ) -> io::Result<Self> {
        let ledger = match journal {
            None => None,
            Some(path) => {
                let (ledger, torn) = Ledger::open(path)?;
                if torn > 0 {
                    tracing::warn!(event = "journal-torn", bytes = torn);
                }
                Some(Mutex::new(ledger))
            }
        };
        let mut keyring = Self::view(keys, journal)?;
        keyring.journal = ledger;
        Ok(keyring)
    }

    /// As [`Keyring::open`], to look at only: another process may be writing the journal.
    ///
    /// # Errors
    /// As [`Keyring::open`].
    pub fn view<'a>(
        keys: impl Iterator<Item = (&'a str, &'a str)>,
        journal: Option<&Path>,
    ) -> io::Result<Self> {
        let mut versions: BTreeMap<String, Vec<Version>> = keys
            .map(|(kid, label)| (kid.to_owned(), vec![first(label)]))
            .collect();
        if let Some(path) = journal.filter(|path| path.exists()) {
            for line in Lines::open(path, Head::START)? {
                let line = line.map_err(|wrong| io::Error::other(wrong.to_string()))?;
                let mut body = line.body;
                if let Some(members) = body.as_object_mut() {
                    members.remove("hash");
                    members.remove("n");
                }
                let entry: Entry = serde_json::from_value(body).map_err(io::Error::other)?;
                apply(&mut versions, &entry);
            }
        }
        Ok(Self {
            keys: RwLock::new(versions),
            journal: None,
        })
    }

    /// Whether states can be changed.
    #[must_use]
    pub fn has_journal(&self) -> bool {
        self.journal.is_some()
    }

    /// Every version of a key, oldest first. Empty for an unknown key.
    #[must_use]
    pub fn versions(&self, kid: &str) -> Vec<Version> {
        self.read().get(kid).cloned().unwrap_or_default()
    }

    /// The version that makes new MACs and signatures, and that senders seal to.
    #[must_use]
    pub fn current(&self, kid: &str) -> Option<Version> {
        self.find(kid, |version| version.state == State::Active)
    }

    /// One version.
    #[must_use]
    pub fn version(&self, kid: &str, number: u32) -> Option<Version> {
        self.find(kid, |version| version.number == number)
    }

    /// The versions that open what was sealed: the active one, then retired ones, newest first.
    #[must_use]
    pub fn opening(&self, kid: &str) -> Vec<Version> {
        let mut versions = self.versions(kid);
        versions.retain(|version| version.state.opens());
        versions.sort_by_key(|version| (version.state != State::Active, u32::MAX - version.number));
        versions
    }

    /// Whether a version may still do what it was asked: told when its answer is ready.
    #[must_use]
    pub fn still_opens(&self, kid: &str, number: u32) -> bool {
        let keys = self.read();
        let mut versions = keys.get(kid).into_iter().flatten();
        versions.any(|version| version.number == number && version.state.opens())
    }

    /// Scheduled destructions whose time has come.
    #[must_use]
    pub fn due(&self, now: u64) -> Vec<(String, Version)> {
        let keys = self.read();
        let all = keys
            .iter()
            .flat_map(|(kid, versions)| versions.iter().map(move |version| (kid, version)));
        all.filter(|(_, version)| {
            version.state == State::Scheduled && version.due.is_some_and(|due| due <= now)
        })
        .map(|(kid, version)| (kid.clone(), version.clone()))
        .collect()
    }

    /// Writes a new version, `pre-active`.
    ///
    /// # Errors
    /// When there is no journal, or it cannot be written: then there is no such version.
    pub fn add(&self, kid: &str, label: &str, fingerprint: &str) -> io::Result<Version> {
        let number = self
            .versions(kid)
            .last()
            .map_or(1, |version| version.number.saturating_add(1));
        self.write(Entry {
            at: now(),
            kid: kid.to_owned(),
            ver: number,
            label: label.to_owned(),
            state: State::PreActive,
            fp: fingerprint.to_owned(),
            due: None,
        })?;
        self.version(kid, number)
            .ok_or_else(|| io::Error::other("the version was not kept"))
    }

    /// Whether a version may be put into a state; the version as it is.
    ///
    /// # Errors
    /// [`Refused`], when not.
    pub fn check(&self, kid: &str, number: u32, state: State) -> Result<Version, Refused> {
        let version = self.version(kid, number).ok_or(Refused::NoVersion)?;
        if version.state.leads_to(state) {
            Ok(version)
        } else {
            Err(Refused::State {
                from: version.state,
                to: state,
            })
        }
    }

    /// Puts a version into a state. Making one active retires the one that was.
    ///
    /// # Errors
    /// [`Refused`] when the state does not lead there; an I/O error when the journal cannot be
    /// written, and then nothing has changed.
    pub fn put(
        &self,
        kid: &str,
        number: u32,
        state: State,
        due: Option<u64>,
    ) -> Result<Version, Refused> {
        let version = self.check(kid, number, state)?;
        self.write(Entry {
            at: now(),
            kid: kid.to_owned(),
            ver: number,
            label: version.label,
            state,
            fp: version.fingerprint,
            due,
        })?;
        self.version(kid, number).ok_or(Refused::NoVersion)
    }

    /// Writes a version that is older than the journal down as it is, so that its age is known from
    /// now on.
    ///
    /// # Errors
    /// When there is no such version, or the journal cannot be written.
    pub fn begin(&self, kid: &str, number: u32) -> io::Result<()> {
        let version = self
            .version(kid, number)
            .ok_or_else(|| io::Error::other("there is no such version"))?;
        let at = now();
        self.write(Entry {
            at,
            kid: kid.to_owned(),
            ver: number,
            label: version.label,
            state: version.state,
            fp: version.fingerprint,
            due: version.due,
        })
    }

    /// Notes the fingerprint of a version, as the token shows it.
    pub fn seen(&self, kid: &str, number: u32, fingerprint: &str) {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let versions = keys.get_mut(kid).into_iter().flatten();
        for version in versions.filter(|version| version.number == number) {
            if version.fingerprint.is_empty() {
                fingerprint.clone_into(&mut version.fingerprint);
            }
        }
    }

    fn write(&self, entry: Entry) -> io::Result<()> {
        let journal = self
            .journal
            .as_ref()
            .ok_or_else(|| io::Error::other("no `journal` in [lifecycle]"))?;
        let mut ledger = journal.lock().unwrap_or_else(PoisonError::into_inner);
        ledger.append(&entry, true)?;
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        apply(&mut keys, &entry);
        Ok(())
    }

    fn find(&self, kid: &str, wanted: impl Fn(&Version) -> bool) -> Option<Version> {
        let keys = self.read();
        keys.get(kid)?.iter().find(|one| wanted(one)).cloned()
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<String, Vec<Version>>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Seconds of Unix time.
#[must_use]
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// Splits `gw#2` into key and version; `None` for a name without a version.
#[must_use]
pub fn split(kid: &str) -> Option<(&str, u32)> {
    let (key, number) = kid.rsplit_once('#')?;
    let canonical = !number.starts_with('0') && number.bytes().all(|b| b.is_ascii_digit());
    canonical.then(|| Some((key, number.parse().ok()?)))?
}

fn first(label: &str) -> Version {
    Version {
        number: 1,
        label: label.to_owned(),
        state: State::Active,
        fingerprint: String::new(),
        due: None,
        since: None,
    }
}

// Entries of keys that are no longer configured stay in the journal and do nothing.
fn apply(keys: &mut BTreeMap<String, Vec<Version>>, entry: &Entry) {
    let Some(versions) = keys.get_mut(&entry.kid) else {
        return;
    };
    let since = versions
        .iter()
        .find(|version| version.number == entry.ver)
        .map_or(Some(entry.at), |version| version.since.or(Some(entry.at)));
    versions.retain(|version| version.number != entry.ver);
    // One line makes both changes, so that no crash can fall between them.
    if entry.state == State::Active {
        let active = versions.iter_mut().filter(|v| v.state == State::Active);
        active.for_each(|version| version.state = State::Retired);
    }
    versions.push(Version {
        number: entry.ver,
        label: entry.label.clone(),
        state: entry.state,
        fingerprint: entry.fp.clone(),
        due: entry.due,
        since,
    });
    versions.sort_by_key(|version| version.number);
}
