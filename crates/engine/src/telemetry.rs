//! What operators see: the families of metrics, their labels, and the grade of an algorithm.
//!
//! Every label value is a word of this program, of the policy or of the host's TLS library. Nothing a
//! client sends becomes one, so that the number of series is bounded by the policy.

/// What a metric measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows.
    Counter,
    /// Is set.
    Gauge,
    /// Is sampled.
    Histogram,
}

/// Metrics of one name, told apart by labels.
#[derive(Debug)]
pub struct Family {
    /// Name without its unit.
    pub name: &'static str,
    /// Names of the labels, in the order of [`Sample::labels`].
    pub labels: &'static [&'static str],
    /// Last part of the name, with its underscore: the unit, or `_total`.
    pub unit: &'static str,
    /// How it is counted.
    pub kind: MetricKind,
    /// One line of help.
    pub help: &'static str,
}

/// One observation.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// Where it belongs.
    pub family: &'static Family,
    /// A value for each label.
    pub labels: &'a [&'a str],
    /// What is added, set or sampled.
    pub value: u64,
}

macro_rules! families {
    ($(#[doc = $help:literal] $constant:ident = $kind:ident $name:literal [$($label:literal),*] $unit:literal;)*) => {
        $(#[doc = $help]
        pub const $constant: &Family = &Family {
            name: $name,
            labels: &[$($label),*],
            unit: $unit,
            kind: MetricKind::$kind,
            help: $help.trim_ascii(),
        };)*

        /// Every family there is.
        pub const FAMILIES: &[&Family] = &[$($constant,)*];
    };
}

families! {
    /// Verdicts; the stage and reason are `none` where a request passed.
    REQUESTS = Counter "sealgate_requests" ["policy", "stage", "outcome", "reason"] "_total";
    /// Faults of stages that are only observed.
    OBSERVED = Counter "sealgate_observed" ["policy", "stage", "reason"] "_total";
    /// Signatures, tokens, payloads and replays that failed, by key of the policy (else `unknown`).
    FAILURES = Counter "sealgate_failures" ["policy", "stage", "reason", "key"] "_total";
    /// Algorithms of what was accepted, each with its grade.
    ALGORITHMS = Counter "sealgate_algorithms" ["policy", "kind", "algorithm", "strength"] "_total";
    /// Tokens and payloads opened, by key of the policy.
    OPENED = Counter "sealgate_opened" ["policy", "part", "key"] "_total";
    /// Bytes of plaintext out of sealed bodies.
    OPENED_BYTES = Counter "sealgate_opened_bytes" ["policy"] "_total";
    /// Findings of the scan, by class and kind of place.
    SCAN_HITS = Counter "sealgate_scan_hits" ["policy", "class", "location"] "_total";
    /// The gate's clock minus the sender's, in seconds.
    CLOCK_SKEW = Histogram "sealgate_clock_skew" ["sender"] "_seconds";
    /// When a key last verified a signature, in seconds since 1970.
    KEY_LAST_USED = Gauge "sealgate_key_last_used" ["key"] "_seconds";
    /// Until when a key is valid, in seconds since 1970; 0 for a key that is gone.
    KEY_NOT_AFTER = Gauge "sealgate_key_not_after" ["key"] "_seconds";
    /// Questions to the key service, and to issuers for their keys (`jwks`).
    BRIDGE_CALLS = Counter "sealgate_bridge_calls" ["operation", "outcome"] "_total";
    /// How long the key service took, in milliseconds.
    BRIDGE_LATENCY = Histogram "sealgate_bridge" ["operation"] "_milliseconds";
    /// Days that a client's certificate is still valid, once per connection.
    PEER_CERTIFICATE = Histogram "sealgate_peer_certificate" [] "_days";
    /// The policy in force and the one before: 48 bits of the SHA-256 of its document.
    POLICY_REVISION = Gauge "sealgate_policy" ["generation"] "_revision";
    /// When it came into force, in seconds since 1970.
    POLICY_LOADED = Gauge "sealgate_policy_loaded" ["generation"] "_seconds";
    /// Policies that came into force.
    POLICY_LOADS = Counter "sealgate_policy_loads" [] "_total";
    /// Host calls that did not work.
    HOST_FAULTS = Counter "sealgate_host_faults" ["call"] "_total";
    /// Panics of the module: each ends its VM and refuses the request.
    PANICS = Counter "sealgate_panics" [] "_total";
    /// Observations without a series, because there are too many.
    SERIES_DROPPED = Counter "sealgate_series_dropped" [] "_total";
}

impl Family {
    /// The name under which a host counts, with the labels written into it:
    /// `sealgate_requests_policy=payments_..._total`. Hosts lift them out again.
    pub fn series(&self, labels: &[&str]) -> String {
        let mut name = self.name.to_owned();
        for (label, value) in self.labels.iter().zip(labels) {
            name.push('_');
            name.push_str(label);
            name.push('=');
            name.push_str(value);
        }
        name.push_str(self.unit);
        name
    }

    /// The name that a query asks for.
    pub fn full_name(&self) -> String {
        [self.name, self.unit].concat()
    }
}

/// How an algorithm stands today: `weak` is broken, `legacy` should go, `current` is sound, and
/// `post-quantum` withstands a quantum computer too where keys are agreed or signatures made.
/// Secret-key algorithms are `current` at best, though 256 bits of them withstand one as well.
pub fn strength(algorithm: &str) -> &'static str {
    match algorithm {
        "HMAC-MD5" | "RSA1_5" | "none" | "TLSv1" | "TLSv1.1" | "SSLv3" => "weak",
        name if name.contains("3DES") || name.contains("RC4") => "weak",
        "HMAC-SHA1" | "RS256" | "RS384" | "RS512" | "RSA-OAEP" | "TLSv1.2" => "legacy",
        name if name.contains("CBC") || name.ends_with("-SHA") => "legacy",
        name if name.contains("MLKEM") || name.starts_with("ML-") || name.starts_with("SLH-") => {
            "post-quantum"
        }
        "" => "unknown",
        _ => "current",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_carries_its_labels_in_its_name() {
        let name = REQUESTS.series(&["pay", "none", "allowed", "none"]);
        let wanted = "sealgate_requests_policy=pay_stage=none_outcome=allowed_reason=none_total";
        assert_eq!(name, wanted);
        assert_eq!(REQUESTS.full_name(), "sealgate_requests_total");
    }

    #[test]
    fn every_algorithm_of_a_policy_has_a_grade() {
        for (name, grade) in [
            ("HMAC-MD5", "weak"),
            ("RS256", "legacy"),
            ("HS256", "current"),
            ("A256GCM", "current"),
            ("ECDH-ES+A256KW", "current"),
            ("A128CBC-HS256", "legacy"),
            ("TLSv1.3", "current"),
            ("TLS_AES_256_GCM_SHA384", "current"),
            ("ECDHE-RSA-AES128-SHA", "legacy"),
            ("X25519", "current"),
            ("X25519MLKEM768", "post-quantum"),
            ("ML-DSA-65", "post-quantum"),
        ] {
            assert_eq!(strength(name), grade, "{name}");
        }
    }
}
