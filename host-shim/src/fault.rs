//! Faults a test injects into host calls: odd statuses and traps.

use crate::abi::Status;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// When an injected fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nth {
    /// Every call.
    Every,
    /// Only this call, counted from 1 since the rule was added.
    Only(u32),
    /// This call and all later ones.
    From(u32),
}

/// What happens then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The host call answers this status and does nothing.
    Status(Status),
    /// The VM traps, as if the host call had been missing.
    Trap,
}

#[derive(Debug)]
struct Rule {
    hostcall: String,
    fault: Fault,
    nth: Nth,
    seen: u32,
}

/// The rules of one host; they can be added while it runs.
#[derive(Debug, Default)]
pub struct Faults {
    armed: AtomicBool,
    rules: Mutex<Vec<Rule>>,
}

impl Faults {
    /// Adds a rule for a host call, by its import name (`proxy_get_buffer_bytes`).
    pub fn add(&self, hostcall: &str, fault: Fault, nth: Nth) {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        rules.push(Rule {
            hostcall: hostcall.to_owned(),
            fault,
            nth,
            seen: 0,
        });
        self.armed.store(true, Ordering::Release);
    }

    /// Removes every rule.
    pub fn clear(&self) {
        self.rules
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        self.armed.store(false, Ordering::Release);
    }

    /// The fault for this call, if a rule strikes. Counts the call.
    pub(crate) fn strike(&self, hostcall: &str) -> Option<Fault> {
        if !self.armed.load(Ordering::Acquire) {
            return None;
        }
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let mut struck = None;
        for rule in rules.iter_mut().filter(|rule| rule.hostcall == hostcall) {
            rule.seen = rule.seen.saturating_add(1);
            let hit = match rule.nth {
                Nth::Every => true,
                Nth::Only(n) => rule.seen == n,
                Nth::From(n) => rule.seen >= n,
            };
            if hit && struck.is_none() {
                struck = Some(rule.fault);
            }
        }
        struck
    }
}
