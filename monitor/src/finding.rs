//! What a detector says.

use serde::{Deserialize, Serialize};

use crate::round::Labels;

/// Kinds of findings, with one stable code each.
macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $title:literal;)*) => {
        /// What was found, with one stable code each: the `alertname` at Alertmanager.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        #[non_exhaustive]
        pub enum Finding { $($(#[$doc])* $variant,)* }

        impl Finding {
            /// Every kind there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// A few words for people.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

kinds! {
    /// Ciphertexts that do not open, many of them.
    DecryptionOracle = "decryption-oracle", "Ciphertexts that do not open";
    /// Keys that nobody has, many of them.
    KeyGuessing = "key-guessing", "Unknown keys are being tried";
    /// Signatures that do not match, many of them.
    SignatureStuffing = "signature-stuffing", "Wrong signatures";
    /// Messages that were seen before, many of them.
    ReplaySweep = "replay-sweep", "Old messages are being sent again";
    /// Tokens that are not of our issuer, for others, or without a right signature.
    TokenForgery = "token-forgery", "Forged tokens";
    /// Messages or tokens that are too old or too new.
    StaleMessages = "stale-messages", "Messages outside their time";
    /// Injections, many in a short time.
    InjectionCampaign = "injection-campaign", "Injections in plaintext";
    /// Injections and malformed plaintexts, few at a time, for long.
    SlowProbing = "slow-probing", "Slow probing";
    /// TLS handshakes that fail, many of them.
    HandshakeProbing = "handshake-probing", "TLS handshakes fail";
    /// Clients whose certificate the policy does not allow.
    ClientNotAllowed = "client-not-allowed", "Certificates of others";
    /// The share of weak algorithms, old TLS or groups without post-quantum protection grew.
    Downgrade = "downgrade", "Weaker cryptography than before";
    /// Requests succeeded that no verdict was given for.
    GateBypassed = "gate-bypassed", "Traffic that the gate did not judge";
    /// Requests pass through open routes that did not before.
    OpenRoutes = "open-routes", "More traffic through open routes";
    /// Traffic outside its daily band.
    TrafficUnusual = "traffic-unusual", "Traffic outside its daily band";
    /// A certificate or key ends soon.
    ExpiryNear = "expiry-near", "Something expires soon";
    /// A gateway does not answer.
    GatewayDown = "gateway-down", "A gateway does not answer";
    /// A gateway behaves unlike the others.
    GatewayDiffers = "gateway-differs", "One gateway differs from its fleet";
    /// The module traps, or its VM cannot be made anew.
    ModuleTraps = "module-traps", "The module's VM was restarted";
    /// A configuration was refused.
    ConfigRefused = "config-refused", "A configuration was refused";
    /// The bridge does not answer.
    BridgeDown = "bridge-down", "The key service does not answer";
    /// A token or replay store behind the bridge does not work.
    TokenDown = "token-down", "Something behind the key service is down";
    /// The bridge takes longer than it did.
    BridgeSlow = "bridge-slow", "The key service is slow";
    /// Gates fail to get answers from the bridge.
    KeyServiceFailing = "key-service-failing", "Requests refused for want of the key service";
    /// The bridge cannot write its audit log.
    AuditFailing = "audit-failing", "The audit log cannot be written";
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth looking at today.
    Warning,
    /// Worth being woken for.
    Critical,
}

impl Severity {
    /// Its word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// One thing that holds now. Kind and subject make its identity: what is found again is the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// What was found.
    pub finding: Finding,
    /// How bad it is.
    pub severity: Severity,
    /// What it was found on: a policy, key, client, certificate, gateway.
    pub subject: Labels,
    /// What was seen, with numbers.
    pub seen: String,
    /// Against which baseline.
    pub baseline: String,
    /// Which attack or fault it fits.
    pub fits: String,
    /// What to do.
    pub remedy: String,
}

impl Notice {
    /// Kind and subject.
    #[must_use]
    pub fn identity(&self) -> (Finding, &Labels) {
        (self.finding, &self.subject)
    }
}
