//! What detectors see: one round of reading every source, as increments and levels.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970. Time is always an argument here.
pub type Millis = i64;

/// What a number is about, whatever the metric is called that carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signal {
    /// Verdicts of the gate, by `policy`, `outcome`, `reason` and perhaps `stage`.
    Verdict,
    /// Refusals that a stage in observe mode would have made, by `policy` and `reason`.
    Observed,
    /// Failed authentications, decryptions and replays by `policy`, `reason` and `key`.
    KeyFailure,
    /// Uses of an algorithm, by `kind`, `algorithm` and perhaps `strength`.
    Algorithm,
    /// Findings of the scanner, by `class` and perhaps `location`.
    ScanHit,
    /// Failed calls of the module to its host, by `call`.
    HostFault,
    /// Panics of the module: each ends its VM.
    Panic,
    /// Observations that the module had no series for.
    SeriesDropped,
    /// Calls from the gate to the bridge, by `op` and `outcome`.
    BridgeCall,
    /// Milliseconds that gates waited for the bridge, by `op`.
    BridgeWaitMillis,
    /// Calls those milliseconds were spent on, by `op`.
    BridgeWaited,
    /// Tokens and payloads opened, by `policy`, `part` and `key`.
    Opened,
    /// Bytes of plaintext out of sealed bodies, by `policy`.
    OpenedBytes,
    /// Requests that came to the proxy's public side.
    Requests,
    /// Answers of status 2xx on the proxy's public side.
    Succeeded,
    /// TLS handshakes on the public side.
    Handshake,
    /// Handshakes that failed, by `cause`.
    HandshakeFailure,
    /// Handshakes by `version` of TLS.
    TlsVersion,
    /// Handshakes by key exchange `group`.
    TlsGroup,
    /// Handshakes by `cipher`.
    TlsCipher,
    /// The module's VM trapped and was made anew, by `result`.
    VmReload,
    /// Configurations that were refused, by `cause`.
    ConfigRefused,
    /// Configurations that took effect.
    ConfigLoaded,
    /// Requests at the bridge, by `op`, `algorithm` and `code`.
    BridgeRequest,
    /// Seconds that the bridge spent, by `op`.
    BridgeSeconds,
    /// Requests those seconds were spent on, by `op`.
    BridgeTimed,
    /// Jobs the bridge refused because a queue was full.
    BridgeQueueFull,
    /// Cryptographic failures at the bridge.
    BridgeCryptoFailed,
    /// Recoveries of a token, by `cause`.
    TokenReopened,
    /// Times a replay store forgot everything, by `store`.
    ReplayStoreLost,
    /// Audit lines that could not be written.
    AuditError,
    /// When a certificate ends, in seconds since 1970, by `certificate`.
    CertificateEnds,
    /// Days until the first certificate of a proxy ends.
    CertificateDays,
    /// When a key ends, in seconds since 1970, by `key`.
    KeyEnds,
    /// When a key was last used, in seconds since 1970, by `key`.
    KeyLastUsed,
    /// Days that clients' certificates are still valid, summed.
    PeerDays,
    /// Connections those days were summed over.
    PeerCount,
    /// Seconds of clock skew, summed, by `sender`.
    SkewSeconds,
    /// Messages that skew was measured on, by `sender`.
    SkewCount,
    /// The policy in effect, as a number made of its hash, by `generation`.
    PolicyRevision,
    /// 1 while a token works, by `token`.
    TokenUp,
    /// 1 while a replay store is connected, by `store`.
    ReplayStoreUp,
    /// Workers in a call that does not return, by `token`.
    WorkersStuck,
    /// Jobs waiting, by `token`.
    QueueDepth,
    /// 1 while the audit log cannot be written.
    AuditFailing,
    /// Versions of keys, by `state`.
    KeyVersions,
}

/// What a number is about in particular: label names and values, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Labels(Vec<(String, String)>);

impl Labels {
    /// From pairs in any order; of a repeated name the first one counts.
    #[must_use]
    pub fn new<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut pairs: Vec<(String, String)> = pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        pairs.sort_by(|left, right| left.0.cmp(&right.0));
        pairs.dedup_by(|later, earlier| later.0 == earlier.0);
        Self(pairs)
    }

    /// The value of a label.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut pairs = self.0.iter();
        pairs
            .find(|pair| pair.0 == name)
            .map(|pair| pair.1.as_str())
    }

    /// The value of a label, or a dash.
    #[must_use]
    pub fn or_dash(&self, name: &str) -> &str {
        self.get(name).unwrap_or("-")
    }

    /// Names and values.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self
            .pairs()
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        f.write_str(&words.join(", "))
    }
}

/// A number of one source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// What it is about.
    pub signal: Signal,
    /// What in particular.
    pub labels: Labels,
    /// An increment since the round before, or a level.
    pub value: f64,
}

/// Whether a source answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// It did.
    Up,
    /// It did not, for this reason.
    Down(String),
}

/// What kind of program a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A gateway: Envoy, or `sealgate run`.
    Gateway,
    /// `hsm-bridge`.
    Bridge,
}

impl Role {
    /// Its word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Bridge => "bridge",
        }
    }
}

/// One source in one round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceRound {
    /// Its name.
    pub source: String,
    /// Its kind.
    pub role: Role,
    /// Whether it answered.
    pub reach: Reach,
    /// Seconds that the increments cover; 0 in the first round and after a restart of the source.
    pub span_seconds: f64,
    /// What grew, by how much. What did not grow is left out.
    pub flows: Vec<Reading>,
    /// What stands where.
    pub levels: Vec<Reading>,
}

impl SourceRound {
    /// Increments of one signal.
    pub fn flows_of(&self, signal: Signal) -> impl Iterator<Item = &Reading> {
        self.flows.iter().filter(move |one| one.signal == signal)
    }

    /// Levels of one signal.
    pub fn levels_of(&self, signal: Signal) -> impl Iterator<Item = &Reading> {
        self.levels.iter().filter(move |one| one.signal == signal)
    }

    /// Whether it answered.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.reach == Reach::Up
    }
}

/// Every source, once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// When it was read.
    pub at: Millis,
    /// What was read.
    pub sources: Vec<SourceRound>,
}

impl Round {
    /// Sources of one kind.
    pub fn of(&self, role: Role) -> impl Iterator<Item = &SourceRound> {
        self.sources.iter().filter(move |one| one.role == role)
    }

    /// Increments of one signal over all sources, with the source's name.
    pub fn flows_of(&self, signal: Signal) -> impl Iterator<Item = (&str, &Reading)> {
        self.sources.iter().flat_map(move |source| {
            source
                .flows_of(signal)
                .map(|reading| (source.source.as_str(), reading))
        })
    }

    /// Longest span of any source that answered, in seconds.
    #[must_use]
    pub fn span_seconds(&self) -> f64 {
        self.sources
            .iter()
            .filter(|source| source.is_up())
            .map(|source| source.span_seconds)
            .fold(0.0, f64::max)
    }
}
