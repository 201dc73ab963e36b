//! JWK Sets that live at their issuer (RFC 7517 section 5): fetched when they are needed, kept with
//! a bound, and asked for again when a `kid` is unknown, with a floor on how often.
//!
//! Time is an argument and the fetching is an effect, as everywhere in the engine. A set that was
//! fetched is shared with the other workers of the host; whoever finds a newer copy there takes it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64ct::{Base64UrlUnpadded, Encoding};
use sealgate_jose::jwk::{JwkSet, PublicJwk};
use sealgate_jose::jws::{SignatureAlgorithm, VerifyKey};

use crate::policy::keys::VerifierKey;
use crate::refusal::Reason;

/// Largest answer that is read, in bytes.
pub const MAX_KEY_SET_BYTES: usize = 256 * 1024;
/// How long an unknown `kid` makes nobody ask again, in seconds.
const FLOOR_SECONDS: i64 = 10;
/// Fetches per second of one worker while there is no usable set at all.
const COLD_FETCHES: u8 = 8;
/// In front of the set in the shared copy: when it was fetched.
const STAMP_BYTES: usize = 8;

/// One request to an issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySetQuestion {
    /// Cluster of the host proxy.
    pub cluster: String,
    /// Value of `:authority`.
    pub authority: String,
    /// Request path.
    pub path: String,
    /// Longest wait, in milliseconds.
    pub timeout_ms: u32,
}

/// A key set as the policy describes it, and what is known of it.
pub(crate) struct KeySet {
    pub(crate) id: String,
    pub(crate) question: KeySetQuestion,
    pub(crate) algorithms: Vec<SignatureAlgorithm>,
    /// Age at which a set is fetched anew.
    pub(crate) refresh_seconds: i64,
    /// Age beyond which a set is not used any more.
    pub(crate) max_stale_seconds: i64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    keys: Vec<Entry>,
    fetched_at: Option<i64>,
    asked_at: Option<i64>,
    asked_in_this_second: u8,
}

struct Entry {
    kid: Option<String>,
    /// SHA-256 (RFC 7638), in base64url.
    thumbprint: String,
    key: Arc<VerifierKey>,
}

/// What a look at the set gives.
pub(crate) enum Lookup {
    /// This key.
    Known(Arc<VerifierKey>),
    /// The issuer has to be asked first.
    Ask,
    /// No key; asking again would not help, or is not due.
    Refused(Reason),
}

impl KeySet {
    pub(crate) fn new(
        id: String,
        question: KeySetQuestion,
        algorithms: Vec<SignatureAlgorithm>,
        refresh_seconds: i64,
        max_stale_seconds: i64,
    ) -> Self {
        Self {
            id,
            question,
            algorithms,
            refresh_seconds,
            max_stale_seconds,
            state: Mutex::default(),
        }
    }

    /// The key of this `kid`, or whether to ask. At most one caller per [`FLOOR_SECONDS`] is told
    /// to ask; while there is no usable set, [`COLD_FETCHES`] each second.
    pub(crate) fn look_up(&self, kid: Option<&str>, now: i64) -> Lookup {
        let mut state = self.state();
        let found = state.find(kid, self.max_stale_seconds, now);
        if let (Ok(key), true) = (&found, state.is_younger_than(self.refresh_seconds, now)) {
            return Lookup::Known(key.clone());
        }
        let cold = matches!(found, Err(Reason::TokenKeySet));
        if state.may_ask(cold, now) {
            return Lookup::Ask;
        }
        match found {
            Ok(key) => Lookup::Known(key),
            Err(reason) => Lookup::Refused(reason),
        }
    }

    /// The key of this `kid` in what is known now; after the issuer was asked.
    pub(crate) fn known(&self, kid: Option<&str>, now: i64) -> Result<Arc<VerifierKey>, Reason> {
        self.state().find(kid, self.max_stale_seconds, now)
    }

    /// Name of the copy that all workers share.
    pub(crate) fn shared_name(&self) -> String {
        let KeySetQuestion {
            cluster,
            authority,
            path,
            ..
        } = &self.question;
        format!("sealgate.jwks.1/{cluster}/{authority}{path}")
    }

    /// Takes the shared copy where it is newer, and says whether that answers the question.
    pub(crate) fn take_copy(&self, copy: &[u8], kid: Option<&str>, now: i64) -> bool {
        let Some((stamp, body)) = copy.split_first_chunk::<STAMP_BYTES>() else {
            return false;
        };
        let fetched_at = i64::from_be_bytes(*stamp);
        let newer = self.state().fetched_at.is_none_or(|own| own < fetched_at);
        if !newer || fetched_at > now || !self.take(body, fetched_at) {
            return false;
        }
        let state = self.state();
        state.is_younger_than(self.refresh_seconds, now)
            && state.find(kid, self.max_stale_seconds, now).is_ok()
    }

    /// Takes the issuer's answer; gives the copy for the other workers when it is a usable set.
    /// Anything else leaves what is known as it is.
    pub(crate) fn take_answer(&self, status: u16, body: &[u8], now: i64) -> Option<Vec<u8>> {
        if status != 200 || body.len() > MAX_KEY_SET_BYTES || !self.take(body, now) {
            return None;
        }
        Some([now.to_be_bytes().as_slice(), body].concat())
    }

    /// A set without a single usable key is taken for a fault of the issuer, not for a revocation
    /// of everything.
    fn take(&self, body: &[u8], fetched_at: i64) -> bool {
        let Ok(set) = JwkSet::from_slice(body) else {
            return false;
        };
        let keys: Vec<_> = set
            .keys()
            .iter()
            .filter_map(|jwk| self.entry(jwk))
            .collect();
        if keys.is_empty() {
            return false;
        }
        let mut state = self.state();
        state.keys = keys;
        state.fetched_at = Some(fetched_at);
        true
    }

    /// A key for something else, or of another algorithm, is none of ours.
    fn entry(&self, jwk: &PublicJwk) -> Option<Entry> {
        let mut algorithms = self.algorithms.iter();
        let key = algorithms.find_map(|alg| VerifyKey::public(*alg, jwk).ok())?;
        let kid = jwk.metadata.kid.clone();
        let id = kid.clone().unwrap_or_default();
        Some(Entry {
            kid,
            thumbprint: Base64UrlUnpadded::encode_string(&jwk.thumbprint()),
            key: Arc::new(VerifierKey {
                kid: id.clone(),
                id,
                thumbprint: None,
                key,
            }),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// By `kid`, else by thumbprint; without a `kid` only where there is no choice.
    fn find(
        &self,
        kid: Option<&str>,
        max_stale_seconds: i64,
        now: i64,
    ) -> Result<Arc<VerifierKey>, Reason> {
        if !self.is_younger_than(max_stale_seconds, now) {
            return Err(Reason::TokenKeySet);
        }
        let entry = match (kid, self.keys.as_slice()) {
            (Some(kid), keys) => keys
                .iter()
                .find(|entry| entry.kid.as_deref() == Some(kid))
                .or_else(|| keys.iter().find(|entry| entry.thumbprint == kid)),
            (None, [only]) => Some(only),
            (None, _) => None,
        };
        entry
            .map(|entry| entry.key.clone())
            .ok_or(Reason::TokenSignature)
    }

    fn is_younger_than(&self, seconds: i64, now: i64) -> bool {
        self.fetched_at
            .is_some_and(|at| now.saturating_sub(at) <= seconds)
    }

    fn may_ask(&mut self, cold: bool, now: i64) -> bool {
        let elapsed = self.asked_at.map(|at| now.saturating_sub(at));
        // A clock that was set back must not close the door for good.
        let elapsed = elapsed.filter(|elapsed| *elapsed >= 0);
        match elapsed {
            Some(0) if cold && self.asked_in_this_second < COLD_FETCHES => {
                self.asked_in_this_second = self.asked_in_this_second.saturating_add(1);
            }
            Some(elapsed) if elapsed < if cold { 1 } else { FLOOR_SECONDS } => return false,
            _ => {
                self.asked_at = Some(now);
                self.asked_in_this_second = 1;
            }
        }
        true
    }
}
