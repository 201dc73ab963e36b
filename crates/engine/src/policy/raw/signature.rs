//! Signatures, replay and signed responses as written.

use serde::Deserialize;

use super::Mode;

/// Demands on the message signature.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSignature {
    /// `enforce` or `observe`.
    #[serde(default)]
    pub(crate) mode: Mode,
    /// The dialect in which requests are signed.
    pub(crate) scheme: RawScheme,
    /// Ids of the `mac` or `verify` keys that may sign.
    pub(crate) keys: Vec<String>,
    /// What every signature must cover, where the scheme's senders choose it. `rfc9421`: component
    /// identifiers, default `["@method", "@target-uri", "content-digest"]`, of which `content-digest`
    /// is demanded when there is a body. The dialects of other gateways and `aws-sigv4`: further
    /// header fields, lower case; method, path, query, body and time are demanded anyway.
    #[serde(default)]
    pub(crate) cover: Option<Vec<String>>,
    /// How far the signed time may lie in the past or future, 1 to 3600 seconds. Default 300.
    #[serde(default = "default_tolerance_seconds")]
    pub(crate) tolerance_seconds: u32,
    /// What only some schemes have a place for.
    #[serde(default)]
    pub(crate) options: RawSignatureOptions,
    /// Parts that need not be covered, accepted on purpose: `method`, `path`, `query`, `body`,
    /// `freshness`.
    #[serde(default)]
    pub(crate) accept_weak: Vec<String>,
}

/// Signature scheme.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawScheme {
    /// HTTP Message Signatures (RFC 9421) with `Content-Digest` (RFC 9530).
    Rfc9421,
    /// Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`.
    StandardWebhooks,
    /// Svix: as Standard Webhooks, with `svix-` headers.
    Svix,
    /// GitHub: `X-Hub-Signature-256: sha256=<hex>` over the raw body.
    Github,
    /// GitHub, legacy: `X-Hub-Signature: sha1=<hex>` over the raw body.
    GithubSha1,
    /// Stripe: `Stripe-Signature: t=..,v1=..`.
    Stripe,
    /// Slack: `X-Slack-Signature`, `X-Slack-Request-Timestamp`.
    Slack,
    /// Shopify: `X-Shopify-Hmac-SHA256` over the raw body.
    Shopify,
    /// Twilio: `X-Twilio-Signature` over the external URL and form; takes `options.base_url`.
    Twilio,
    /// AWS Signature Version 4; takes `options.region` and `options.service`.
    AwsSigv4,
    /// Kong hmac-auth.
    Kong,
    /// APISIX hmac-auth, from 3.11.
    Apisix,
    /// Higress hmac-auth in its APISIX dialect.
    Higress,
    /// Alibaba Cloud API Gateway: `x-ca-*`.
    Alibaba,
    /// Higress hmac-auth in its `x-ca-*` dialect.
    HigressXCa,
    /// draft-cavage-http-signatures-12.
    Cavage,
    /// Tyk's reading of draft-cavage.
    Tyk,
    /// Gravitee's reading of draft-cavage.
    Gravitee,
    /// draft-cavage as the Berlin Group's NextGenPSD2 demands it.
    BerlinGroup,
    /// Visa X-Pay-Token.
    VisaXPayToken,
    /// NAVER Cloud API Gateway.
    NaverCloud,
    /// Coupang Open API.
    Coupang,
    /// UK Open Banking: detached JWS in `x-jws-signature`.
    UkOpenBanking,
    /// A template of your own; takes `options.custom`.
    Custom,
}

/// Options of single schemes.
#[derive(Clone, Deserialize, Default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawSignatureOptions {
    /// The `tag` every signature must carry (`rfc9421`).
    pub(crate) tag: Option<String>,
    /// Scheme, host and port under which senders know the gate, such as `https://api.example.com` (`twilio`).
    pub(crate) base_url: Option<String>,
    /// Whether bodies may be forms, whose signed text has no borders between its parts (`twilio`).
    pub(crate) forms: bool,
    /// Whether the payload is signed as it is, with `b64: false`, as before version 3.1.4 (`uk-open-banking`).
    pub(crate) unencoded_payload: bool,
    /// What `tan` has to be; default the Open Banking Directory (`uk-open-banking`).
    pub(crate) trust_anchor: Option<String>,
    /// What `iss` has to be; any when absent (`uk-open-banking`).
    pub(crate) issuer: Option<String>,
    /// The start of the path that is not signed, such as `/vdp/`; empty when all of it is (`visa-x-pay-token`).
    pub(crate) path_context: Option<String>,
    /// Names with which a query may start: without them, the border between path and query is not
    /// signed (`visa-x-pay-token`, `coupang`).
    pub(crate) first_parameters: Option<Vec<String>>,
    /// Whether keys with HMAC-SHA-1 fit, for senders that have nothing better (`kong`, `apisix`,
    /// `higress`, `alibaba`, `higress-x-ca`, `cavage`, `tyk`, `gravitee`).
    pub(crate) sha1: bool,
    /// Whether presigned URLs are read as well (`aws-sigv4`).
    pub(crate) presigned: bool,
    /// The region in the credential scope (`aws-sigv4`).
    pub(crate) region: Option<String>,
    /// The service in the credential scope (`aws-sigv4`).
    pub(crate) service: Option<String>,
    /// The signed string and where its parts travel (`custom`).
    pub(crate) custom: Option<RawCustomScheme>,
}

/// A signature scheme of your own.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawCustomScheme {
    /// The signed string: text and `{timestamp}`, `{id}`, `{method}`, `{path}`, `{query}`,
    /// `{target}`, `{header:<name>}`, `{body}`. One in which two parts can slide into each other is
    /// refused (docs/signatures.md).
    pub(crate) template: String,
    /// Algorithm of its keys, such as `HS256` (default).
    #[serde(default = "default_custom_alg")]
    pub(crate) alg: String,
    /// Header of the signature, lower case.
    pub(crate) header: String,
    /// Text before the signature in its header.
    #[serde(default)]
    pub(crate) prefix: String,
    /// How the signature is written.
    pub(crate) encoding: RawSignatureEncoding,
    /// Header of the timestamp, lower case, where the template has one.
    #[serde(default)]
    pub(crate) timestamp_header: Option<String>,
    /// Whether timestamps count milliseconds instead of seconds.
    #[serde(default)]
    pub(crate) timestamp_in_milliseconds: bool,
    /// Header of the message id, lower case, where the template has one.
    #[serde(default)]
    pub(crate) id_header: Option<String>,
    /// Header of the key's name, lower case, where senders name one.
    #[serde(default)]
    pub(crate) key_id_header: Option<String>,
}

/// Text form of a signature.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawSignatureEncoding {
    /// Lower-case hexadecimal digits.
    Hex,
    /// Base64 with padding.
    Base64,
    /// Base64url without padding.
    Base64url,
}

/// Replay guard: each signed nonce (or signature) passes once.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawReplay {
    /// `enforce` or `observe`.
    #[serde(default)]
    pub(crate) mode: Mode,
    /// What may not repeat.
    pub(crate) by: RawReplayBy,
    /// Where seen values are kept.
    #[serde(default)]
    pub(crate) store: RawReplayStore,
    /// How long a value is remembered, 1 to 604800 seconds. Derived from the signature's window
    /// where its scheme signs a time; must be written for the others.
    #[serde(default)]
    pub(crate) ttl_seconds: Option<u32>,
    /// Name of the store in hsm-bridge's configuration (`store: bridge`). Default `replay`.
    #[serde(default = "default_store_name")]
    pub(crate) store_name: String,
    /// Values inside their window that find room, per key, 65536 to 4194304. Default 262144: 5 MiB of
    /// host memory. Beyond it some find none, and beyond twice as many nearly all.
    /// Nothing inside its window is ever forgotten; `when_full` says what happens instead.
    #[serde(default = "default_replay_entries")]
    pub(crate) max_entries: u32,
    /// What happens to a request that finds no room in the `local` store.
    #[serde(default)]
    pub(crate) when_full: RawWhenFull,
}

/// What may not repeat.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawReplayBy {
    /// The signed nonce.
    Nonce,
    /// What was signed: the same octets pass once, however their signature is spelled.
    Signature,
    /// The signed message id of webhooks.
    MessageId,
}

/// What a full replay store does.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawWhenFull {
    /// Refuse with 503.
    #[default]
    Refuse,
    /// Let the request pass unrecorded, and count it.
    Pass,
}

/// Where seen values are kept.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawReplayStore {
    /// The host's shared data: all workers of one proxy.
    #[default]
    Local,
    /// The store behind hsm-bridge: all gateways that share it.
    Bridge,
}

fn default_tolerance_seconds() -> u32 {
    300
}

fn default_custom_alg() -> String {
    "HS256".into()
}

fn default_store_name() -> String {
    "replay".into()
}

fn default_replay_entries() -> u32 {
    262_144
}
