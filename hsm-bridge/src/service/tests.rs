//! Faults that no real token shows on demand, played by a scripted one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use zeroize::Zeroizing;

use super::*;
use crate::jwa::Algorithm;
use crate::token::{Hash, KeyFacts, KeyKind, NewKey, Purpose, Rehearsal};

/// What the token does next, by what it is asked.
#[derive(Default)]
struct Script {
    orders: AtomicUsize,
    canaries: AtomicUsize,
    reopens: AtomicUsize,
    broken: AtomicBool,
    pin_refused: AtomicBool,
    hold: Mutex<Option<mpsc::Receiver<()>>>,
    fault: Mutex<Option<FaultClass>>,
    every: AtomicUsize,
}

struct Scripted(Arc<Script>);

const CANARY: &[u8] = b"canary";

fn facts() -> KeyFacts {
    KeyFacts {
        kind: KeyKind::Hmac { bytes: 32 },
        fingerprint: "f".repeat(43),
    }
}

fn order(data: &[u8]) -> Order {
    Order::Mac {
        hash: Hash::Sha256,
        data: data.to_vec(),
    }
}

impl Token for Scripted {
    fn reopen(&self) -> Result<(), TokenFault> {
        self.0.reopens.fetch_add(1, Ordering::SeqCst);
        if self.0.pin_refused.load(Ordering::SeqCst) {
            return Err(TokenFault::new(FaultClass::Pin, "wrong PIN"));
        }
        if self.0.broken.load(Ordering::SeqCst) {
            return Err(TokenFault::new(FaultClass::Gone, "still away"));
        }
        Ok(())
    }

    fn lanes(&self) -> usize {
        3
    }

    fn describe(&self, _: usize, _: &str) -> Result<KeyFacts, TokenFault> {
        Ok(facts())
    }

    fn rehearse(&self, _: usize, _: &str, _: &Order) -> Result<Option<Rehearsal>, TokenFault> {
        Ok(Some(Rehearsal {
            order: order(CANARY),
            expected: Some(Zeroizing::new(vec![1])),
        }))
    }

    fn perform(&self, _: usize, _: &str, order: &Order) -> Result<Yield, TokenFault> {
        let canary = matches!(order, Order::Mac { data, .. } if data == CANARY);
        let count = if canary {
            &self.0.canaries
        } else {
            &self.0.orders
        };
        let number = count.fetch_add(1, Ordering::SeqCst) + 1;
        if !canary && let Some(hold) = lock(&self.0.hold).take() {
            let _ = hold.recv();
        }
        if self.0.broken.load(Ordering::SeqCst) {
            return Err(TokenFault::new(FaultClass::Unclear, "GeneralError"));
        }
        let every = self.0.every.load(Ordering::SeqCst).max(1);
        match *lock(&self.0.fault) {
            Some(class) if !canary && number % every == 0 => {
                Err(TokenFault::new(class, "scripted"))
            }
            _ => Ok(Yield {
                spent: Duration::ZERO,
                bytes: Zeroizing::new(vec![1]),
                fingerprint: facts().fingerprint,
            }),
        }
    }

    fn make(&self, _: &str, _: NewKey, _: Purpose) -> Result<KeyFacts, TokenFault> {
        Ok(facts())
    }

    fn destroy(&self, _: &str, _: &str) -> Result<(), TokenFault> {
        Ok(())
    }

    fn close(&self) {}
}

fn start(queue: usize) -> (Arc<Service>, Arc<Script>) {
    let script = Arc::new(Script::default());
    let plan = KeyPlan {
        label: "k".into(),
        algorithms: vec![Algorithm::Hs256],
    };
    let settings = Settings {
        name: "t".into(),
        workers: 1,
        queue,
        keys: vec![plan],
        canary: None,
    };
    let token = Box::new(Scripted(Arc::clone(&script)));
    let service = Service::start(settings, token, Arc::new(Metrics::new())).unwrap();
    (service, script)
}

async fn ask(service: &Service, timeout_ms: u64) -> Result<(), KeyFailure> {
    let deadline = Instant::now() + Duration::from_millis(timeout_ms);
    service
        .submit("k", order(b"data"), true, deadline)
        .await
        .map(drop)
}

#[tokio::test]
async fn unclear_errors_are_the_callers_while_the_canary_is_good() {
    let (service, script) = start(16);
    script.every.store(10, Ordering::SeqCst);
    *lock(&script.fault) = Some(FaultClass::Unclear);
    let mut failed = 0;
    for _ in 0..200 {
        match ask(&service, 1000).await {
            Ok(()) => {}
            Err(KeyFailure::CryptoFailed) => failed += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(failed, 20);
    assert_eq!(
        script.reopens.load(Ordering::SeqCst),
        1,
        "the token must not be opened again"
    );
    assert!(
        script.canaries.load(Ordering::SeqCst) <= 5,
        "verdicts are shared"
    );
    service.stop();
}

#[tokio::test]
async fn each_class_of_fault_has_its_answer() {
    let (service, script) = start(16);
    for (class, expected) in [
        (FaultClass::Input, KeyFailure::CryptoFailed),
        (FaultClass::Unclear, KeyFailure::CryptoFailed),
        (FaultClass::Unsupported, KeyFailure::CryptoFailed),
        (FaultClass::Session, KeyFailure::Internal),
        (FaultClass::NoKey, KeyFailure::KeyState),
    ] {
        *lock(&script.fault) = Some(class);
        assert_eq!(ask(&service, 1000).await, Err(expected), "{class:?}");
    }
    assert_eq!(service.health(), Health::Active);
    // An algorithm without a proof may turn out to be missing.
    *lock(&script.fault) = Some(FaultClass::Unsupported);
    let deadline = Instant::now() + Duration::from_secs(1);
    let answer = service
        .submit("k", order(b"x"), false, deadline)
        .await
        .map(drop);
    assert_eq!(answer, Err(KeyFailure::AlgUnsupported));
    service.stop();
}

#[tokio::test]
async fn a_broken_token_is_taken_out_and_comes_back_once() {
    let (service, script) = start(16);
    script.broken.store(true, Ordering::SeqCst);
    assert_eq!(ask(&service, 1000).await, Err(KeyFailure::TokenDown));
    let orders = script.orders.load(Ordering::SeqCst);
    for _ in 0..100 {
        assert_eq!(ask(&service, 1000).await, Err(KeyFailure::TokenDown));
    }
    assert_eq!(
        script.orders.load(Ordering::SeqCst),
        orders,
        "an open breaker asks nothing"
    );
    assert_eq!(service.health(), Health::Unavailable);
    script.broken.store(false, Ordering::SeqCst);
    let back = Instant::now();
    while ask(&service, 1000).await.is_err() {
        assert!(back.elapsed() < Duration::from_secs(3));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(service.epoch.load(Ordering::SeqCst), 2);
    service.stop();
}

#[tokio::test]
async fn a_refused_pin_is_never_tried_again() {
    let (service, script) = start(16);
    script.pin_refused.store(true, Ordering::SeqCst);
    script.broken.store(true, Ordering::SeqCst);
    assert_eq!(ask(&service, 1000).await, Err(KeyFailure::TokenDown));
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(
        script.reopens.load(Ordering::SeqCst),
        2,
        "the start, and one try"
    );
    assert_eq!(ask(&service, 1000).await, Err(KeyFailure::TokenDown));
    service.stop();
}

#[tokio::test]
async fn a_hung_call_is_504_at_the_deadline_and_a_full_queue_429_at_once() {
    let (service, script) = start(2);
    let (release, hold) = mpsc::channel();
    *lock(&script.hold) = Some(hold);
    let start = Instant::now();
    assert_eq!(ask(&service, 250).await, Err(KeyFailure::TokenTimeout));
    let took = start.elapsed();
    assert!((240..5000).contains(&took.as_millis()), "{took:?}");
    // The one worker hangs: two wait, the third is refused.
    let waiting = tokio::join!(ask(&service, 50), ask(&service, 50), ask(&service, 50));
    let waiting = [waiting.0, waiting.1, waiting.2];
    let busy = waiting
        .iter()
        .filter(|answer| **answer == Err(KeyFailure::Busy))
        .count();
    assert_eq!(busy, 1, "{waiting:?}");
    assert!(service.is_stuck(Duration::from_millis(200)));
    release.send(()).unwrap();
    let orders = script.orders.load(Ordering::SeqCst);
    while ask(&service, 1000).await.is_err() {}
    assert!(!service.is_stuck(Duration::from_millis(200)));
    let after = script.orders.load(Ordering::SeqCst);
    assert_eq!(
        after,
        orders + 1,
        "jobs whose caller is gone are not carried out"
    );
    service.stop();
}

#[tokio::test]
async fn a_loss_is_noticed_without_traffic() {
    let (service, script) = start(2);
    script.broken.store(true, Ordering::SeqCst);
    let start = Instant::now();
    while service.health() != Health::Unavailable {
        assert!(start.elapsed() < Duration::from_secs(4));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    service.stop();
}
