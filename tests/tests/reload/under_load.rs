//! Everything that changes, while it is used: policy, key rotation, module, a broken policy, a broken
//! module. No request fails, what was seen stays seen, both versions show, and memory comes back.
//!
//! `cargo xtask reload` runs the long form (a minute and 100,000 requests a host, 200 reloads); the
//! suite runs a short one of the same steps.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sealgate_tests::draft::{Draft, Signature};
use sealgate_tests::keys::{Keys, hex};
use sealgate_tests::load::Load;
use sealgate_tests::message::Request;
use sealgate_tests::scrape::Page;
use sealgate_tests::site::Site;
use serde_json::{Value, json};

use super::hosts::{Host, InEnvoy, InSealgateRun};
use super::{PATIENCE, alone, effective, faulty, other_module, status, with_route};

/// The second key of partner A, as bytes.
const NEXT_MAC: [u8; 32] = [42; 32];

/// How much is done.
struct Extent {
    seconds: u64,
    requests: u64,
    clients: usize,
    /// Reloads after which memory is looked at; 0 where it is not.
    reloads: usize,
}

impl Extent {
    fn chosen() -> Self {
        match std::env::var_os("SEALGATE_RELOAD_LONG") {
            Some(_) => Self {
                seconds: 60,
                requests: 100_000,
                clients: 8,
                reloads: 200,
            },
            None => Self {
                seconds: 5,
                requests: 100,
                clients: 2,
                reloads: 0,
            },
        }
    }
}

#[test]
fn envoy_under_load_loses_nothing_over_any_change() {
    let _alone = alone();
    let site = Site::new();
    let keys = Keys::without_bridge();
    let host = InEnvoy::start(&site, &keys);
    everything("envoy", &site, &keys, host);
}

#[test]
fn sealgate_run_under_load_loses_nothing_over_any_change() {
    let _alone = alone();
    let site = Site::new();
    let keys = Keys::without_bridge();
    let host = InSealgateRun::start(&site, &keys);
    everything("sealgate run", &site, &keys, host);
}

fn everything(name: &str, site: &Site, keys: &Keys, mut host: impl Host) {
    let extent = Extent::chosen();
    let address = host.address();
    let mut remembered = Draft::raw(keys);
    // Inside the window of five minutes from now to the end, however slow the machine.
    remembered.rfc9421().created = Some(sealgate_tests::draft::now() + 290);
    let remembered = remembered.make();
    assert_eq!(exchange(address, site, &remembered), 200);
    let senders = Senders::default();
    let load = senders.start(&extent, address, site, keys);
    let began = Instant::now();
    let (mut rounds, mut takes) = (0, Vec::new());
    while rounds == 0 || began.elapsed().as_secs() < extent.seconds || load.sent() < extent.requests
    {
        takes.extend(round(rounds, site, keys, &mut host, &senders, &load));
        rounds += 1;
        let minutes = began.elapsed().as_secs() / 60;
        assert!(
            minutes < 8,
            "the machine is too slow for {} requests",
            extent.requests
        );
    }
    let seconds = began.elapsed().as_secs_f64();
    let (sent, failed) = load.stop();
    assert!(
        failed.is_empty(),
        "{} of {sent} failed: {:?}",
        failed.len(),
        failed.first()
    );
    takes.sort_unstable();
    let longest = takes.last().copied().unwrap_or_default();
    println!(
        "figure: {name}: {sent} requests in {seconds:.0} s over {} changes, 0 failed; effective after \
         {:.2} s in the middle, {:.2} s at most",
        takes.len(),
        takes[takes.len() / 2].as_secs_f64(),
        longest.as_secs_f64()
    );
    assert_eq!(
        exchange(address, site, &remembered),
        409,
        "the replay store forgot"
    );
    both_versions_show(&host.page());
    if extent.reloads > 0 {
        memory_comes_back(name, extent.reloads, site, keys, &mut host);
    }
}

/// One of each change; each is waited for while the load goes on. Gives how long the good ones took.
fn round(
    number: usize,
    site: &Site,
    keys: &Keys,
    host: &mut dyn Host,
    senders: &Senders,
    load: &Load,
) -> Vec<Duration> {
    let address = host.address();
    let mut takes = Vec::new();
    let mut change = |host: &mut dyn Host, policy: &Value, what: &str| {
        let path = format!("/round{number}-{what}");
        let since = Instant::now();
        host.policy(&with_route(policy, &path));
        takes.push(effective(address, &site.certificates, &path, since));
        load.wait_for_more(20);
    };
    let old = keys.policy();
    change(host, &old, "policy");
    // A rotation: the next key beside the old one, then the senders, then the old one goes.
    let both = with_next_key(&old, true);
    change(host, &both, "both-keys");
    senders.use_next(true);
    load.wait_for_more(40);
    change(host, &with_next_key(&old, false), "next-key");
    change(host, &both, "both-again");
    senders.use_next(false);
    load.wait_for_more(40);
    let folder = tempfile::tempdir().unwrap();
    let module = other_module(folder.path(), &format!("module{number}"));
    let loaded = host.modules_loaded();
    let since = Instant::now();
    host.module(&std::fs::read(module).unwrap());
    while host.modules_loaded() == loaded {
        assert!(since.elapsed() < PATIENCE, "the module is not taken");
        std::thread::sleep(Duration::from_millis(20));
    }
    takes.push(since.elapsed());
    load.wait_for_more(20);
    let served = format!("/round{number}-both-again");
    type Break<'h> = Box<dyn Fn(&mut dyn Host) + 'h>;
    let broken: [(&str, Break<'_>); 2] = [
        (
            "policy",
            Box::new(|host| host.policy(&with_route(&faulty(&old), "/never"))),
        ),
        (
            "module",
            Box::new(|host| host.module(b"\0asm\x01\0\0\0garbage")),
        ),
    ];
    for (what, breaks) in broken {
        let refused = host.refused();
        breaks(host);
        let since = Instant::now();
        while host.refused() == refused {
            assert!(
                since.elapsed() < PATIENCE,
                "a broken {what} is not reported"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        load.wait_for_more(20);
        let status = |path: &str| status(address, &site.certificates, path);
        assert_eq!(
            (status(&served), status("/never")),
            (200, 403),
            "after a broken {what}"
        );
        host.restore();
    }
    takes
}

/// The policy with the second key, beside the first or in its place.
fn with_next_key(policy: &Value, beside: bool) -> Value {
    let mut policy = policy.clone();
    policy["keys"].as_array_mut().unwrap().push(json!({
        "id": "partner-a-mac-2", "sender_kid": "partner-a-mac", "use": "mac", "alg": "HS256",
        "material": { "inline": hex(&NEXT_MAC) },
    }));
    let taken = match beside {
        true => json!(["partner-a-mac", "partner-a-mac-2"]),
        false => json!(["partner-a-mac-2"]),
    };
    for name in ["payments", "shared", "raw"] {
        policy["policies"][name]["signature"]["keys"] = taken.clone();
    }
    policy
}

/// The clients' side of a rotation.
#[derive(Default)]
struct Senders {
    next: Arc<AtomicBool>,
}

impl Senders {
    fn start(&self, extent: &Extent, address: SocketAddr, site: &Site, keys: &Keys) -> Load {
        let (next, old, raw) = (self.next.clone(), Draft::raw(keys), keys.mac.clone());
        let make = move || {
            let mut draft = old.clone();
            let key = match next.load(Ordering::SeqCst) {
                true => NEXT_MAC.to_vec(),
                false => raw.clone(),
            };
            renew(&mut draft, key);
            draft.make()
        };
        Load::at_full_speed(extent.clients, address, &site.certificates, make)
    }

    fn use_next(&self, next: bool) {
        self.next.store(next, Ordering::SeqCst);
        // Requests that are made already were signed with the other key.
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// Another nonce, the time now, this key.
fn renew(draft: &mut Draft, key: Vec<u8>) {
    if let Signature::Rfc9421(parameters) = &mut draft.signature {
        parameters.key = key;
        parameters.created = Some(sealgate_tests::draft::now());
        parameters.nonce = Some(hex(&sealgate_tests::keys::random(16)));
    }
}

fn exchange(address: SocketAddr, site: &Site, request: &Request) -> u16 {
    let offer = sealgate_tests::tls::Offer::of(&site.certificates.partner_a);
    sealgate_tests::h1::Connection::open(address, &site.certificates, &offer)
        .and_then(|mut connection| connection.exchange(request))
        .map_or(0, |response| response.status)
}

fn both_versions_show(page: &Page) {
    let revision = |generation| {
        let labels = [("generation", generation)];
        page.value("sealgate_policy_revision", &labels)
            .unwrap_or_default()
    };
    let (current, previous) = (revision("current"), revision("previous"));
    let told = page.named("sealgate_policy");
    assert!(
        current > 0.0 && previous > 0.0 && current != previous,
        "{told:?}"
    );
    assert!(page.sum("sealgate_policy_loads_total", &[]) >= 4.0);
}

/// Reloads again and again; what the process holds then is what it held after the first few.
fn memory_comes_back(name: &str, reloads: usize, site: &Site, keys: &Keys, host: &mut dyn Host) {
    let address = host.address();
    let process = host.process();
    let mut reload = |number: usize| {
        let path = format!("/memory{number}");
        let since = Instant::now();
        host.policy(&with_route(&keys.policy(), &path));
        effective(address, &site.certificates, &path, since);
    };
    let settled = || std::thread::sleep(Duration::from_secs(8));
    (0..20).for_each(&mut reload);
    settled();
    let before = resident(process);
    (20..20 + reloads).for_each(&mut reload);
    settled();
    let after = resident(process);
    println!(
        "figure: {name}: {before} KiB resident after 20 reloads, {after} KiB after {reloads} more"
    );
    // An eighth is less than one VM of Envoy's; a leak of one VM in ten reloads would be far above.
    assert!(
        after <= before + before / 8,
        "{before} KiB became {after} KiB"
    );
}

/// KiB of memory that a process holds.
fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.trim().split(' ').next()?.parse().ok());
    number.expect("VmRSS")
}
