//! `hsm-bridge bench`: what the bare token gives, without socket, HTTP and queue. For `cargo xtask
//! bench`, which compares it with the same key behind the socket.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::Failed;
use crate::config::Config;
use crate::jwa::Algorithm;
use crate::token::pkcs11::Pkcs11Token;
use crate::token::{FaultClass, Order, Token, TokenFault};

/// What to measure.
pub(super) struct Measure {
    pub(super) kid: String,
    /// Name of the algorithm; the key's first one when not given.
    pub(super) alg: Option<String>,
    /// Threads, with a session of the token each.
    pub(super) threads: u16,
    pub(super) length: Duration,
}

/// Repeats the key's order on every thread until the time is over, and prints one line of JSON.
pub(super) fn bench(config: &Config, measure: &Measure) -> Result<(), Failed> {
    let unknown = |what: &str| Failed(format!("{what} is not in the configuration"));
    let key = config.key(&measure.kid).ok_or_else(|| unknown("the key"))?;
    let alg = match &measure.alg {
        Some(name) => Algorithm::from_name(name).filter(|alg| key.plan.algorithms.contains(alg)),
        None => key.plan.algorithms.first().copied(),
    };
    let alg = alg.ok_or_else(|| unknown("the algorithm"))?;
    let mut place = config
        .token(&key.token)
        .ok_or_else(|| unknown("the token"))?
        .place
        .clone();
    let threads = usize::from(measure.threads);
    place.lanes = threads;
    let token = Pkcs11Token::load(place)?;
    token.reopen()?;
    if token.lanes() < threads {
        let granted = token.lanes();
        return Err(Failed(format!(
            "the token grants {granted} session(s) only"
        )));
    }
    let label = key.plan.label.as_str();
    let order = proven_order(&token, label, alg)?;
    let done = repeat(&token, label, &order, threads, measure.length)?;
    println!(
        "{}",
        json!({
            "kid": measure.kid,
            "alg": alg.name(),
            "order": order.name(),
            "threads": threads,
            "operations": done.operations,
            "seconds": done.seconds,
            "per_second": f64::from(done.operations) / done.seconds,
        })
    );
    Ok(())
}

/// An order that the token carries out with the result we expect: a rate of errors is no rate.
fn proven_order(token: &dyn Token, label: &str, alg: Algorithm) -> Result<Order, Failed> {
    let sample = alg
        .sample(&token.describe(0, label)?.kind)
        .ok_or_else(|| Failed("the key is of another kind".into()))?;
    let rehearsal = token
        .rehearse(0, label, &sample)?
        .ok_or_else(|| Failed("the key does not permit a rehearsal".into()))?;
    let yielded = token.perform(0, label, &rehearsal.order)?;
    match rehearsal.expected {
        Some(expected) if *expected != *yielded.bytes => {
            Err(Failed("the token yields something wrong".into()))
        }
        _ => Ok(rehearsal.order),
    }
}

struct Done {
    operations: u32,
    seconds: f64,
}

fn repeat(
    token: &dyn Token,
    label: &str,
    order: &Order,
    threads: usize,
    length: Duration,
) -> Result<Done, TokenFault> {
    let over = AtomicBool::new(false);
    let began = Instant::now();
    let work = |lane| -> Result<u32, TokenFault> {
        let mut operations = 0_u32;
        while !over.load(Ordering::Relaxed) {
            token.perform(lane, label, order)?;
            operations = operations.saturating_add(1);
        }
        Ok(operations)
    };
    let work = &work;
    let operations: Result<Vec<u32>, TokenFault> = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..threads)
            .map(|lane| scope.spawn(move || work(lane)))
            .collect();
        std::thread::sleep(length);
        over.store(true, Ordering::Relaxed);
        lanes
            .into_iter()
            .map(|lane| lane.join().unwrap_or_else(|_| Err(ended())))
            .collect()
    });
    Ok(Done {
        operations: operations?.into_iter().fold(0, u32::saturating_add),
        seconds: began.elapsed().as_secs_f64(),
    })
}

fn ended() -> TokenFault {
    TokenFault::new(FaultClass::Unclear, "a thread ended before its time")
}
