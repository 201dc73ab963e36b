//! Attacks and faults that are added to normal load, each with what must and what may be said of it.

use super::random::Random;
use super::{Source, algorithm, failure, verdict};
use crate::finding::Finding;
use crate::round::{Millis, Role};

/// An attack or fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    missing_docs,
    reason = "the names are what they are; `about` says more"
)]
pub enum Attack {
    DecryptionOracle,
    KeyGuessing,
    SignatureStuffing,
    ReplaySweep,
    TokenForgery,
    StaleReplay,
    InjectionCampaign,
    SlowProbing,
    StolenCertificate,
    HandshakeProbing,
    GroupDowngrade,
    VersionDowngrade,
    AlgorithmDowngrade,
    Bypass,
    OddGateway,
    QueryOfDeath,
    BrokenPush,
    BridgeSlow,
    BridgeDown,
    TokenDown,
    CertificateEnds,
}

use Attack::*;

impl Attack {
    /// Every one.
    pub const ALL: [Self; 21] = [
        DecryptionOracle,
        KeyGuessing,
        SignatureStuffing,
        ReplaySweep,
        TokenForgery,
        StaleReplay,
        InjectionCampaign,
        SlowProbing,
        StolenCertificate,
        HandshakeProbing,
        GroupDowngrade,
        VersionDowngrade,
        AlgorithmDowngrade,
        Bypass,
        OddGateway,
        QueryOfDeath,
        BrokenPush,
        BridgeSlow,
        BridgeDown,
        TokenDown,
        CertificateEnds,
    ];

    /// What happens, in a few words.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            DecryptionOracle => "2 to 5 altered ciphertexts a second under one key",
            KeyGuessing => "2 to 5 requests a second under unknown key ids",
            SignatureStuffing => "2 to 6 wrong MACs a second under one key id",
            ReplaySweep => "1.5 to 4 recorded messages a second",
            TokenForgery => "1.5 to 4 tokens of a false issuer a second",
            StaleReplay => "2 to 5 messages of last week a second",
            InjectionCampaign => "1.5 to 4 injections a second, of all classes",
            SlowProbing => "one injection every 40 to 75 seconds, for an hour",
            StolenCertificate => "1.5 to 4 requests a second with another partner's certificate",
            HandshakeProbing => "2 to 5 broken handshakes a second",
            GroupDowngrade => "six of ten handshakes lose their post-quantum group",
            VersionDowngrade => "a third of the handshakes fall back to TLS 1.2",
            AlgorithmDowngrade => "four of ten keys wrapped with RSA-OAEP (SHA-1)",
            Bypass => "one gateway of four forwards without asking the module",
            OddGateway => "one gateway of four refuses half of its requests, for mixed reasons",
            QueryOfDeath => "a request that ends the module's VM, every ten seconds",
            BrokenPush => "a policy that does not compile is pushed",
            BridgeSlow => "the token takes eight times as long",
            BridgeDown => "the bridge does not answer, and gates refuse with 503",
            TokenDown => "the token behind the bridge is gone",
            CertificateEnds => "a certificate with five days left",
        }
    }

    /// What must be said of it.
    #[must_use]
    pub const fn must(self) -> Finding {
        match self {
            DecryptionOracle => Finding::DecryptionOracle,
            KeyGuessing => Finding::KeyGuessing,
            SignatureStuffing => Finding::SignatureStuffing,
            ReplaySweep => Finding::ReplaySweep,
            TokenForgery => Finding::TokenForgery,
            StaleReplay => Finding::StaleMessages,
            InjectionCampaign => Finding::InjectionCampaign,
            SlowProbing => Finding::SlowProbing,
            StolenCertificate => Finding::ClientNotAllowed,
            HandshakeProbing => Finding::HandshakeProbing,
            GroupDowngrade | VersionDowngrade | AlgorithmDowngrade => Finding::Downgrade,
            Bypass => Finding::GateBypassed,
            OddGateway => Finding::GatewayDiffers,
            QueryOfDeath => Finding::ModuleTraps,
            BrokenPush => Finding::ConfigRefused,
            BridgeSlow => Finding::BridgeSlow,
            BridgeDown => Finding::BridgeDown,
            TokenDown => Finding::TokenDown,
            CertificateEnds => Finding::ExpiryNear,
        }
    }

    /// What may be said besides, being true as well.
    #[must_use]
    pub const fn may(self) -> &'static [Finding] {
        match self {
            BridgeDown | TokenDown => &[Finding::KeyServiceFailing, Finding::GatewayDiffers],
            Bypass => &[Finding::GatewayDiffers],
            _ => &[],
        }
    }

    /// Seconds within which it must be said: half a minute, or the hour of a slow one.
    #[must_use]
    pub const fn within(self) -> f64 {
        match self {
            SlowProbing => 3_600.0,
            // Four quarters of a minute, each of them odd.
            OddGateway => 75.0,
            _ => 30.0,
        }
    }

    /// Adds what it does in these seconds.
    pub(super) fn add(
        self,
        random: &mut Random,
        sources: &mut [Source],
        seconds: f64,
        now: Millis,
    ) {
        if let Some((stage, reasons, low, high)) = self.refused() {
            let rate = low + (high - low) * random.unit();
            let count = random.poisson(rate * seconds);
            let Some(first) = sources.first_mut() else {
                return;
            };
            for _ in 0..count as u64 {
                let reason = random.one_of(reasons).copied().unwrap_or("-");
                first.add(&verdict("payments", stage, "refused", reason), 1.0);
                if ["signature", "token", "payload", "replay"].contains(&stage) {
                    first.add(&failure("payments", stage, reason, "partner-a-mac"), 1.0);
                }
            }
            return;
        }
        let gateways = sources.iter_mut().filter(|one| one.role == Role::Gateway);
        match self {
            HandshakeProbing => {
                let rate = 2.0 + 3.0 * random.unit();
                let count = random.poisson(rate * seconds);
                for gateway in gateways.take(1) {
                    gateway.add("envoy_listener_ssl_connection_error{}", count);
                }
            }
            GroupDowngrade => {
                for gateway in gateways {
                    let more = random.poisson(3.4 * seconds);
                    gateway.add(
                        "envoy_listener_ssl_curves{envoy_ssl_curve=\"X25519\"}",
                        more,
                    );
                }
            }
            VersionDowngrade => {
                for gateway in gateways {
                    let more = random.poisson(1.2 * seconds);
                    gateway.add(
                        "envoy_listener_ssl_versions{envoy_ssl_version=\"TLSv1.2\"}",
                        more,
                    );
                }
            }
            AlgorithmDowngrade => {
                for gateway in gateways {
                    let more = random.poisson(6.0 * seconds);
                    gateway.add(
                        &algorithm("payments", "key-management", "RSA-OAEP", "legacy"),
                        more,
                    );
                }
            }
            OddGateway => {
                let reasons = [
                    "no-route",
                    "too-many-headers",
                    "bad-framing",
                    "target-too-long",
                ];
                for gateway in gateways.take(1) {
                    for reason in reasons {
                        let more = random.poisson(5.0 * seconds);
                        gateway.add(&verdict("orders", "shape", "refused", reason), more);
                    }
                }
            }
            QueryOfDeath => {
                for gateway in gateways.take(1) {
                    gateway.add("sealgate_panics_total{}", random.poisson(0.15 * seconds));
                    gateway.add(
                        "envoy_wasm_envoy_wasm_runtime_v8_vm_reload_success{}",
                        random.poisson(0.1 * seconds),
                    );
                }
            }
            BrokenPush => {
                for gateway in gateways.take(1) {
                    gateway.add(
                        "envoy_extension_config_discovery_http_filter_config_fail{}",
                        1.0,
                    );
                }
            }
            CertificateEnds => {
                for gateway in gateways.take(1) {
                    gateway.set(
                        "envoy_listener_ssl_certificate_expiration_unix_time_seconds{envoy_tls_certificate=\"gateway\"}",
                        now as f64 / 1000.0 + 5.0 * 86_400.0,
                    );
                }
            }
            BridgeDown | TokenDown => {
                for gateway in gateways {
                    let refused = random.poisson(8.0 * seconds);
                    gateway.add(
                        &verdict("payments", "payload", "refused", "payload-key-service"),
                        refused,
                    );
                }
                for bridge in sources.iter_mut().filter(|one| one.role == Role::Bridge) {
                    if self == BridgeDown {
                        bridge.up = false;
                    } else {
                        bridge.set("hsmb_token_up{token=\"soft\"}", 0.0);
                    }
                }
            }
            BridgeSlow => {
                for bridge in sources.iter_mut().filter(|one| one.role == Role::Bridge) {
                    let calls = 60.0 * seconds;
                    bridge.add("hsmb_total_seconds_count{op=\"unwrap\"}", calls);
                    bridge.add("hsmb_total_seconds_sum{op=\"unwrap\"}", calls * 0.034);
                }
            }
            _ => {}
        }
    }

    /// Stage, reasons, and least and most a second, of attacks that are refused.
    const fn refused(self) -> Option<(&'static str, &'static [&'static str], f64, f64)> {
        Some(match self {
            DecryptionOracle => ("payload", &["payload-not-opened"], 2.0, 5.0),
            KeyGuessing => ("signature", &["signature-key-unknown"], 2.0, 5.0),
            SignatureStuffing => ("signature", &["signature-mismatch"], 2.0, 6.0),
            ReplaySweep => ("replay", &["replayed"], 1.5, 4.0),
            TokenForgery => ("token", &["token-signature", "token-issuer"], 1.5, 4.0),
            StaleReplay => ("token", &["token-expired"], 2.0, 5.0),
            InjectionCampaign => ("inspect", PROBES, 1.5, 4.0),
            SlowProbing => ("inspect", PROBES, 1.0 / 75.0, 1.0 / 40.0),
            StolenCertificate => ("channel", &["client-certificate-not-allowed"], 1.5, 4.0),
            _ => return None,
        })
    }
}

const PROBES: &[&str] = &[
    "injection-sqli",
    "injection-xss",
    "injection-command",
    "injection-path",
    "injection-ssti",
    "injection-nosql",
    "injection-jndi",
];
