//! A key that is a set at its issuer.

use serde::Deserialize;

/// A JWK Set (RFC 7517 section 5) that the gate fetches from its issuer when it needs it. A `kid`
/// that it lacks makes the gate fetch it again, at most every 10 seconds.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawJwks {
    /// Name of the host's cluster that reaches the issuer. TLS towards it is the cluster's business.
    pub(crate) cluster: String,
    /// Value of `:authority`; default is the name of the cluster.
    #[serde(default)]
    pub(crate) authority: Option<String>,
    /// Path of the set, such as `/.well-known/jwks.json`.
    pub(crate) path: String,
    /// The algorithms of which keys are taken, such as `[ES256]`. An RSA key that does not name its
    /// algorithm has the first RSA algorithm of this list. Never HMAC: everyone can read the set.
    pub(crate) algs: Vec<String>,
    /// Age at which the set is fetched anew, 10 to 86400 seconds. Default 300.
    #[serde(default = "default_refresh_seconds")]
    pub(crate) refresh_seconds: u32,
    /// Age beyond which a set is no longer used when the issuer does not answer, at least
    /// `refresh_seconds`, at most 604800. Default 3600.
    #[serde(default = "default_max_stale_seconds")]
    pub(crate) max_stale_seconds: u32,
    /// Longest wait for one answer, 1 to 30000 milliseconds. Default 2000.
    #[serde(default = "default_jwks_timeout_ms")]
    pub(crate) timeout_ms: u32,
}

fn default_refresh_seconds() -> u32 {
    300
}

fn default_max_stale_seconds() -> u32 {
    3600
}

fn default_jwks_timeout_ms() -> u32 {
    2000
}
