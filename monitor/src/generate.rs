//! Labelled traffic: seeded gateways and bridges whose metrics pages look like real ones under mixed
//! normal load, and attacks that are added to it. What the detectors say of it is measured by
//! [`measure`].

mod attack;
pub mod measure;
mod random;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::round::{Millis, Role};

pub use attack::Attack;
use random::Random;

/// Requests a second at one gateway, over a day.
const MEAN_RATE: f64 = 18.0;
/// Share of open routes (health checks).
const OPEN: f64 = 0.04;
/// Requests on one connection.
const PER_CONNECTION: f64 = 8.0;

/// What normal load is refused for, as shares of all requests.
const REFUSED: [(&str, &str, f64); 12] = [
    ("token", "token-expired", 0.008),
    ("signature", "signature-expired", 0.002),
    ("signature", "signature-mismatch", 0.003),
    ("signature", "signature-missing", 0.002),
    ("signature", "signature-key-unknown", 0.001),
    ("replay", "replayed", 0.0015),
    ("payload", "payload-not-opened", 0.0008),
    ("payload", "payload-format", 0.001),
    ("token", "token-audience", 0.0008),
    ("inspect", "inspect-malformed", 0.0008),
    ("inspect", "injection-sqli", 0.0002),
    ("shape", "body-too-large", 0.0005),
];
const POLICIES: [(&str, &str, f64); 3] = [
    ("payments", "partner-a-mac", 0.5),
    ("orders", "partner-b-mac", 0.3),
    ("reports", "partner-c-es", 0.2),
];

/// A gateway or bridge that counts.
#[derive(Clone, Debug)]
struct Source {
    name: String,
    role: Role,
    /// Sample lines without their values.
    counts: BTreeMap<String, f64>,
    /// Slow drift of the load, as a factor around one.
    drift: f64,
    up: bool,
}

impl Source {
    fn add(&mut self, line: &str, amount: f64) {
        if amount <= 0.0 {
            return;
        }
        match self.counts.get_mut(line) {
            Some(count) => *count += amount,
            None => drop(self.counts.insert(line.to_owned(), amount)),
        }
    }

    fn set(&mut self, line: &str, value: f64) {
        self.counts.insert(line.to_owned(), value);
    }
}

/// Several gateways and a bridge, from one seed.
#[derive(Clone, Debug)]
pub struct Traffic {
    random: Random,
    sources: Vec<Source>,
    now: Millis,
    attacks: Vec<Attack>,
}

impl Traffic {
    /// So many gateways, and one bridge, that begin to count at `now`.
    #[must_use]
    pub fn new(seed: u64, gateways: usize, now: Millis) -> Self {
        let source = |name: String, role| Source {
            name,
            role,
            counts: BTreeMap::new(),
            drift: 1.0,
            up: true,
        };
        let mut sources: Vec<Source> = (1..=gateways)
            .map(|number| source(format!("gateway-{number}"), Role::Gateway))
            .collect();
        sources.push(source("bridge".to_owned(), Role::Bridge));
        let mut traffic = Self {
            random: Random::new(seed),
            sources,
            now,
            attacks: Vec::new(),
        };
        // So that every series is there from the first page, as after a while of running.
        traffic.step(600.0);
        traffic.now = now;
        traffic
    }

    /// What is added to the normal load from now on.
    pub fn attack(&mut self, attacks: &[Attack]) {
        self.attacks = attacks.to_vec();
        if attacks.is_empty() {
            self.sources.iter_mut().for_each(|source| source.up = true);
        }
    }

    /// Names and kinds of the sources.
    pub fn sources(&self) -> impl Iterator<Item = (&str, Role)> {
        self.sources
            .iter()
            .map(|source| (source.name.as_str(), source.role))
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.now
    }

    /// Lets so many seconds pass.
    pub fn step(&mut self, seconds: f64) {
        self.now = self.now.saturating_add((seconds * 1000.0) as Millis);
        let bypass = self.attacks.contains(&Attack::Bypass);
        let mut opened = 0.0;
        let mut sources = std::mem::take(&mut self.sources);
        for (at, source) in sources.iter_mut().enumerate() {
            match source.role {
                Role::Gateway => {
                    let judged = !(bypass && at == 0);
                    opened += self.normal(source, seconds, judged);
                }
                Role::Bridge => self.bridge(source, seconds, opened),
            }
        }
        for attack in self.attacks.clone() {
            attack.add(&mut self.random, &mut sources, seconds, self.now);
        }
        self.sources = sources;
    }

    /// The metrics page of a source; nothing when it does not answer.
    #[must_use]
    pub fn page(&self, name: &str) -> Option<String> {
        let source = self.sources.iter().find(|source| source.name == name)?;
        source.up.then(|| {
            let mut page = String::new();
            for (line, value) in &source.counts {
                // Writing to a String does not fail.
                let _ = writeln!(page, "{line} {value}");
            }
            page
        })
    }

    /// Requests a second at this time of day, at a gateway that drifts.
    fn rate(&mut self, source: &mut Source, seconds: f64) -> f64 {
        let pull = (seconds / 300.0).min(1.0);
        let push = 0.12 * (seconds / 300.0).min(1.0).sqrt() * self.random.normal();
        source.drift = (source.drift + (1.0 - source.drift) * pull + push).clamp(0.5, 1.8);
        let day = (self.now % 86_400_000) as f64 / 86_400_000.0 * std::f64::consts::TAU;
        MEAN_RATE * (1.0 - 0.55 * day.cos()) * source.drift
    }

    /// Normal load at one gateway; returns how many bodies the bridge was asked for.
    fn normal(&mut self, source: &mut Source, seconds: f64, judged: bool) -> f64 {
        let rate = self.rate(source, seconds);
        let requests = self.random.poisson(rate * seconds);
        source.add(
            "envoy_http_downstream_rq_total{envoy_http_conn_manager_prefix=\"sealed\"}",
            requests,
        );
        let success = |count: f64, source: &mut Source| {
            source.add("envoy_http_downstream_rq_xx{envoy_response_code_class=\"2\",envoy_http_conn_manager_prefix=\"sealed\"}", count);
        };
        self.handshakes(source, requests / PER_CONNECTION);
        if !judged {
            success(requests, source);
            return 0.0;
        }
        let open = self.random.poisson(requests * OPEN);
        source.add(&verdict("none", "none", "open", "none"), open);
        success(open, source);
        let mut sealed = 0.0;
        for (policy, key, part) in POLICIES {
            let all = self.random.poisson(requests * (1.0 - OPEN) * part);
            let mut refused = 0.0;
            for (stage, reason, share) in REFUSED {
                let mut count = self.random.poisson(all * share);
                // Clients that retry come in small groups.
                if count > 0.0 && self.random.chance(0.15) {
                    count += self.random.poisson(1.5);
                }
                source.add(&verdict(policy, stage, "refused", reason), count);
                if ["signature", "token", "payload", "replay"].contains(&stage) {
                    source.add(&failure(policy, stage, reason, key), count);
                }
                refused += count;
            }
            let allowed = (all - refused).max(0.0);
            source.add(&verdict(policy, "none", "allowed", "none"), allowed);
            success(allowed, source);
            let legacy = self.random.poisson(allowed * 0.02);
            source.add(
                &algorithm(policy, "key-management", "RSA-OAEP", "legacy"),
                legacy,
            );
            source.add(
                &algorithm(policy, "key-management", "ECDH-ES+A256KW", "current"),
                (allowed - legacy).max(0.0),
            );
            source.add(
                &algorithm(policy, "content-encryption", "A256GCM", "current"),
                allowed,
            );
            source.add(&algorithm(policy, "signature", "HS256", "current"), allowed);
            source.add(
                &format!(
                    "sealgate_opened_total{{policy=\"{policy}\",part=\"payload\",key=\"gw-2026\"}}"
                ),
                allowed,
            );
            source.set(
                &format!("sealgate_key_last_used_seconds{{key=\"{key}\"}}"),
                self.now as f64 / 1000.0,
            );
            sealed += allowed;
        }
        let ends =
            |days: f64| (self.now as f64 / 86_400_000.0).floor() * 86_400.0 + days * 86_400.0;
        for (certificate, days) in [("gateway", 61.0), ("clients", 900.0)] {
            source.set(
                &format!("envoy_listener_ssl_certificate_expiration_unix_time_seconds{{envoy_tls_certificate=\"{certificate}\"}}"),
                ends(days),
            );
        }
        source.set(
            "sealgate_key_not_after_seconds{key=\"partner-a-mac\"}",
            ends(45.0),
        );
        source.set(
            "sealgate_policy_revision{generation=\"current\"}",
            198_273_645_120_394.0,
        );
        sealed
    }

    fn handshakes(&mut self, source: &mut Source, mean: f64) {
        let all = self.random.poisson(mean);
        source.add("envoy_listener_ssl_handshake{}", all);
        let old = self.random.poisson(all * 0.01);
        source.add(
            "envoy_listener_ssl_versions{envoy_ssl_version=\"TLSv1.2\"}",
            old,
        );
        source.add(
            "envoy_listener_ssl_versions{envoy_ssl_version=\"TLSv1.3\"}",
            (all - old).max(0.0),
        );
        let classic = self.random.poisson(all * 0.14);
        source.add(
            "envoy_listener_ssl_curves{envoy_ssl_curve=\"X25519\"}",
            classic,
        );
        source.add(
            "envoy_listener_ssl_curves{envoy_ssl_curve=\"X25519MLKEM768\"}",
            (all - classic).max(0.0),
        );
        source.add(
            "envoy_listener_ssl_ciphers{envoy_ssl_cipher=\"TLS_AES_256_GCM_SHA384\"}",
            all,
        );
        let failed = self.random.poisson(all * 0.01);
        source.add("envoy_listener_ssl_connection_error{}", failed);
    }

    fn bridge(&mut self, source: &mut Source, seconds: f64, opened: f64) {
        let _ = self.rate(source, seconds);
        source.add(
            "hsmb_requests_total{op=\"unwrap\",alg=\"ECDH-ES+A256KW\",code=\"ok\"}",
            opened,
        );
        source.add("hsmb_total_seconds_count{op=\"unwrap\"}", opened);
        let lively = 1.0 + 0.25 * self.random.normal();
        let mean = 0.0021 * source.drift * lively.clamp(0.4, 2.0);
        source.add("hsmb_total_seconds_sum{op=\"unwrap\"}", opened * mean);
        source.set("hsmb_token_up{token=\"soft\"}", 1.0);
        source.set("hsmb_replay_store_up{store=\"main\"}", 1.0);
        source.set("hsmb_workers_stuck{token=\"soft\"}", 0.0);
        source.set("hsmb_audit_failing{}", 0.0);
    }
}

fn verdict(policy: &str, stage: &str, outcome: &str, reason: &str) -> String {
    format!(
        "sealgate_requests_total{{policy=\"{policy}\",stage=\"{stage}\",outcome=\"{outcome}\",reason=\"{reason}\"}}"
    )
}

fn failure(policy: &str, stage: &str, reason: &str, key: &str) -> String {
    format!(
        "sealgate_failures_total{{policy=\"{policy}\",stage=\"{stage}\",reason=\"{reason}\",key=\"{key}\"}}"
    )
}

fn algorithm(policy: &str, kind: &str, name: &str, strength: &str) -> String {
    format!(
        "sealgate_algorithms_total{{policy=\"{policy}\",kind=\"{kind}\",algorithm=\"{name}\",strength=\"{strength}\"}}"
    )
}
