//! Host shared data: one map per VM id for all VMs of the process, with compare-and-swap.

use crate::abi::Status;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The map. Like Envoy's it has no expiry, no listing for guests, and survives a reload.
#[derive(Debug, Default)]
pub struct SharedData(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    entries: BTreeMap<Vec<u8>, (Vec<u8>, u32)>,
    last_cas: u32,
}

impl SharedData {
    /// The value and its compare-and-swap number.
    pub fn value(&self, key: &[u8]) -> Option<(Vec<u8>, u32)> {
        self.lock().entries.get(key).cloned()
    }

    /// Stores a value. A `cas` of 0 always stores; another one must match the stored number.
    /// As in Envoy, a `cas` for an absent key is not checked.
    pub fn set(&self, key: &[u8], value: &[u8], cas: u32) -> Status {
        let mut inner = self.lock();
        if let Some((_, stored)) = inner.entries.get(key)
            && cas != 0
            && cas != *stored
        {
            return Status::CasMismatch;
        }
        inner.last_cas = inner.last_cas.checked_add(1).unwrap_or(1);
        let next = inner.last_cas;
        inner.entries.insert(key.to_vec(), (value.to_vec(), next));
        Status::Ok
    }

    /// Every key, sorted (for tests and sizing).
    pub fn keys(&self) -> Vec<Vec<u8>> {
        self.lock().entries.keys().cloned().collect()
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        self.lock().entries.len()
    }

    /// Whether nothing is stored.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_number_is_refused_and_a_fresh_one_stores() {
        let data = SharedData::default();
        assert_eq!(data.set(b"k", b"1", 0), Status::Ok);
        let (_, first) = data.value(b"k").unwrap();
        assert_eq!(data.set(b"k", b"2", first), Status::Ok);
        assert_eq!(data.set(b"k", b"3", first), Status::CasMismatch);
        assert_eq!(data.value(b"k").unwrap().0, b"2");
    }

    #[test]
    fn a_number_for_an_absent_key_is_not_checked() {
        let data = SharedData::default();
        assert_eq!(data.set(b"k", b"1", 77), Status::Ok);
    }
}
