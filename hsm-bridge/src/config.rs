//! The configuration file. `hsm-bridge.example.toml` is its manual.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::audit::AuditConfig;
use crate::replay::ReplayConfig;
use crate::secret::SecretSource;
use crate::service::KeyPlan;
use crate::spans::SpansConfig;
use crate::token::Purpose;
use crate::token::pkcs11::Place;

mod address;
mod books;
mod check;
mod read;
mod replay;
mod sections;

pub use address::{Address, TlsAddress, UnixAddress};
use books::{read_audit, read_lifecycle, read_spans};
pub use read::Fault;
use read::{Faults, Section};
use replay::read_replay;
use sections::{each, empty, read_key, read_server, read_socket, read_token};

/// A configuration without faults.
#[derive(Debug, Clone)]
pub struct Config {
    /// Settings of the process.
    pub server: Server,
    /// The tokens.
    pub tokens: Vec<TokenConfig>,
    /// The data sockets.
    pub sockets: Vec<SocketConfig>,
    /// The keys.
    pub keys: Vec<KeyConfig>,
    /// The replay stores; there may be none.
    pub replay: Vec<ReplayConfig>,
    /// The audit log, if one is kept.
    pub audit: Option<AuditConfig>,
    /// The file of spans, if one is written.
    pub spans: Option<SpansConfig>,
    /// How keys come and go.
    pub lifecycle: Lifecycle,
}

/// `[lifecycle]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifecycle {
    /// The journal of versions and their states; without it nothing can be changed.
    pub journal: Option<PathBuf>,
    /// How long a destruction can be cancelled.
    pub destroy_after: Duration,
}

/// `[server]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Path of the admin socket, always mode 0600.
    pub admin_socket: PathBuf,
    /// Deadline of a request.
    pub request_timeout: Duration,
    /// Longest wait for a request's head on an open connection.
    pub idle_timeout: Duration,
    /// Open connections, over all sockets.
    pub max_conns: usize,
    /// Jobs that may wait, per token.
    pub queue: usize,
    /// Whether the process may run as root.
    pub allow_root: bool,
}

/// `[[token]]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenConfig {
    /// Its name here.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// The key (by kid) whose use proves that the token works.
    pub canary_key: Option<String>,
}

/// `[[socket]]`
#[derive(Debug, Clone)]
pub struct SocketConfig {
    /// Where callers connect, and who of them may.
    pub at: Address,
    /// Where the header token is.
    pub token: SecretSource,
    /// Whether a request that came through a proxy from outside is refused.
    pub refuse_forwarded: bool,
    /// Cryptographic failures in a minute before `limited`; 0 for no limit.
    pub fail_per_min: u64,
    /// What may be done with which key.
    pub allow: Vec<Allow>,
    /// The replay stores that may be used.
    pub replay: BTreeSet<String>,
    /// The tokens it may ask for random bytes.
    pub random: BTreeSet<String>,
}

/// One entry of a socket's `allow`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allow {
    /// The key.
    pub kid: String,
    /// The operations: `unwrap`, `mac`, `sign`, `verify`, `public`.
    pub ops: BTreeSet<String>,
}

/// `[[key]]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyConfig {
    /// Its name on the wire.
    pub kid: String,
    /// The name of its token.
    pub token: String,
    /// Its one purpose.
    pub purpose: Purpose,
    /// Its label in the token and its algorithms.
    pub plan: KeyPlan,
    /// How long an unwrapped content key is kept; `None`: not at all.
    pub cache_ttl: Option<Duration>,
    /// How old a version gets before the next one is made; `None`: only when an operator asks.
    pub rotate_every: Option<Duration>,
    /// When the key does nothing any more, in seconds of Unix time.
    pub not_after: Option<u64>,
}

/// Every fault of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(pub Vec<Fault>);

impl fmt::Display for ConfigError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(to)?;
            }
            write!(to, "{}: {}", fault.at, fault.what)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// Every fault at once, each with its place.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let at = path.display().to_string();
            ConfigError(vec![Fault {
                at,
                what: format!("cannot be read: {error}"),
            }])
        })?;
        Self::parse(&text)
    }

    /// The part in which another file differs so that only a restart can follow it; `None` when the
    /// difference is in what sockets allow, their header tokens and budgets.
    #[must_use]
    pub fn settled(&self, other: &Self) -> Option<&'static str> {
        fn places(config: &Config) -> Vec<&Address> {
            config.sockets.iter().map(|socket| &socket.at).collect()
        }
        let parts = [
            ("[server]", self.server == other.server),
            ("[[token]]", self.tokens == other.tokens),
            ("[[key]]", self.keys == other.keys),
            ("[[replay]]", self.replay == other.replay),
            ("[audit]", self.audit == other.audit),
            ("[spans]", self.spans == other.spans),
            ("[lifecycle]", self.lifecycle == other.lifecycle),
            (
                "a path, mode, gid, uids or tls of [[socket]]",
                places(self) == places(other),
            ),
        ];
        parts
            .into_iter()
            .find(|(_, same)| !same)
            .map(|(name, _)| name)
    }

    /// Reads a text.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let table = text.parse::<toml::Table>().map_err(|error| {
            let what = error.to_string().trim_end().to_owned();
            ConfigError(vec![Fault {
                at: "the file".into(),
                what,
            }])
        })?;
        let mut faults = Faults::default();
        let mut root = Section::new("", table);
        let server = root.section("server", &mut faults);
        let server = read_server(server.unwrap_or_else(|| empty("server")), &mut faults);
        let tokens = each(&mut root, "token", &mut faults, read_token);
        let keys = each(&mut root, "key", &mut faults, read_key);
        let sockets = each(&mut root, "socket", &mut faults, read_socket);
        let replay = root
            .sections("replay", &mut faults)
            .into_iter()
            .filter_map(|section| read_replay(section, &mut faults))
            .collect();
        let audit = root.section("audit", &mut faults);
        let audit = audit.and_then(|section| read_audit(section, &mut faults));
        let spans = root.section("spans", &mut faults);
        let spans = spans.and_then(|section| read_spans(section, &mut faults));
        let lifecycle = root.section("lifecycle", &mut faults);
        let lifecycle = lifecycle.unwrap_or_else(|| empty("lifecycle"));
        let lifecycle = read_lifecycle(lifecycle, &mut faults);
        root.end(
            "server, token, key, socket, replay, audit, spans, lifecycle",
            &mut faults,
        );
        let config = Self {
            server,
            tokens,
            sockets,
            keys,
            replay,
            audit,
            spans,
            lifecycle,
        };
        config.check(&mut faults);
        if faults.0.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError(faults.0))
        }
    }

    /// The key with this name.
    #[must_use]
    pub fn key(&self, kid: &str) -> Option<&KeyConfig> {
        self.keys.iter().find(|key| key.kid == kid)
    }

    /// The token with this name.
    #[must_use]
    pub fn token(&self, name: &str) -> Option<&TokenConfig> {
        self.tokens.iter().find(|token| token.name == name)
    }
}

#[cfg(test)]
mod tests;
