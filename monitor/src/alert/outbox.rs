//! What is yet to be delivered, and when to try again. Time is an argument.

use std::collections::VecDeque;

use crate::round::Millis;

/// Most parcels that wait; of more, the oldest are dropped and counted.
const MAX_WAITING: usize = 1_000;
/// First and longest wait before another try, in milliseconds.
const FIRST_WAIT: Millis = 2_000;
const LONGEST_WAIT: Millis = 120_000;

/// Something to deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// The same for every try.
    pub id: String,
    /// What is sent.
    pub body: Vec<u8>,
}

/// Parcels in their order. One that fails holds up those behind it: an end must not arrive before
/// its beginning.
#[derive(Debug, Default)]
pub struct Outbox {
    waiting: VecDeque<Parcel>,
    not_before: Millis,
    wait: Millis,
    /// Parcels dropped for want of room.
    pub dropped: u64,
}

impl Outbox {
    /// Adds one.
    pub fn put(&mut self, parcel: Parcel) {
        if self.waiting.len() >= MAX_WAITING {
            self.waiting.pop_front();
            self.dropped = self.dropped.saturating_add(1);
        }
        self.waiting.push_back(parcel);
    }

    /// What to send now, if anything.
    #[must_use]
    pub fn due(&self, now: Millis) -> Option<&Parcel> {
        self.waiting.front().filter(|_| now >= self.not_before)
    }

    /// The one that was due has arrived.
    pub fn delivered(&mut self) {
        self.waiting.pop_front();
        self.wait = 0;
        self.not_before = 0;
    }

    /// The one that was due has not: the next try is later, each time twice as late.
    pub fn failed(&mut self, now: Millis) {
        self.wait = self.wait.saturating_mul(2).clamp(FIRST_WAIT, LONGEST_WAIT);
        self.not_before = now.saturating_add(self.wait);
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(id: usize) -> Parcel {
        Parcel {
            id: id.to_string(),
            body: Vec::new(),
        }
    }

    #[test]
    fn order_is_kept_and_tries_get_rarer() {
        let mut outbox = Outbox::default();
        outbox.put(parcel(1));
        outbox.put(parcel(2));
        let mut now = 0;
        let mut waits = Vec::new();
        for _ in 0..8 {
            outbox.failed(now);
            assert_eq!(outbox.due(now), None);
            let wait = (0..)
                .step_by(1000)
                .find(|wait| outbox.due(now + wait).is_some());
            let wait = wait.expect("due some day");
            waits.push(wait);
            now += wait;
            assert_eq!(outbox.due(now).map(|one| one.id.as_str()), Some("1"));
        }
        assert_eq!(
            waits,
            [2, 4, 8, 16, 32, 64, 120, 120].map(|seconds| seconds * 1000)
        );
        outbox.delivered();
        assert_eq!(outbox.due(now).map(|one| one.id.as_str()), Some("2"));
    }

    #[test]
    fn a_receiver_that_is_gone_costs_a_bounded_amount() {
        let mut outbox = Outbox::default();
        for id in 0..MAX_WAITING + 3 {
            outbox.put(parcel(id));
        }
        assert_eq!((outbox.len(), outbox.dropped), (MAX_WAITING, 3));
        assert_eq!(outbox.due(0).map(|one| one.id.as_str()), Some("3"));
    }
}
