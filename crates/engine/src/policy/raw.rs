//! The policy file as written: plain data, no meaning yet. `compile` turns it into checked types.
//!
//! Unknown members are refused everywhere. The doc comments here are what `docs/policy.md` prints.

mod inspect;
mod jwks;
mod signature;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

pub(crate) use inspect::{RawInspect, RawInspectExclusion, RawInspectLimits};
pub(crate) use jwks::RawJwks;
pub(crate) use signature::{
    RawCustomScheme, RawReplay, RawReplayBy, RawReplayStore, RawRespond, RawRespondSign, RawScheme,
    RawSignature, RawSignatureEncoding, RawSignatureOptions, RawWhenFull,
};

/// The top of a policy document.
// Sections stay JSON here so that each reports its own faults.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawDocument {
    /// Version of the policy language. This release reads version 1.
    #[cfg_attr(feature = "schema", schemars(with = "u32"))]
    pub(crate) version: Option<u32>,
    /// What happens to a request that no route matches: `refuse`, or `pass` unexamined.
    #[cfg_attr(feature = "schema", schemars(with = "RawUnmatched"))]
    pub(crate) unmatched: Option<RawUnmatched>,
    /// `allow`: keys may name post-quantum algorithms: ML-DSA, and JOSE HPKE, which is a draft
    /// (docs/jose.md says of which version). `refuse` where nothing is written.
    #[serde(default)]
    pub(crate) pq: RawPostQuantum,
    /// How to reach hsm-bridge. Required when a key lives in it.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<RawBridge>"))]
    pub(crate) bridge: Option<Value>,
    /// The keys that policies name by `id`.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<RawKey>"))]
    pub(crate) keys: Vec<Value>,
    /// Named policies. A name is 1 to 64 characters of `a-z`, `0-9` and `-`.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, RawPolicy>"))]
    pub(crate) policies: BTreeMap<String, Value>,
    /// Which policy judges which request; the first entry that matches decides.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<RawRoute>"))]
    pub(crate) routes: Vec<Value>,
}

/// Whether keys may name post-quantum algorithms.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawPostQuantum {
    /// They may not.
    #[default]
    Refuse,
    /// They may.
    Allow,
}

/// Answer to a request that no route matches.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawUnmatched {
    /// Refuse with 403.
    Refuse,
    /// Forward unexamined; identity headers are still stripped.
    Pass,
}

/// Where hsm-bridge is, as the host proxy knows it.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawBridge {
    /// Name of the host's cluster whose endpoint is the bridge's data socket.
    pub(crate) cluster: String,
    /// Longest wait for one answer, 1 to 30000 milliseconds.
    #[serde(default = "default_bridge_timeout_ms")]
    pub(crate) timeout_ms: u32,
    /// Shared secret sent as `x-hsm-bridge-token`; 16 to 256 visible ASCII characters.
    pub(crate) token: RawMaterial,
}

/// One key.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawKey {
    /// The key id that senders put on the wire (`keyid`, `kid`, `sealgate-key`).
    /// 1 to 64 characters of `A-Z a-z 0-9 . _ -`.
    pub(crate) id: String,
    /// What the key may be used for.
    #[serde(rename = "use")]
    pub(crate) purpose: RawKeyUse,
    /// The one algorithm the key works with. `mac`: `HS256`, `HS384`, `HS512`, and for dialects that
    /// have nothing better `HMAC-SHA1`, `HMAC-MD5`. `decrypt`: `A256GCM`, `dir`, `A*KW`, `A*GCMKW`,
    /// `ECDH-ES`, `ECDH-ES+A*KW`, `RSA-OAEP*` (docs/jose.md says where each may have its material).
    /// `verify`: `HS*` (tokens), `RS*`, `PS*`, `ES*`, `EdDSA` (tokens; `RS256`, `PS256`,
    /// `PS512`, `ES256`, `ES384` and `EdDSA` messages too). `sign`: `ES256`, `PS256`.
    #[serde(default)]
    pub(crate) alg: String,
    /// `decrypt` of JWE: the content encryptions that messages to the key may have. `A256GCM` where
    /// nothing is written.
    #[serde(default)]
    pub(crate) enc: Vec<String>,
    /// The sender's name for the key, where it is not `id`. Several keys may have one name: a
    /// signature by any of them is accepted, so that a sender can change keys at leisure.
    #[serde(default)]
    pub(crate) sender_kid: Option<String>,
    /// First moment at which the key is valid, such as `2027-01-01T00:00:00Z` (mac, verify of messages).
    #[serde(default)]
    pub(crate) not_before: Option<String>,
    /// Last moment at which the key is valid (mac, verify of messages).
    #[serde(default)]
    pub(crate) not_after: Option<String>,
    /// `true`: the key verifies what others signed and never signs a response.
    #[serde(default)]
    pub(crate) verify_only: bool,
    /// Where the key material is.
    #[serde(default)]
    pub(crate) material: RawMaterial,
    /// A JWK Set at its issuer instead of `alg` and `material` (verify of tokens).
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<RawJwks>"))]
    pub(crate) jwks: Option<RawJwks>,
}

/// Purpose of a key.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawKeyUse {
    /// Verifies message signatures with a shared secret.
    Mac,
    /// Opens tokens and payloads.
    Decrypt,
    /// Verifies the signature inside a token, or of a message.
    Verify,
    /// Signs responses with a private key that stays in hsm-bridge.
    Sign,
}

/// Where key material comes from: exactly one of `inline`, `env`, `file`, `bridge`, `jwk`.
#[derive(Deserialize, Default, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawMaterial {
    /// The material itself.
    #[serde(default)]
    pub(crate) inline: Option<String>,
    /// Name of an environment variable of the host.
    #[serde(default)]
    pub(crate) env: Option<String>,
    /// Path of a file; read by the `sealgate` command, not available inside Envoy.
    #[serde(default)]
    pub(crate) file: Option<String>,
    /// Id of a key in hsm-bridge; the material never leaves the token.
    #[serde(default)]
    pub(crate) bridge: Option<String>,
    /// A public key as a JSON Web Key (RFC 7517).
    #[serde(default)]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<BTreeMap<String, String>>")
    )]
    pub(crate) jwk: Option<Value>,
    /// How `inline`, `env` and `file` are written: `hex` (default), `base64`, `base64url`, `text`
    /// or `whsec`.
    #[serde(default)]
    pub(crate) encoding: Option<RawEncoding>,
}

/// Text form of key material.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawEncoding {
    /// Hexadecimal digits.
    Hex,
    /// Base64url without padding.
    Base64url,
    /// Base64 with padding.
    Base64,
    /// The characters themselves.
    Text,
    /// A secret of Standard Webhooks or Svix: `whsec_` and base64.
    Whsec,
}

/// A policy: which stages judge a request, in the fixed order of the engine.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawPolicy {
    /// Size and shape limits.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<RawLimits>"))]
    pub(crate) limits: Option<Value>,
    /// Demands on the TLS connection.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<RawChannel>"))]
    pub(crate) channel: Option<Value>,
    /// Demands on the message signature.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<RawSignature>"))]
    pub(crate) signature: Option<Value>,
    /// Replay guard.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<RawReplay>"))]
    pub(crate) replay: Option<Value>,
    /// Encrypted token and its claims.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<RawToken>"))]
    pub(crate) token: Option<Value>,
    /// Encrypted body.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<RawPayload>"))]
    pub(crate) payload: Option<Value>,
    /// Injection scan of the plaintext.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<RawInspect>"))]
    pub(crate) inspect: Option<Value>,
    /// What is done to the response.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<RawRespond>"))]
    pub(crate) respond: Option<Value>,
}

/// Whether a stage's verdict counts.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// A fault refuses the request.
    #[default]
    Enforce,
    /// A fault is counted and changes nothing on the wire.
    Observe,
}

/// Size and shape limits of a request.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawLimits {
    /// Largest body as received, 1 to 16777216 bytes. Default 1048576.
    pub(crate) max_body_bytes: usize,
    /// Most header lines, 8 to 1000. Default 100.
    pub(crate) max_headers: usize,
    /// Longest request target (path and query), 64 to 65536 bytes. Default 8192.
    pub(crate) max_target_bytes: usize,
}

/// Demands on the TLS connection, read from the host's `connection.*` properties.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawChannel {
    /// `enforce` or `observe`.
    #[serde(default)]
    pub(crate) mode: Mode,
    /// Lowest TLS version: `1.2` or `1.3` (default).
    #[serde(default = "default_min_tls")]
    pub(crate) min_tls: String,
    /// Demands on the client certificate.
    #[serde(default)]
    pub(crate) client_cert: Option<RawClientCertificate>,
}

/// Demands on the client certificate. The host has verified its chain.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawClientCertificate {
    /// Whether a verified client certificate must be present.
    pub(crate) required: bool,
    /// Subject alternative names (URI or DNS) that are let in; empty lets every verified one in.
    #[serde(default)]
    pub(crate) san: Vec<String>,
}

/// Encrypted token (JWE compact, RFC 7516) and the claims inside it.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawToken {
    /// `enforce` or `observe`.
    #[serde(default)]
    pub(crate) mode: Mode,
    /// The header that carries the token. Default `authorization` with scheme `Bearer`.
    #[serde(default)]
    pub(crate) from: RawTokenSource,
    /// Ids of the `decrypt` keys that may open it.
    pub(crate) decrypt: Vec<String>,
    /// Ids of the `verify` keys for the JWS inside. Required for asymmetric `decrypt` keys,
    /// because everyone has the public key.
    #[serde(default)]
    pub(crate) verify: Vec<String>,
    /// The `iss` that is demanded.
    pub(crate) issuer: String,
    /// The `aud` values of which the token must name one.
    pub(crate) audience: Vec<String>,
    /// Clock leeway for `exp`, `nbf`, `iat`, 0 to 600 seconds. Default 60.
    #[serde(default = "default_leeway_seconds")]
    pub(crate) leeway_seconds: u32,
    /// Claims handed to the upstream: claim name to header name. Client copies are stripped.
    #[serde(default)]
    pub(crate) claims_to_headers: BTreeMap<String, String>,
    /// Weaknesses accepted on purpose: `unsigned-token`.
    #[serde(default)]
    pub(crate) accept_weak: Vec<String>,
}

/// Header that carries the token.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawTokenSource {
    /// Header name, lower case.
    pub(crate) header: String,
    /// Authentication scheme before the token; empty when the value is the token alone.
    #[serde(default)]
    pub(crate) scheme: String,
}

/// Encrypted body.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawPayload {
    /// `enforce` or `observe`.
    #[serde(default)]
    pub(crate) mode: Mode,
    /// `jwe` (the whole body is one compact JWE) or `aes-256-gcm` (docs/formats.md).
    pub(crate) format: RawPayloadFormat,
    /// Ids of the `decrypt` keys that may open it.
    pub(crate) keys: Vec<String>,
    /// Content type of the plaintext when the sealed form does not name one.
    #[serde(default = "default_content_type")]
    pub(crate) content_type: String,
}

/// Body format.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawPayloadFormat {
    /// JWE compact serialization.
    Jwe,
    /// Nonce, ciphertext and tag, bound to method, path and key id.
    #[serde(rename = "aes-256-gcm")]
    Aes256Gcm,
}

/// One row of the route table.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRoute {
    /// All conditions written here must hold.
    #[serde(rename = "match")]
    pub(crate) matcher: RawMatch,
    /// Name of the policy that judges the request.
    #[serde(default)]
    pub(crate) policy: Option<String>,
    /// `true` forwards unexamined (health checks); identity headers are still stripped.
    #[serde(default)]
    pub(crate) open: bool,
}

/// Conditions of a route. At least one of `path`, `path_prefix`, `host`, `route_name`.
#[derive(Deserialize, Default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawMatch {
    /// Exact path, without query.
    pub(crate) path: Option<String>,
    /// Path prefix, matched at segment borders: `/pay` matches `/pay` and `/pay/x`, not `/payx`.
    pub(crate) path_prefix: Option<String>,
    /// Request methods; empty matches all.
    pub(crate) methods: Vec<String>,
    /// Host, without port, compared without case.
    pub(crate) host: Option<String>,
    /// Name of the host proxy's route (`xds.route_name`).
    pub(crate) route_name: Option<String>,
}

impl Default for RawLimits {
    fn default() -> Self {
        Self {
            max_body_bytes: 1024 * 1024,
            max_headers: 100,
            max_target_bytes: 8192,
        }
    }
}

impl Default for RawTokenSource {
    fn default() -> Self {
        Self {
            header: "authorization".into(),
            scheme: "Bearer".into(),
        }
    }
}

fn default_bridge_timeout_ms() -> u32 {
    1000
}

fn default_min_tls() -> String {
    "1.3".into()
}

fn default_leeway_seconds() -> u32 {
    60
}

fn default_content_type() -> String {
    "application/json".into()
}
