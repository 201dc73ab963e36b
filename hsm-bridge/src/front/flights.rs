//! Equal unwraps under way at the same time cost the token one order: the first asks it, the others
//! wait for that answer. Nothing is kept once it is there.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use sealgate_wire::KeyFailure;
use tokio::sync::oneshot;

use super::cache::{Entry, Name};

type Answer = Result<Entry, KeyFailure>;

/// The unwraps under way, each with those who wait for it.
#[derive(Default)]
pub(super) struct Flights {
    under_way: Mutex<HashMap<Name, Vec<oneshot::Sender<Answer>>>>,
}

/// Who asks the token.
pub(super) enum Boarding<'a> {
    /// The caller does.
    First(Flight<'a>),
    /// Somebody else does already.
    Under(Way),
}

/// An unwrap that its owner asks the token for. When it is dropped before it landed, those who wait
/// board again.
pub(super) struct Flight<'a> {
    flights: &'a Flights,
    name: Name,
    landed: bool,
}

/// The wait for somebody else's answer.
pub(super) struct Way(oneshot::Receiver<Answer>);

impl Flights {
    /// Joins the flight of this name, or opens it.
    pub(super) fn board(&self, name: Name) -> Boarding<'_> {
        let mut under_way = self.lock();
        if let Some(waiting) = under_way.get_mut(&name) {
            let (answer, way) = oneshot::channel();
            waiting.push(answer);
            return Boarding::Under(Way(way));
        }
        under_way.insert(name, Vec::new());
        drop(under_way);
        Boarding::First(Flight {
            flights: self,
            name,
            landed: false,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Name, Vec<oneshot::Sender<Answer>>>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight<'_> {
    /// Gives everybody who waits the answer.
    pub(super) fn land(mut self, answer: &Answer) {
        // From here on the name is another's.
        self.landed = true;
        for waiting in self.end() {
            let copy = match answer {
                Ok(entry) => Ok(entry.copy()),
                Err(failure) => Err(*failure),
            };
            // Who no longer waits drops it, and it is wiped.
            let _ = waiting.send(copy);
        }
    }

    fn end(&self) -> Vec<oneshot::Sender<Answer>> {
        self.flights.lock().remove(&self.name).unwrap_or_default()
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        if !self.landed {
            drop(self.end());
        }
    }
}

impl Way {
    /// Waits for the answer until the deadline; `None` when the one who asked went away without it.
    ///
    /// # Errors
    /// The failure of the one who asked; [`KeyFailure::TokenTimeout`] at the deadline.
    pub(super) async fn wait(self, deadline: Instant) -> Option<Answer> {
        match tokio::time::timeout_at(deadline.into(), self.0).await {
            Ok(answer) => answer.ok(),
            Err(_) => Some(Err(KeyFailure::TokenTimeout)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use zeroize::Zeroizing;

    use super::*;

    fn entry() -> Entry {
        Entry {
            cek: Zeroizing::new(vec![7; 32]),
            fingerprint: "f".into(),
        }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    fn join(flights: &Flights, name: Name) -> Way {
        match flights.board(name) {
            Boarding::Under(way) => way,
            Boarding::First(_) => panic!("nothing is under way"),
        }
    }

    #[tokio::test]
    async fn one_asks_and_all_of_the_same_name_get_the_answer() {
        let flights = Flights::default();
        let Boarding::First(flight) = flights.board([1; 32]) else {
            panic!("nothing was under way")
        };
        let (one, two) = (join(&flights, [1; 32]), join(&flights, [1; 32]));
        assert!(matches!(flights.board([2; 32]), Boarding::First(_)));
        flight.land(&Ok(entry()));
        let (one, two) = (one.wait(soon()).await, two.wait(soon()).await);
        assert_eq!(*one.unwrap().ok().unwrap().cek, vec![7; 32]);
        assert_eq!(two.unwrap().ok().unwrap().fingerprint, "f");
        assert!(flights.lock().is_empty(), "nothing is kept");
    }

    #[tokio::test]
    async fn who_gives_up_leaves_nobody_waiting() {
        let flights = Flights::default();
        let Boarding::First(flight) = flights.board([1; 32]) else {
            panic!("nothing was under way")
        };
        let way = join(&flights, [1; 32]);
        drop(flight);
        assert!(way.wait(soon()).await.is_none());
        assert!(matches!(flights.board([1; 32]), Boarding::First(_)));
    }
}
