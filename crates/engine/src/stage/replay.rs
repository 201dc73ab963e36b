//! The replay guard: a signed value passes once, on all workers of the host, or on all gateways
//! that share a store behind hsm-bridge.
//!
//! What may not repeat belongs to the *sender*, not to the key: a sender that rotates may sign one
//! message with two keys, and either half must count as the whole. By `signature` the signed octets
//! are remembered, not the signature value, which an attacker can respell or pick another of.
//!
//! Locally, seen values live in the host's shared data, which never forgets and cannot be listed. So each
//! key id has a fixed number of slots; a value is the list of digests that fell into one slot,
//! with their expiry. The number of slots is a constant, so that a changed policy finds what an
//! earlier one recorded. Writes are compare-and-swap: of two copies of a request that arrive at
//! once, one loses the swap, reads again and finds itself.

use sealgate_wire::{MAX_REPLAY_TTL_MS, ReplayRequest};
use sha2::{Digest, Sha256};

use crate::event::{SharedAnswer, SharedRequest};
use crate::limits::MAX_REPLAY_ATTEMPTS;
use crate::policy::compiled::ReplayPolicy;
use crate::policy::raw::RawReplayBy;
use crate::refusal::Reason;
use crate::stage::signature::SignatureVerified;

/// Slots per key id. A value's slot never changes with the policy.
pub(crate) const SLOTS: u32 = 4096;
/// Entries of one slot, so that `max_entries` values of one key find room.
///
/// Values fall into slots by their hash, so a slot's share is spread as Poisson's law says. Seven
/// standard deviations above the mean, and a dozen for short means, keep the chance that any slot of
/// [`SLOTS`] is full before `max_entries` are reached below one in a hundred million.
pub(crate) fn slot_entries(max_entries: u32) -> usize {
    let mean = max_entries.div_ceil(SLOTS);
    let room = mean.saturating_add(mean.isqrt().saturating_mul(7));
    usize::try_from(room.saturating_add(12)).unwrap_or(usize::MAX)
}

/// Bytes of a digest; 128 bits keep chance collisions out of reach.
const DIGEST_BYTES: usize = 16;
/// Bytes of one entry: digest and expiry in seconds since 1970, big endian.
const ENTRY_BYTES: usize = DIGEST_BYTES + 4;

/// The signed value was not seen before, and now counts as seen.
pub(crate) struct Fresh(());

/// One value on its way into the local store.
pub(crate) struct Recording {
    key: String,
    digest: [u8; DIGEST_BYTES],
    expires: u32,
    slot_entries: usize,
    pass_when_full: bool,
    attempts: u8,
}

/// What comes next.
pub(crate) enum Step {
    /// Ask the store.
    Ask(SharedRequest),
    /// Done.
    Fresh(Fresh),
    /// There is no room, and the policy lets the request pass all the same.
    Unrecorded(Fresh),
}

/// What may not repeat, and until when.
pub(crate) struct Subject {
    /// SHA-256 over the sender and the value.
    hash: [u8; 32],
    sender: String,
    /// Last second at which the value is remembered, since 1970.
    expires: i64,
}

impl Subject {
    /// Starts with a verified signature; without one there is nothing to record.
    pub(crate) fn new(
        policy: &ReplayPolicy,
        verified: &SignatureVerified,
        now: i64,
    ) -> Result<Self, Reason> {
        let value = match policy.by {
            RawReplayBy::Nonce | RawReplayBy::MessageId => {
                verified.nonce.as_deref().ok_or(Reason::SignatureNonce)?
            }
            RawReplayBy::Signature => verified.identity.as_ref().ok_or(Reason::ProofMissing)?,
        };
        let expires = match (verified.expires_at, policy.ttl_seconds) {
            (Some(expires_at), _) => expires_at,
            (None, Some(ttl)) => now.saturating_add(i64::from(ttl)),
            (None, None) => return Err(Reason::ProofMissing),
        };
        let hash = Sha256::new()
            .chain_update(verified.sender.as_bytes())
            .chain_update([0])
            .chain_update(value)
            .finalize();
        Ok(Self {
            hash: hash.into(),
            sender: verified.sender.clone(),
            expires,
        })
    }

    /// The body of the question to the store behind the bridge.
    pub(crate) fn bridge_request(&self, now: i64) -> Result<Vec<u8>, Reason> {
        // The last second counts in full, and clocks of two machines are never quite the same.
        let seconds = self.expires.saturating_sub(now).saturating_add(2);
        let ttl_ms = u64::try_from(seconds).unwrap_or(2).saturating_mul(1000);
        sealgate_wire::encode_replay_request(&ReplayRequest {
            digest: self.hash.to_vec(),
            ttl_ms: ttl_ms.min(MAX_REPLAY_TTL_MS),
        })
        .map_err(|_| Reason::ReplayStoreUnavailable)
    }
}

/// Takes the answer of the store behind the bridge.
pub(crate) fn bridge_answer(status: u16, body: &[u8]) -> Result<Fresh, Reason> {
    match sealgate_wire::decode_replay_answer(status, body) {
        Ok(true) => Ok(Fresh(())),
        Ok(false) => Err(Reason::Replayed),
        Err(_) => Err(Reason::ReplayStoreUnavailable),
    }
}

impl Recording {
    /// The slot of the subject in the local store.
    pub(crate) fn new(policy: &ReplayPolicy, subject: &Subject) -> Result<Self, Reason> {
        let (digest, rest) = subject
            .hash
            .split_first_chunk::<DIGEST_BYTES>()
            .ok_or(Reason::ProofMissing)?;
        let slot = rest
            .first_chunk::<4>()
            .map_or(0, |bytes| u32::from_be_bytes(*bytes) % SLOTS);
        Ok(Self {
            key: format!("sealgate.replay.2/{}/{slot}", subject.sender),
            digest: *digest,
            expires: u32::try_from(subject.expires).unwrap_or(u32::MAX),
            slot_entries: policy.slot_entries,
            pass_when_full: policy.pass_when_full,
            attempts: 0,
        })
    }

    /// The first question.
    pub(crate) fn ask(&self) -> SharedRequest {
        SharedRequest::Get {
            key: self.key.clone(),
        }
    }

    /// Takes the store's answer.
    pub(crate) fn answer(&mut self, answer: SharedAnswer, now: i64) -> Result<Step, Reason> {
        match answer {
            SharedAnswer::Absent => self.write(&[], None, now),
            SharedAnswer::Value { value, version } => self.write(&value, Some(version), now),
            SharedAnswer::Stored => Ok(Step::Fresh(Fresh(()))),
            SharedAnswer::Conflict if self.attempts < MAX_REPLAY_ATTEMPTS => {
                Ok(Step::Ask(self.ask()))
            }
            SharedAnswer::Conflict | SharedAnswer::Failed => Err(Reason::ReplayStoreUnavailable),
        }
    }

    /// The slot with this value in it and everything expired out of it.
    fn write(&mut self, slot: &[u8], version: Option<u32>, now: i64) -> Result<Step, Reason> {
        self.attempts = self.attempts.saturating_add(1);
        if !slot.len().is_multiple_of(ENTRY_BYTES) {
            return Err(Reason::ReplayStoreUnavailable);
        }
        let mut value = Vec::with_capacity(slot.len().saturating_add(ENTRY_BYTES));
        let mut kept = 0_usize;
        for entry in slot.chunks_exact(ENTRY_BYTES) {
            let Some((digest, expires)) = entry.split_first_chunk::<DIGEST_BYTES>() else {
                continue;
            };
            let expires = expires
                .first_chunk::<4>()
                .map_or(0, |bytes| u32::from_be_bytes(*bytes));
            if i64::from(expires) < now {
                continue;
            }
            if *digest == self.digest {
                return Err(Reason::Replayed);
            }
            value.extend_from_slice(entry);
            kept = kept.saturating_add(1);
        }
        if kept >= self.slot_entries {
            return match self.pass_when_full {
                true => Ok(Step::Unrecorded(Fresh(()))),
                false => Err(Reason::ReplayStoreFull),
            };
        }
        value.extend_from_slice(&self.digest);
        value.extend_from_slice(&self.expires.to_be_bytes());
        Ok(Step::Ask(SharedRequest::CompareAndSwap {
            key: self.key.clone(),
            value,
            version,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Mode;

    const NOW: i64 = 1_800_000_000;

    fn verified(nonce: &str, expires_at: i64) -> SignatureVerified {
        SignatureVerified {
            key_id: "k".into(),
            sender: "k".into(),
            nonce: Some(nonce.into()),
            identity: None,
            expires_at: Some(expires_at),
            skew_seconds: None,
            algorithm: "HS256",
        }
    }

    fn policy(slot_entries: usize) -> ReplayPolicy {
        ReplayPolicy {
            mode: Mode::Enforce,
            by: RawReplayBy::Nonce,
            ttl_seconds: None,
            slot_entries,
            bridge: None,
            pass_when_full: false,
        }
    }

    fn recording(
        slot_entries: usize,
        nonce: &str,
        expires_at: i64,
        now: i64,
    ) -> Result<Recording, Reason> {
        let policy = policy(slot_entries);
        let subject = Subject::new(&policy, &verified(nonce, expires_at), now)?;
        Recording::new(&policy, &subject)
    }

    fn written(step: Step) -> Vec<u8> {
        match step {
            Step::Ask(SharedRequest::CompareAndSwap { value, .. }) => value,
            _ => panic!("no write"),
        }
    }

    #[test]
    fn a_value_passes_once_and_again_only_after_its_window() {
        let mut first = recording(16, "n", NOW + 10, NOW).unwrap();
        let slot = written(first.answer(SharedAnswer::Absent, NOW).unwrap());
        assert!(matches!(
            first.answer(SharedAnswer::Stored, NOW),
            Ok(Step::Fresh(_))
        ));
        let again = |now| {
            let mut second = recording(16, "n", NOW + 10, now).unwrap();
            second
                .answer(
                    SharedAnswer::Value {
                        value: slot.clone(),
                        version: 1,
                    },
                    now,
                )
                .err()
        };
        assert_eq!(again(NOW), Some(Reason::Replayed));
        assert_eq!(again(NOW + 10), Some(Reason::Replayed));
        assert_eq!(again(NOW + 11), None);
    }

    #[test]
    fn a_lost_swap_reads_again_and_finds_the_copy_that_won() {
        let mut winner = recording(16, "n", NOW + 10, NOW).unwrap();
        let mut loser = recording(16, "n", NOW + 10, NOW).unwrap();
        let slot = written(winner.answer(SharedAnswer::Absent, NOW).unwrap());
        written(loser.answer(SharedAnswer::Absent, NOW).unwrap());
        assert!(matches!(
            loser.answer(SharedAnswer::Conflict, NOW),
            Ok(Step::Ask(SharedRequest::Get { .. }))
        ));
        let verdict = loser.answer(
            SharedAnswer::Value {
                value: slot,
                version: 1,
            },
            NOW,
        );
        assert_eq!(verdict.err(), Some(Reason::Replayed));
    }

    #[test]
    fn a_full_slot_refuses_and_forgets_only_what_has_expired() {
        let mut slot = Vec::new();
        for nonce in ["a", "b"] {
            let mut one = recording(2, nonce, NOW + 10, NOW).unwrap();
            slot = written(
                one.answer(
                    SharedAnswer::Value {
                        value: slot,
                        version: 1,
                    },
                    NOW,
                )
                .unwrap(),
            );
        }
        let third = |now| {
            let mut third = recording(2, "c", now + 10, now).unwrap();
            third.answer(
                SharedAnswer::Value {
                    value: slot.clone(),
                    version: 1,
                },
                now,
            )
        };
        assert_eq!(third(NOW).err(), Some(Reason::ReplayStoreFull));
        assert_eq!(written(third(NOW + 11).unwrap()).len(), ENTRY_BYTES);
    }

    #[test]
    fn as_many_values_as_the_policy_says_find_room() {
        const MAX_ENTRIES: u32 = 65_536;
        let mut slots = std::collections::HashMap::<String, Vec<u8>>::new();
        for number in 0..MAX_ENTRIES {
            let nonce = number.to_string();
            let entries = slot_entries(MAX_ENTRIES);
            let mut one = recording(entries, &nonce, NOW + 10, NOW).unwrap();
            let slot = slots.entry(one.key.clone()).or_default();
            let value = std::mem::take(slot);
            let step = one.answer(SharedAnswer::Value { value, version: 1 }, NOW);
            *slot = written(step.unwrap_or_else(|reason| panic!("{number}: {reason:?}")));
        }
        let bytes = slots.values().map(Vec::len).sum::<usize>();
        assert_eq!(bytes, usize::try_from(MAX_ENTRIES).unwrap() * ENTRY_BYTES);
    }

    #[test]
    fn endless_contention_and_a_broken_store_refuse() {
        let mut one = recording(16, "n", NOW + 10, NOW).unwrap();
        for _ in 0..MAX_REPLAY_ATTEMPTS {
            one.answer(SharedAnswer::Absent, NOW).unwrap();
        }
        assert_eq!(
            one.answer(SharedAnswer::Conflict, NOW).err(),
            Some(Reason::ReplayStoreUnavailable)
        );
        let mut two = recording(16, "n", NOW + 10, NOW).unwrap();
        assert_eq!(
            two.answer(SharedAnswer::Failed, NOW).err(),
            Some(Reason::ReplayStoreUnavailable)
        );
        let odd = SharedAnswer::Value {
            value: vec![0; 7],
            version: 3,
        };
        assert_eq!(
            two.answer(odd, NOW).err(),
            Some(Reason::ReplayStoreUnavailable)
        );
    }
}
