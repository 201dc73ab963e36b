//! The whole path: TLS 1.3 + mTLS into real Envoy, nginx behind it.

use sealgate_tests::bridge::{Bridge, Token};
use sealgate_tests::certificates::Certificates;
use sealgate_tests::draft::Draft;
use sealgate_tests::envoy::{Envoy, Setup};
use sealgate_tests::keys::Keys;
use sealgate_tests::message::Request;
use sealgate_tests::nginx::Nginx;
use sealgate_tests::required;
use serde_json::{Map, Value, json};

use crate::load::{self, Round};
use crate::{Plan, heading};

/// Sizes of the plaintext bodies.
const SIZES: [(&str, usize); 2] = [("1 KiB", 1024), ("64 KiB", 64 * 1024)];
/// Sealed requests are made before the clock starts, each is sent once: the replay guard is on.
/// Enough for a round, few enough for the memory: about 3 KiB and 90 KiB each.
const MOST_REQUESTS: [usize; 2] = [20_000, 3_000];

/// Measures, prints, returns the figures.
pub(crate) fn measure(plan: &Plan) -> Value {
    heading("Envoy, TLS 1.3 + mTLS + X25519MLKEM768, 1 worker, 16 connections, nginx behind");
    println!("{:<34} {:>10} {:>9} {:>9} {:>8}", "case", "req/s", "p50 ms", "p99 ms", "ratio");
    let site = Site::new();
    let mut figures = Map::new();
    for ((name, size), most) in SIZES.into_iter().zip(MOST_REQUESTS) {
        let plain = [plain(size)];
        let none = site.run(plan, &site.without_filter(), |_| plain.to_vec(), false);
        let empty = site.run(plan, &site.empty_filter(), |_| plain.to_vec(), false);
        let full = site.run(plan, &site.full_policy(), |round| site.sealed(size, most, round), true);
        let mut cases = Map::new();
        for (case, round) in [("no filter", &none), ("empty filter", &empty), ("full policy", &full)] {
            let ratio = round.rate() / none.rate();
            println!(
                "{:<34} {:>10.0} {:>9.2} {:>9.2} {:>8.3}",
                format!("{case}, {name}"),
                round.rate(),
                round.percentile_ms(0.5),
                round.percentile_ms(0.99),
                ratio
            );
            let mut figure = round.json();
            figure["ratio_to_no_filter"] = json!(load::figure(ratio));
            cases.insert(case.replace(' ', "_"), figure);
        }
        cases.insert("body_bytes".into(), json!(size));
        figures.insert(name.replace(' ', "_").to_lowercase(), cases.into());
    }
    figures.into()
}

struct Site {
    certificates: Certificates,
    bridge: Bridge,
    keys: Keys,
    nginx: Nginx,
}

impl Site {
    fn new() -> Self {
        let bridge = Bridge::start(Token::SoftHsm);
        let keys = Keys::make(bridge.lock());
        Self { certificates: Certificates::make(), bridge, keys, nginx: Nginx::start() }
    }

    fn setup(&self, setup: Setup) -> Setup {
        setup
            .site(&self.certificates, self.nginx.address())
            .bridge(&self.bridge.socket())
            .concurrency(1)
    }

    fn without_filter(&self) -> Setup {
        let filter = "- name: sealgate\n                    config_discovery";
        let disabled = "- name: sealgate\n                    disabled: true\n                    config_discovery";
        self.setup(Setup::guest("empty", "").replace(filter, disabled))
    }

    fn empty_filter(&self) -> Setup {
        self.setup(Setup::guest("empty", ""))
    }

    fn full_policy(&self) -> Setup {
        let shipped = Setup::shipped("sealgate.yaml").module(&required::plugin());
        self.setup(shipped.policy(&self.keys.policy()))
    }

    /// The best of the plan's rounds.
    fn run(
        &self,
        plan: &Plan,
        setup: &Setup,
        requests: impl Fn(usize) -> Vec<Vec<u8>>,
        once: bool,
    ) -> Round {
        let envoy: Envoy = setup.start();
        let rounds = (0..plan.rounds).map(|number| {
            let requests = requests(number);
            load::round(envoy.address(), &self.certificates, &requests, once, plan.round)
        });
        rounds
            .max_by(|one, other| one.rate().total_cmp(&other.rate()))
            .expect("a plan has a round")
    }

    /// Sealed requests of the main case: nested token, JWE body, both to the key in the token.
    fn sealed(&self, size: usize, most: usize, _round: usize) -> Vec<Vec<u8>> {
        let mut draft = Draft::payments(&self.keys);
        draft.plaintext = plaintext(size);
        // One access token for all, as a client has it; body and signature are fresh each time.
        let token = draft.token.take().expect("the main case has a token").make();
        draft.headers.push(("authorization".into(), format!("Bearer {token}").into_bytes()));
        (0..most)
            .map(|number| {
                draft.rfc9421().nonce = Some(format!("{number}-{}", rand_text()));
                draft.make().to_h1()
            })
            .collect()
    }
}

fn plain(size: usize) -> Vec<u8> {
    Request::new("POST", "/payments/42", plaintext(size))
        .header("content-type", "application/json")
        .to_h1()
}

/// JSON of about this size, with many short strings as orders have them.
fn plaintext(size: usize) -> Vec<u8> {
    let mut items = Vec::new();
    let mut length = 0;
    while length < size.saturating_sub(80) {
        let item = json!({ "id": items.len(), "to": "DE02120300000000202051", "note": "rent for May" });
        length += item.to_string().len() + 1;
        items.push(item);
    }
    json!({ "items": items }).to_string().into_bytes()
}

fn rand_text() -> String {
    sealgate_tests::keys::hex(&sealgate_tests::keys::random(8))
}
