//! One copy of many.

use sealgate_tests::bridge::{Bridge, Token};
use sealgate_tests::draft::{Draft, Signature};
use sealgate_tests::envoy::Envoy;
use sealgate_tests::keys::Keys;
use sealgate_tests::site::Site;

use super::redis::{PASSWORD, Redis};
use super::{by_bridge, one_passed, policy, request, storm};

const COPIES: usize = 1000;

#[test]
fn of_a_thousand_copies_one_passes_over_all_workers() {
    let site = Site::new();
    let keys = Keys::without_bridge();
    let envoy = site.plugin(&keys.policy()).concurrency(4).start();
    let answers = storm(&site, &[&envoy], &request(&keys), COPIES);
    one_passed(&site, &answers, COPIES);
}

/// Two gateways, each with a bridge of its own, and one store.
struct Fleet {
    site: Site,
    keys: Keys,
    gates: [Envoy; 2],
    redis: Option<Redis>,
    folder: tempfile::TempDir,
    _bridges: [Bridge; 2],
}

impl Fleet {
    fn start() -> Self {
        let site = Site::new();
        let folder = tempfile::tempdir().unwrap();
        let redis = serve(folder.path());
        let store = folder.path().join("redis.sock");
        let bridges = [(); 2].map(|()| Bridge::with_store(Token::SoftHsm, &store, PASSWORD));
        let keys = Keys::make(bridges[0].lock());
        let mut policy = policy(&keys, |raw| raw["replay"] = by_bridge());
        // An answer that comes too late refuses the one copy that was recorded: right for a gate,
        // and not what is measured here on a busy machine.
        policy["bridge"]["timeout_ms"] = serde_json::json!(10_000);
        let gates = [0, 1].map(|number: usize| {
            sealgate_tests::envoy::Setup::shipped("sealgate.yaml")
                .module(&sealgate_tests::required::plugin())
                .policy(&policy)
                .site(&site.certificates, site.upstream.address())
                .bridge(&bridges[number].socket())
                .start()
        });
        Self {
            site,
            keys,
            gates,
            redis: Some(redis),
            folder,
            _bridges: bridges,
        }
    }

    fn both(&self) -> [&Envoy; 2] {
        [&self.gates[0], &self.gates[1]]
    }
}

/// A store that keeps what it was told over a restart.
fn serve(folder: &std::path::Path) -> Redis {
    Redis::start(folder, &["--appendonly", "yes", "--appendfsync", "always"])
}

#[test]
fn of_a_thousand_copies_one_passes_over_two_gateways() {
    let fleet = Fleet::start();
    let answers = storm(&fleet.site, &fleet.both(), &request(&fleet.keys), COPIES);
    one_passed(&fleet.site, &answers, COPIES);
}

#[test]
fn a_flood_of_forged_requests_records_nothing() {
    let fleet = Fleet::start();
    let genuine = request(&fleet.keys);
    let before = fleet.redis.as_ref().unwrap().sets();
    let mut draft = Draft::raw(&fleet.keys);
    if let Signature::Rfc9421(signature) = &mut draft.signature {
        signature.key = vec![9; 32];
        // The nonce that the genuine sender is about to use.
        signature.nonce = nonce_of(&genuine);
    }
    let forged = draft.make();
    let bytes = fleet.site.upstream.bytes();
    let answers = storm(&fleet.site, &fleet.both(), &forged, 500);
    assert_eq!(answers, [(401, 500)]);
    fleet.site.nothing_since(bytes);
    assert_eq!(fleet.redis.as_ref().unwrap().sets(), before);
    fleet.site.passes(&fleet.gates[0], &genuine);
    assert_eq!(fleet.redis.as_ref().unwrap().sets(), before + 1);
}

#[test]
fn a_dead_store_refuses_and_a_living_one_is_found_again() {
    let mut fleet = Fleet::start();
    let first = request(&fleet.keys);
    fleet.site.passes(&fleet.gates[0], &first);
    fleet.redis = None;
    for gate in fleet.both() {
        let refused = fleet.site.refused(gate, &request(&fleet.keys));
        assert_eq!(refused.status, 503);
        assert_eq!(refused.problem().as_deref(), Some("unavailable"));
    }
    fleet.redis = Some(serve(fleet.folder.path()));
    let until = std::time::Instant::now() + std::time::Duration::from_secs(10);
    loop {
        let answer = fleet.site.send(&fleet.gates[1], &request(&fleet.keys));
        if answer.status == 200 {
            break;
        }
        assert_eq!(answer.status, 503);
        assert!(
            std::time::Instant::now() < until,
            "the store is not found again"
        );
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    // It still knows what the other gateway recorded before.
    fleet.site.upstream.take();
    assert_eq!(fleet.site.refused(&fleet.gates[1], &first).status, 409);
}

fn nonce_of(request: &sealgate_tests::message::Request) -> Option<String> {
    let input = String::from_utf8(request.value("signature-input")?.to_vec()).ok()?;
    let rest = input.split_once("nonce=\"")?.1;
    Some(rest.split_once('"')?.0.to_owned())
}
