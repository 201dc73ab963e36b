//! The bursts: which reasons they are made of, which attack they fit, what to do.

use crate::finding::Finding;
use crate::finding::Severity::{self, Critical, Warning};
use crate::round::Signal;

/// One kind of burst.
pub(super) struct Burst {
    pub(super) finding: Finding,
    pub(super) severity: Severity,
    /// Reasons it is made of; none where the signal alone says it.
    pub(super) reasons: &'static [&'static str],
    /// Fewer than this many in a window are not worth a word.
    pub(super) floor: f64,
    pub(super) what: &'static str,
    pub(super) fits: &'static str,
    pub(super) remedy: &'static str,
}

impl Burst {
    /// Signals it is counted on.
    pub(super) fn signals(&self) -> &'static [Signal] {
        match self.finding {
            Finding::HandshakeProbing => &[Signal::HandshakeFailure],
            _ => &[Signal::Verdict, Signal::KeyFailure],
        }
    }
}

pub(super) const BURSTS: &[Burst] = &[
    Burst {
        finding: Finding::DecryptionOracle,
        severity: Warning,
        reasons: &[
            "token-not-opened",
            "token-malformed",
            "payload-not-opened",
            "payload-malformed",
        ],
        floor: 10.0,
        what: "ciphertexts that did not open",
        fits: "Somebody varies ciphertexts and watches the answers (a padding or error oracle), or \
               tampers on the way. The gate answers all of them alike, so there is nothing to learn; \
               a client with a broken library looks the same.",
        remedy: "Find the sender in the access log by these reasons and block or call it. When it is \
                 one of yours, look for a deployment or a key change at the time this began.",
    },
    Burst {
        finding: Finding::KeyGuessing,
        severity: Warning,
        reasons: &[
            "signature-key-unknown",
            "token-key-unknown",
            "token-key-refused",
            "payload-key-unknown",
            "payload-key-refused",
        ],
        floor: 10.0,
        what: "requests under keys that this gate does not have",
        fits: "Somebody tries key ids, or wraps content keys for another recipient. After a rotation, \
               a partner that still uses the old key looks the same.",
        remedy: "See whether a key was rotated or removed at the time this began; else block the sender.",
    },
    Burst {
        finding: Finding::SignatureStuffing,
        severity: Warning,
        reasons: &[
            "signature-missing",
            "signature-malformed",
            "signature-algorithm",
            "signature-coverage",
            "signature-nonce",
            "signature-mismatch",
            "digest-mismatch",
        ],
        floor: 12.0,
        what: "requests without a right signature",
        fits: "Somebody tries secrets under a known key id (credential stuffing), swaps bodies under \
               old signatures, or strips signatures. A partner with a wrong secret, or a proxy that \
               rewrites requests, looks the same.",
        remedy: "Rotate the secret when it may be known to others. `sealgate explain` shows a partner \
                 what should have been signed.",
    },
    Burst {
        finding: Finding::ReplaySweep,
        severity: Warning,
        reasons: &["replayed"],
        floor: 8.0,
        what: "messages that were seen before",
        fits: "Recorded traffic is sent again. A client that retries without a new nonce looks the \
               same, with few repetitions of each message.",
        remedy: "The replays were refused. Look for where the messages were recorded: logs, proxies, \
                 a client's code for retries.",
    },
    Burst {
        finding: Finding::TokenForgery,
        severity: Warning,
        reasons: &[
            "token-missing",
            "token-signature",
            "token-claims",
            "token-claim-value",
            "token-issuer",
            "token-audience",
        ],
        floor: 8.0,
        what: "requests with tokens that none of our issuers made for us, or with none",
        fits: "Forged or stolen tokens: another issuer's key, another audience, no signature inside.",
        remedy: "See that the issuer's keys here are the ones it uses now (a rotation there looks the \
                 same), then block the sender.",
    },
    Burst {
        finding: Finding::StaleMessages,
        severity: Warning,
        reasons: &[
            "signature-expired",
            "signature-key-expired",
            "token-expired",
            "token-not-yet-valid",
        ],
        floor: 12.0,
        what: "messages outside their time",
        fits: "Old recordings played back late, or a clock that is wrong at a client or here.",
        remedy: "Compare clocks: the clock skew on this page says whose is off. Then look at who sends \
                 old tokens.",
    },
    Burst {
        finding: Finding::InjectionCampaign,
        severity: Warning,
        reasons: INJECTIONS,
        floor: 8.0,
        what: "injections in plaintext",
        fits: "A scanner or attacker behind valid keys: these requests were signed and sealed correctly.",
        remedy: "The key that signs them is abused or no longer its owner's alone: suspend it, and look \
                 at what it sent before.",
    },
    Burst {
        finding: Finding::ClientNotAllowed,
        severity: Warning,
        reasons: &[
            "client-certificate-missing",
            "client-certificate-not-allowed",
            "tls-unknown",
            "tls-too-old",
        ],
        floor: 8.0,
        what: "requests over connections that the policy's channel does not allow",
        fits: "One partner's certificate is tried on another's route, or clients are pushed to older TLS.",
        remedy: "Find the certificate's subject in the access log; revoke it when it is not where it \
                 belongs.",
    },
    Burst {
        finding: Finding::KeyServiceFailing,
        severity: Critical,
        reasons: &[
            "signature-key-service",
            "token-key-service",
            "payload-key-service",
            "replay-store-unavailable",
            "replay-store-full",
        ],
        floor: 5.0,
        what: "requests refused because the key service or the replay store gave no answer",
        fits: "The bridge, its token or the way to them is down or overloaded; who floods it gets the same.",
        remedy: "`hsm-bridge doctor` on the bridge's machine; the bridge's own figures are on this page.",
    },
    Burst {
        finding: Finding::HandshakeProbing,
        severity: Warning,
        reasons: &[],
        floor: 10.0,
        what: "TLS handshakes that failed",
        fits: "A scan of the TLS configuration, attempts at a downgrade, or clients with certificates of \
               an unknown authority.",
        remedy: "See the causes. When an authority was changed lately, a partner was forgotten.",
    },
];

/// Reasons of the scanner.
pub(in crate::detect) const INJECTIONS: &[&str] = &[
    "injection-sqli",
    "injection-xss",
    "injection-command",
    "injection-path",
    "injection-ssti",
    "injection-nosql",
    "injection-ldap",
    "injection-xpath",
    "injection-xxe",
    "injection-include",
    "injection-jndi",
    "injection-ssrf",
    "injection-crlf",
    "injection-prototype",
    "injection-deserialization",
    "injection-graphql",
    "injection-mass-assignment",
    "injection-prompt",
    "injection-other",
];
