//! The budget of cryptographic failures of a socket: an oracle that answers only a few times a
//! minute is of little use.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Clients remembered at once; when there are more, the newcomers share one budget.
const MAX_CLIENTS: usize = 4096;
/// Budgets are per minute.
const WINDOW: Duration = Duration::from_secs(60);

/// Failures in the present minute, by client tag: garbage from one client does not lock out
/// another.
pub(super) struct Budget {
    per_minute: u64,
    clients: Mutex<HashMap<String, Spent>>,
}

struct Spent {
    since: Instant,
    failures: u64,
}

impl Budget {
    /// `per_minute` 0 means no limit.
    pub(super) fn new(per_minute: u64) -> Self {
        Self {
            per_minute,
            clients: Mutex::new(HashMap::new()),
        }
    }

    /// Whether the client has failures left.
    pub(super) fn allows(&self, client: &str, now: Instant) -> bool {
        if self.per_minute == 0 {
            return true;
        }
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let client = Self::slot(&mut clients, client, now);
        clients.get(client).is_none_or(|spent| {
            now.saturating_duration_since(spent.since) >= WINDOW || spent.failures < self.per_minute
        })
    }

    /// Counts a failure.
    pub(super) fn spend(&self, client: &str, now: Instant) {
        if self.per_minute == 0 {
            return;
        }
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let client = Self::slot(&mut clients, client, now).to_owned();
        let spent = clients.entry(client).or_insert(Spent {
            since: now,
            failures: 0,
        });
        if now.saturating_duration_since(spent.since) >= WINDOW {
            *spent = Spent {
                since: now,
                failures: 0,
            };
        }
        spent.failures = spent.failures.saturating_add(1);
    }

    /// The name a client is counted under.
    fn slot<'a>(clients: &mut HashMap<String, Spent>, client: &'a str, now: Instant) -> &'a str {
        if clients.len() >= MAX_CLIENTS && !clients.contains_key(client) {
            clients.retain(|_, spent| now.saturating_duration_since(spent.since) < WINDOW);
            if clients.len() >= MAX_CLIENTS {
                return "";
            }
        }
        client
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_per_client_and_comes_back_after_a_minute() {
        let budget = Budget::new(2);
        let now = Instant::now();
        budget.spend("a", now);
        assert!(budget.allows("a", now));
        budget.spend("a", now);
        assert!(!budget.allows("a", now));
        assert!(budget.allows("b", now));
        assert!(budget.allows("a", now + WINDOW));
    }

    #[test]
    fn many_clients_do_not_grow_it_without_bound() {
        let budget = Budget::new(1);
        let now = Instant::now();
        for client in 0..MAX_CLIENTS * 2 {
            budget.spend(&client.to_string(), now);
        }
        assert!(budget.clients.lock().unwrap().len() <= MAX_CLIENTS + 1);
        assert!(!budget.allows("a newcomer", now));
    }

    #[test]
    fn zero_means_no_limit() {
        let budget = Budget::new(0);
        let now = Instant::now();
        for _ in 0..100 {
            budget.spend("a", now);
        }
        assert!(budget.allows("a", now));
    }
}
