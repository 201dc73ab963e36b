//! A closed-loop load generator: each connection sends its next request when it has its answer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sealgate_tests::certificates::Certificates;
use sealgate_tests::h1::Connection;
use sealgate_tests::tls::Offer;
use serde_json::{Value, json};

/// Connections at the same time.
pub(crate) const CONNECTIONS: usize = 16;

/// What one round gave.
pub(crate) struct Round {
    requests: usize,
    seconds: f64,
    /// Sorted.
    latencies: Vec<Duration>,
}

impl Round {
    /// Requests per second.
    pub(crate) fn rate(&self) -> f64 {
        self.requests as f64 / self.seconds
    }

    /// The latency below which this part (0 to 1) of the requests stayed, in milliseconds.
    pub(crate) fn percentile_ms(&self, part: f64) -> f64 {
        let at = (self.latencies.len() as f64 * part) as usize;
        let last = self.latencies.len().saturating_sub(1);
        self.latencies.get(at.min(last)).map_or(0.0, |latency| latency.as_secs_f64() * 1000.0)
    }

    /// For the report.
    pub(crate) fn json(&self) -> Value {
        json!({
            "requests": self.requests,
            "requests_per_second": figure(self.rate()),
            "p50_ms": figure(self.percentile_ms(0.5)),
            "p99_ms": figure(self.percentile_ms(0.99)),
        })
    }
}

/// Sends requests from the list, each at most once (`once`) or over and over, for the given time.
///
/// # Panics
/// When any answer is not 200: a figure of refusals would be worth nothing.
pub(crate) fn round(
    address: std::net::SocketAddr,
    certificates: &Certificates,
    requests: &[Vec<u8>],
    once: bool,
    length: Duration,
) -> Round {
    let next = AtomicUsize::new(0);
    let mut connections: Vec<Connection> = (0..CONNECTIONS)
        .map(|_| {
            Connection::open(address, certificates, &Offer::of(&certificates.partner_a))
                .expect("handshake")
        })
        .collect();
    let began = Instant::now();
    let latencies: Vec<Duration> = std::thread::scope(|scope| {
        let workers: Vec<_> = connections
            .iter_mut()
            .map(|connection| {
                let next = &next;
                scope.spawn(move || {
                    let mut latencies = Vec::new();
                    while began.elapsed() < length {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let at = if once { at } else { at % requests.len() };
                        let Some(request) = requests.get(at) else { break };
                        let sent = Instant::now();
                        connection.send(request).expect("sent");
                        let answer = connection.response().expect("answered");
                        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
                        latencies.push(sent.elapsed());
                    }
                    latencies
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker")).collect()
    });
    let seconds = began.elapsed().as_secs_f64();
    let mut latencies = latencies;
    latencies.sort_unstable();
    Round { requests: latencies.len(), seconds, latencies }
}

/// Three digits after the point are more than these figures hold.
pub(crate) fn figure(figure: f64) -> f64 {
    (figure * 1000.0).round() / 1000.0
}
