//! Finds hosts that hold the head but never hand over the body.
//!
//! Without `allow_on_headers_stop_iteration`, Envoy stops everything when a headers callback
//! pauses: no body callback comes and the request would hang. The root context's tick finds such
//! streams and refuses them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

/// How often the root context looks.
pub(crate) const TICK: Duration = Duration::from_secs(1);
/// How long a stream may wait for the first sign of its body, in ticks.
const PATIENCE_TICKS: u8 = 10;

/// Streams that wait for the first sign of their body, with the ticks they have waited.
#[derive(Default)]
pub(crate) struct Watch {
    waiting: RefCell<BTreeMap<u32, u8>>,
}

impl Watch {
    /// The stream now waits for its body.
    pub(crate) fn begin(&self, context_id: u32) {
        self.waiting.borrow_mut().insert(context_id, 0);
    }

    /// The stream saw its body, was judged or is gone.
    pub(crate) fn end(&self, context_id: u32) {
        self.waiting.borrow_mut().remove(&context_id);
    }

    /// One tick has passed; gives the streams whose patience is over.
    pub(crate) fn tick(&self) -> Vec<u32> {
        let mut waiting = self.waiting.borrow_mut();
        let mut given_up = Vec::new();
        waiting.retain(|context_id, ticks| {
            *ticks = ticks.saturating_add(1);
            let keep = *ticks <= PATIENCE_TICKS;
            if !keep {
                given_up.push(*context_id);
            }
            keep
        });
        given_up
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_without_a_body_is_given_up_once() {
        let watch = Watch::default();
        watch.begin(1);
        watch.begin(2);
        watch.end(2);
        for _ in 0..PATIENCE_TICKS {
            assert_eq!(watch.tick(), Vec::<u32>::new());
        }
        assert_eq!(watch.tick(), vec![1]);
        assert_eq!(watch.tick(), Vec::<u32>::new());
    }
}
