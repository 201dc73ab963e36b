//! Content keys that were unwrapped a moment ago, for keys that ask for it (`cache_ttl_s`): a
//! sender that seals many messages to one content key costs the token one unwrap.
//!
//! The price: a dump of memory shows the content keys of the last seconds. So it is off unless
//! asked for, bounded, emptied at every change of a key, and what it holds is wiped. A failure is
//! never kept.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sealgate_wire::UnwrapRequest;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Content keys kept at once; when there are more, the oldest go.
const MAX_ENTRIES: usize = 4096;

/// A content key and the key that opened it.
pub(super) struct Entry {
    pub(super) cek: Zeroizing<Vec<u8>>,
    pub(super) fingerprint: String,
}

impl Entry {
    /// Another one. Not `Clone`: a copy of a key is made on purpose.
    pub(super) fn copy(&self) -> Self {
        Self {
            cek: self.cek.clone(),
            fingerprint: self.fingerprint.clone(),
        }
    }
}

/// What an entry is found by: a hash over everything that made it.
pub(super) type Name = [u8; 32];

#[derive(Default)]
pub(super) struct Cache {
    kept: Mutex<HashMap<Name, Kept>>,
}

struct Kept {
    entry: Entry,
    until: Instant,
}

/// The name of an unwrap: key, version, life of the token, and every input of it. The parts are
/// written with their lengths, so that no two requests share a name.
pub(super) fn name(kid: &str, version: u32, epoch: u64, request: &UnwrapRequest) -> Name {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    part(kid.as_bytes());
    part(&version.to_be_bytes());
    part(&epoch.to_be_bytes());
    part(request.alg.as_bytes());
    part(request.enc.as_bytes());
    part(&request.ek);
    for optional in [&request.apu, &request.apv, &request.iv, &request.tag] {
        part(&[u8::from(optional.is_some())]);
        part(optional.as_deref().unwrap_or_default());
    }
    if let Some(epk) = &request.epk {
        part(epk.kty.as_bytes());
        part(epk.crv.as_bytes());
        part(&epk.x);
        part(epk.y.as_deref().unwrap_or_default());
    }
    hash.finalize().into()
}

impl Cache {
    pub(super) fn find(&self, name: &Name) -> Option<Entry> {
        let mut kept = self.lock();
        if kept.get(name)?.until <= Instant::now() {
            kept.remove(name);
            return None;
        }
        Some(kept.get(name)?.entry.copy())
    }

    pub(super) fn keep(&self, name: Name, entry: &Entry, ttl: Duration) {
        let now = Instant::now();
        let mut kept = self.lock();
        if kept.len() >= MAX_ENTRIES {
            kept.retain(|_, kept| kept.until > now);
        }
        if kept.len() >= MAX_ENTRIES
            && let Some(oldest) = kept.iter().min_by_key(|(_, kept)| kept.until)
        {
            let oldest = *oldest.0;
            kept.remove(&oldest);
        }
        kept.insert(
            name,
            Kept {
                entry: entry.copy(),
                until: now + ttl,
            },
        );
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    /// Forgets what is over: nothing stays because nobody asks.
    pub(super) fn sweep(&self) {
        let now = Instant::now();
        self.lock().retain(|_, kept| kept.until > now);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Name, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> UnwrapRequest {
        UnwrapRequest {
            alg: "A256KW".into(),
            ek: vec![1; 40],
            epk: None,
            apu: None,
            apv: None,
            iv: None,
            tag: None,
            enc: "A256GCM".into(),
        }
    }

    fn entry() -> Entry {
        Entry {
            cek: Zeroizing::new(vec![7; 32]),
            fingerprint: "f".into(),
        }
    }

    #[test]
    fn every_input_is_in_the_name() {
        let base = request();
        let mut names = vec![
            name("k", 1, 1, &base),
            name("l", 1, 1, &base),
            name("k", 2, 1, &base),
            name("k", 1, 2, &base),
        ];
        for change in [
            UnwrapRequest {
                alg: "A256KX".into(),
                ..base.clone()
            },
            UnwrapRequest {
                enc: "A128GCM".into(),
                ..base.clone()
            },
            UnwrapRequest {
                ek: vec![1; 41],
                ..base.clone()
            },
            UnwrapRequest {
                apu: Some(Vec::new()),
                ..base.clone()
            },
            UnwrapRequest {
                apv: Some(Vec::new()),
                ..base.clone()
            },
            UnwrapRequest {
                apv: Some(vec![1]),
                ..base.clone()
            },
            UnwrapRequest {
                iv: Some(vec![1]),
                ..base.clone()
            },
            UnwrapRequest {
                tag: Some(vec![1]),
                ..base
            },
        ] {
            names.push(name("k", 1, 1, &change));
        }
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn what_is_over_is_not_found_and_the_number_is_bounded() {
        let cache = Cache::default();
        cache.keep([1; 32], &entry(), Duration::ZERO);
        assert!(cache.find(&[1; 32]).is_none());
        for number in 0..MAX_ENTRIES as u64 + 10 {
            let mut name = [0; 32];
            name[..8].copy_from_slice(&number.to_be_bytes());
            cache.keep(name, &entry(), Duration::from_secs(60));
        }
        assert_eq!(cache.lock().len(), MAX_ENTRIES);
        cache.clear();
        assert_eq!(cache.lock().len(), 0);
    }
}
