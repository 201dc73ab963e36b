//! Sources that do not answer.

use crate::round::Reach;

/// Rounds without an answer that are no hiccup.
const ROUNDS: u32 = 2;

/// Rounds in a row in which a source did not answer.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Silence(u32);

impl Silence {
    /// Takes a round; says what was seen once it is no hiccup.
    pub(super) fn after(&mut self, reach: &Reach) -> Option<String> {
        let Reach::Down(why) = reach else {
            self.0 = 0;
            return None;
        };
        self.0 = self.0.saturating_add(1);
        (self.0 >= ROUNDS).then(|| format!("no metrics for {} rounds: {why}", self.0))
    }
}
