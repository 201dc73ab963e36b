//! The gate's key rotated and disabled under load, through real Envoy: no request sealed to the old
//! version fails after a rotation, and none passes later than 100 ms after it was disabled.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sealgate_tests::bridge::Token;
use sealgate_tests::certificates::Certificates;
use sealgate_tests::draft::Draft;
use sealgate_tests::gate::Gate;
use sealgate_tests::h1::Connection;
use sealgate_tests::keys::Keys;
use sealgate_tests::load::Load;
use sealgate_tests::tls::Offer;

/// How long an answer may still come after its version was disabled.
const LIMIT: Duration = Duration::from_millis(100);

#[test]
fn no_request_of_the_old_version_fails_after_a_rotation() {
    let Gate {
        site,
        keys,
        bridge,
        envoy,
    } = Gate::start(Token::SoftHsm);
    let old = Arc::new(keys);
    let sender = Arc::clone(&old);
    let load = Load::start(3, envoy.address(), &site.certificates, move || {
        Draft::payments(&sender).make()
    });
    for version in 2..=4 {
        let made = bridge.change("gw-ec", "rotate");
        assert_eq!(made["ver"], version);
        load.wait_for_more(60);
        // Who fetches the public key now seals to the new version, and passes as well.
        let new = Keys {
            mac: old.mac.clone(),
            idp: old.idp.clone(),
            dir: old.dir.clone(),
            raw: old.raw.clone(),
            gate: bridge.lock(),
        };
        let draft = Draft::payments(&new);
        let response = site.send(&envoy, &draft.make());
        assert_eq!(response.status, 200, "version {version}: {}", envoy.log());
    }
    let (good, failed) = load.stop();
    println!(
        "figure: 3 rotations through Envoy: {} of {good} requests failed",
        failed.len()
    );
    assert_eq!(failed, Vec::<String>::new());
}

#[test]
fn a_disabled_version_opens_nothing_after_the_operators_answer() {
    let Gate {
        site,
        keys,
        bridge,
        envoy,
    } = Gate::start(Token::SoftHsm);
    bridge.change("gw-ec", "rotate");
    let keys = Arc::new(keys);
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<JoinHandle<Vec<Answered>>> = (0..3)
        .map(|_| {
            let (keys, stop) = (Arc::clone(&keys), Arc::clone(&stop));
            let certificates = Arc::clone(&site.certificates);
            let address = envoy.address();
            std::thread::spawn(move || ask(address, &certificates, &keys, &stop))
        })
        .collect();
    std::thread::sleep(Duration::from_millis(1500));
    bridge.change("gw-ec#1", "disable");
    let disabled = Instant::now();
    std::thread::sleep(Duration::from_millis(1500));
    let enabling = Instant::now();
    bridge.change("gw-ec#1", "enable");
    let enabled = Instant::now();
    std::thread::sleep(Duration::from_millis(1500));
    stop.store(true, Ordering::Relaxed);
    let answers: Vec<Answered> = clients
        .into_iter()
        .flat_map(|client| client.join().expect("a client"))
        .collect();
    let passed = |from: Instant, to: Instant| {
        let between = answers.iter().filter(|one| one.at >= from && one.at < to);
        between.filter(|one| one.status == 200).count()
    };
    let asked = answers
        .iter()
        .filter(|one| one.at >= disabled && one.at < enabling)
        .count();
    let late = passed(disabled + LIMIT, enabling);
    println!(
        "figure: disabled through Envoy: {late} of {asked} answers with it later than 100 ms, {} \
         before the 100 ms",
        passed(disabled, disabled + LIMIT)
    );
    assert_eq!(late, 0);
    assert!(asked >= 20, "{asked} requests while it was disabled");
    let (first, last) = (answers[0].at, Instant::now());
    assert!(passed(first, disabled) >= 20, "the load passed before");
    assert!(passed(enabled, last) >= 20, "and after: {}", envoy.log());
}

/// One answer, when it was there.
struct Answered {
    at: Instant,
    status: u16,
}

fn ask(
    address: std::net::SocketAddr,
    certificates: &Certificates,
    keys: &Keys,
    stop: &AtomicBool,
) -> Vec<Answered> {
    let offer = Offer::of(&certificates.partner_a);
    let mut answers = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let mut connection = Connection::open(address, certificates, &offer).expect("a connection");
        while !stop.load(Ordering::Relaxed) {
            let Ok(response) = connection.exchange(&Draft::payments(keys).make()) else {
                break;
            };
            answers.push(Answered {
                at: Instant::now(),
                status: response.status,
            });
            std::thread::sleep(Duration::from_millis(4));
        }
    }
    answers
}
