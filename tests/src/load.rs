//! A running load of good requests, to prove that nothing fails while something changes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::certificates::Certificates;
use crate::h1::Connection;
use crate::message::Request;
use crate::tls::Offer;

/// Between two requests of a client: a steady load that leaves the machine room to reload.
const PAUSE: Duration = Duration::from_millis(4);

/// Clients that send good requests over kept connections until [`Load::stop`].
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<Vec<String>>>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    sent: AtomicU64,
    /// Between two requests of a client.
    pause: Duration,
}

impl Load {
    /// Starts `clients` clients; each request is made by `make` and must be answered with 200.
    pub fn start(
        clients: usize,
        address: SocketAddr,
        certificates: &Arc<Certificates>,
        make: impl Fn() -> Request + Send + Sync + 'static,
    ) -> Self {
        Self::with_pause(PAUSE, clients, address, certificates, make)
    }

    /// The same as fast as the gate answers.
    pub fn at_full_speed(
        clients: usize,
        address: SocketAddr,
        certificates: &Arc<Certificates>,
        make: impl Fn() -> Request + Send + Sync + 'static,
    ) -> Self {
        Self::with_pause(Duration::ZERO, clients, address, certificates, make)
    }

    fn with_pause(
        pause: Duration,
        clients: usize,
        address: SocketAddr,
        certificates: &Arc<Certificates>,
        make: impl Fn() -> Request + Send + Sync + 'static,
    ) -> Self {
        let make = Arc::new(make);
        let shared = Arc::new(Shared {
            pause,
            ..Shared::default()
        });
        let threads = (0..clients)
            .map(|_| {
                let (make, shared) = (Arc::clone(&make), Arc::clone(&shared));
                let certificates = Arc::clone(certificates);
                std::thread::spawn(move || client(address, &certificates, make.as_ref(), &shared))
            })
            .collect();
        let load = Self { shared, threads };
        load.wait_for_more(20);
        load
    }

    /// The number of good answers so far.
    pub fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::SeqCst)
    }

    /// Waits until `count` more requests were answered.
    pub fn wait_for_more(&self, count: u64) {
        let wanted = self.shared.sent.load(Ordering::SeqCst) + count;
        let until = Instant::now() + Duration::from_secs(20);
        while self.shared.sent.load(Ordering::SeqCst) < wanted {
            assert!(Instant::now() < until, "the load does not run");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends the load: the number of good answers, and what failed.
    pub fn stop(self) -> (u64, Vec<String>) {
        self.shared.stop.store(true, Ordering::SeqCst);
        let failed = self
            .threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("a client"))
            .collect();
        (self.shared.sent.load(Ordering::SeqCst), failed)
    }
}

fn client(
    address: SocketAddr,
    certificates: &Certificates,
    make: &(dyn Fn() -> Request + Send + Sync),
    shared: &Shared,
) -> Vec<String> {
    let offer = Offer::of(&certificates.partner_a);
    let mut failed = Vec::new();
    while !shared.stop.load(Ordering::SeqCst) {
        let mut connection = match Connection::open(address, certificates, &offer) {
            Ok(connection) => connection,
            Err(error) => {
                failed.push(format!("handshake: {error}"));
                std::thread::sleep(Duration::from_millis(50));
                continue;
            }
        };
        while !shared.stop.load(Ordering::SeqCst) {
            match connection.exchange(&make()) {
                Ok(response) if response.status == 200 => {
                    shared.sent.fetch_add(1, Ordering::SeqCst);
                    if !shared.pause.is_zero() {
                        std::thread::sleep(shared.pause);
                    }
                    if response.value("connection").as_deref() == Some("close") {
                        break;
                    }
                }
                Ok(response) => {
                    failed.push(format!("{} {:?}", response.status, response.problem()))
                }
                Err(error) => {
                    failed.push(error.to_string());
                    break;
                }
            }
        }
    }
    failed
}
