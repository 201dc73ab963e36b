//! The `respond` section as written.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{RawFormatOptions, RawPayloadFormat, RawScheme, RawSignatureOptions};

/// What is done to the response before the client gets it: sealed, then signed. A response to which
/// that cannot be done is replaced by 503, and nothing of it goes out.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRespond {
    /// Seals the body of every response of the upstream, errors included.
    #[serde(default)]
    pub(crate) encrypt: Option<RawRespondEncrypt>,
    /// Signs every response of the upstream, over the sealed bytes where it is sealed.
    #[serde(default)]
    pub(crate) sign: Option<RawRespondSign>,
    /// Largest response body that is held, 1 to 16777216 bytes. Default 1048576.
    #[serde(default = "default_response_bytes")]
    pub(crate) max_body_bytes: usize,
}

/// How a response is sealed, and for whom: exactly one of `recipient` and `recipients`; neither where
/// the key comes with the request (`whatsapp-flows`).
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRespondEncrypt {
    /// Format of the sealed body (docs/formats.md).
    pub(crate) format: RawPayloadFormat,
    /// Choices within the format.
    #[serde(default)]
    pub(crate) options: RawFormatOptions,
    /// Id of the `mac` or `sign` key of the JWS inside: for `juspay` and `uae-open-finance` required, for
    /// `wise` (`jws-jwe`) and `jwe` possible. What is sealed is then the JWS.
    #[serde(default)]
    pub(crate) sign: Option<String>,
    /// Id of the one key that every response is sealed with.
    #[serde(default)]
    pub(crate) recipient: Option<String>,
    /// Which client gets its responses sealed with which key.
    #[serde(default)]
    pub(crate) recipients: Option<RawRecipients>,
}

/// Recipients by identity. A client that is not listed is refused before its request is forwarded.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRecipients {
    /// What a client is known by.
    pub(crate) by: RawRecipientBy,
    /// Identity to id of an `encrypt` key, or of a `decrypt` key whose secret is shared.
    pub(crate) keys: BTreeMap<String, String>,
}

/// What a client is known by.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawRecipientBy {
    /// Id of the key whose signature was verified.
    Signature,
    /// `sub` of the access token.
    Token,
    /// A name (URI or DNS) of the client certificate.
    ClientCert,
}

/// How a response is signed.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRespondSign {
    /// `rfc9421`, `standard-webhooks`, `svix` or `custom`.
    pub(crate) scheme: RawScheme,
    /// Id of the `mac` or `sign` key.
    pub(crate) key: String,
    /// Components (`rfc9421`). Default `["@status", "content-digest", "@method;req", "@target-uri;req"]`,
    /// which binds the response to its request.
    #[serde(default)]
    pub(crate) cover: Option<Vec<String>>,
    /// As in `signature.options`.
    #[serde(default)]
    pub(crate) options: RawSignatureOptions,
}

fn default_response_bytes() -> usize {
    1024 * 1024
}
