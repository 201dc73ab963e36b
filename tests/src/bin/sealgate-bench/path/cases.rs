//! The sides of the whole-path comparison, and the site they share.

use sealgate_tests::bridge::{Bridge, Token};
use sealgate_tests::certificates::Certificates;
use sealgate_tests::draft::{self, Draft, Seal};
use sealgate_tests::envoy::{Envoy, Setup};
use sealgate_tests::keys::{Keys, hex, random};
use sealgate_tests::required;
use sealgate_tests::tls::Offer;
use serde_json::{Value, json};

use super::upstream::Upstream;
use crate::load::Target;

/// What stands between client and upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Case {
    /// The bootstrap without the plugin.
    NoFilter,
    /// A wasm module that does nothing: the price of the wasm host.
    EmptyFilter,
    /// The policy, all keys in the plugin.
    Local,
    /// The same with a signed token: ES256 is the dearest thing that the plugin computes.
    LocalSigned,
    /// The policy, the token's key in the PKCS#11 token.
    Bridge,
    /// The policy, token and body each with a key from the PKCS#11 token.
    BridgeTwice,
}

impl Case {
    pub(crate) const ALL: [Self; 6] = [
        Self::NoFilter,
        Self::EmptyFilter,
        Self::Local,
        Self::LocalSigned,
        Self::Bridge,
        Self::BridgeTwice,
    ];

    /// Name in the report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NoFilter => "no-filter",
            Self::EmptyFilter => "empty-filter",
            Self::Local => "full-local-keys",
            Self::LocalSigned => "full-local-keys-es256",
            Self::Bridge => "full-bridge-token",
            Self::BridgeTwice => "full-bridge-token-and-body",
        }
    }

    /// Name in the table.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::NoFilter => "no filter",
            Self::EmptyFilter => "empty filter",
            Self::Local => "local keys",
            Self::LocalSigned => "local + ES256",
            Self::Bridge => "bridge + ES256",
            Self::BridgeTwice => "bridge twice",
        }
    }

    /// What it does, in a line.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::NoFilter => "the shipped bootstrap without the plugin",
            Self::EmptyFilter => "a wasm module that does nothing",
            Self::Local => "RFC 9421 HMAC, replay, `dir` token, AES-256-GCM body, SQLi + XSS scan",
            Self::LocalSigned => "the same with an ES256 signature inside the token",
            Self::Bridge => {
                "the same, but hsm-bridge on SoftHSM2 unwraps the token (ECDH-ES+A256KW)"
            }
            Self::BridgeTwice => "the same, and the body is a JWE whose key hsm-bridge unwraps too",
        }
    }

    /// Whether a replay guard sees the requests, so that each can be sent only once.
    pub(crate) fn is_guarded(self) -> bool {
        !matches!(self, Self::NoFilter | Self::EmptyFilter)
    }
}

/// Everything around the measurement, started once.
pub(crate) struct Site {
    certificates: Certificates,
    keys: Keys,
    no_filter: Envoy,
    empty_filter: Envoy,
    policy: Envoy,
    /// Behind all of them.
    pub(super) upstream: Upstream,
    _bridge: Bridge,
}

impl Site {
    /// Starts token, bridge, upstream and three Envoys.
    ///
    /// # Errors
    /// The upstream does not start; the harness panics for everything else.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let certificates = Certificates::make();
        let upstream = Upstream::start()?;
        let bridge = Bridge::start(Token::SoftHsm);
        let keys = Keys::make(bridge.lock());
        let start = |setup: Setup| {
            setup
                .site(&certificates, upstream.address())
                .bridge(&bridge.socket())
                .concurrency(1)
                .start()
        };
        let no_filter = start(Setup::guest("empty", "").without_plugin());
        let empty_filter = start(Setup::guest("empty", ""));
        let policy = start(
            Setup::shipped("sealgate.yaml")
                .module(&required::plugin())
                .policy(&policy(&keys)),
        );
        Ok(Self {
            certificates,
            keys,
            no_filter,
            empty_filter,
            policy,
            upstream,
            _bridge: bridge,
        })
    }

    /// The Envoy of a case.
    pub(crate) fn envoy(&self, case: Case) -> &Envoy {
        match case {
            Case::NoFilter => &self.no_filter,
            Case::EmptyFilter => &self.empty_filter,
            _ => &self.policy,
        }
    }

    /// Where the load of a case goes.
    pub(crate) fn target(&self, case: Case) -> Target {
        let offer = Offer::of(&self.certificates.partner_a);
        Target::Tls(self.envoy(case).address(), offer.config(&self.certificates))
    }

    /// Fresh requests, each with a nonce, a token and a sealed body of its own.
    pub(crate) fn requests(&self, case: Case, bytes: usize, count: usize) -> Vec<Vec<u8>> {
        let mut draft = Draft::payments(&self.keys);
        draft.plaintext = plaintext(bytes);
        let raw = Seal::Raw(self.keys.raw.clone(), "body-2026".to_owned());
        match case {
            Case::NoFilter | Case::EmptyFilter | Case::Local => {
                draft.target = "/local/42?currency=EUR".to_owned();
                draft.token = Draft::shared(&self.keys).token;
                draft.seal = raw;
            }
            Case::LocalSigned => {
                draft.target = "/signed/42?currency=EUR".to_owned();
                draft.token().lock = self.keys.shared_dir();
                draft.seal = raw;
            }
            Case::Bridge => {
                draft.target = "/bridge/42?currency=EUR".to_owned();
                draft.seal = raw;
            }
            Case::BridgeTwice => {}
        }
        let made = |count: usize, mut draft: Draft| {
            let make = move |_| {
                let parameters = draft.rfc9421();
                parameters.nonce = Some(hex(&random(16)));
                parameters.created = Some(draft::now());
                draft.make().to_h1()
            };
            (0..count).map(make).collect::<Vec<_>>()
        };
        // Half of them on each of two threads: making them takes longer than sending them.
        std::thread::scope(|scope| {
            let other = draft.clone();
            let half = scope.spawn(move || made(count / 2, other));
            let mut requests = made(count - count / 2, draft);
            requests.extend(half.join().expect("the maker of requests"));
            requests
        })
    }
}

/// The suites' policy, and one for each case that it does not have: AES-256-GCM bodies, and tokens as
/// the case says.
fn policy(keys: &Keys) -> Value {
    let mut policy = keys.policy();
    let policies = policy["policies"].as_object_mut().expect("policies");
    let payload = policies["raw"]["payload"].clone();
    for (name, like) in [
        ("local", "shared"),
        ("signed", "payments"),
        ("bridge", "payments"),
    ] {
        let mut one = policies[like].clone();
        one["payload"].clone_from(&payload);
        policies.insert(name.into(), one);
    }
    policies["signed"]["token"]["decrypt"] = json!(["shared-dir"]);
    for policy in policies.values_mut() {
        if let Some(replay) = policy.get_mut("replay") {
            // A guard that is full refuses; a long run must not fill it.
            replay["max_entries"] = json!(4_194_304);
        }
    }
    let routes = policy["routes"].as_array_mut().expect("routes");
    for name in ["local", "signed", "bridge"] {
        routes.push(json!({ "match": { "path_prefix": format!("/{name}") }, "policy": name }));
    }
    policy
}

/// A JSON body of about this size: short strings and numbers, as orders have them.
fn plaintext(bytes: usize) -> Vec<u8> {
    let mut payments = Vec::new();
    let mut length = r#"{"payments":[]}"#.len();
    loop {
        let payment = json!({
            "amount": 1250 + payments.len(),
            "currency": "EUR",
            "to": "DE02120300000000202051",
            "note": "Rent for May, thanks!",
        });
        length += payment.to_string().len() + 1;
        if length > bytes {
            return json!({ "payments": payments }).to_string().into_bytes();
        }
        payments.push(payment);
    }
}
