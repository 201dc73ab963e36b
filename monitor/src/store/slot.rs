//! One slot: numbers of series with their values, packed.

use std::collections::{BTreeMap, BTreeSet};

use super::{MAX_SERIES_PER_SLOT, StoreError};

/// Bytes of one entry: number, kind, value.
const ENTRY: usize = 13;

/// Values of a span of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Slot {
    /// Seconds that it covers.
    pub(super) seconds: f64,
    values: BTreeMap<(u32, bool), f64>,
}

impl Slot {
    /// Puts one value: added to what is there, or in its place when it is a level.
    pub(super) fn put(&mut self, number: u32, level: bool, value: f64) {
        if self.values.len() >= MAX_SERIES_PER_SLOT && !self.values.contains_key(&(number, level)) {
            return;
        }
        let kept = self.values.entry((number, level)).or_default();
        *kept = if level { value } else { *kept + value };
    }

    /// Adds a later one.
    pub(super) fn add(&mut self, later: &Self) {
        self.seconds += later.seconds;
        for ((number, level), value) in &later.values {
            self.put(*number, *level, *value);
        }
    }

    /// Number, whether it is a level, value.
    pub(super) fn entries(&self) -> impl Iterator<Item = (u32, bool, f64)> {
        self.values
            .iter()
            .map(|((number, level), value)| (*number, *level, *value))
    }

    /// Collects the numbers in it.
    pub(super) fn numbers(&self, into: &mut BTreeSet<u32>) {
        into.extend(self.values.keys().map(|key| key.0));
    }

    /// Seconds, then entries, all big-endian.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(8 + ENTRY * self.values.len());
        bytes.extend(self.seconds.to_be_bytes());
        for ((number, level), value) in &self.values {
            bytes.extend(number.to_be_bytes());
            bytes.push(u8::from(*level));
            bytes.extend(value.to_be_bytes());
        }
        bytes
    }

    /// The reverse.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let (seconds, rest) = bytes.split_first_chunk::<8>().ok_or(StoreError::Foreign)?;
        let (entries, rest) = rest.as_chunks::<ENTRY>();
        if !rest.is_empty() {
            return Err(StoreError::Foreign);
        }
        let mut slot = Self {
            seconds: f64::from_be_bytes(*seconds),
            values: BTreeMap::new(),
        };
        for [a, b, c, d, level, value @ ..] in entries {
            let number = u32::from_be_bytes([*a, *b, *c, *d]);
            slot.values
                .insert((number, *level != 0), f64::from_be_bytes(*value));
        }
        Ok(slot)
    }
}
