//! The `payload` section as written, and what it shares with `respond.encrypt`.

use serde::Deserialize;

use super::Mode;

/// Encrypted body.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawPayload {
    /// `enforce` or `observe`.
    #[serde(default)]
    pub(crate) mode: Mode,
    /// What a sealed body looks like (docs/formats.md).
    pub(crate) format: RawPayloadFormat,
    /// Choices within the format.
    #[serde(default)]
    pub(crate) options: RawFormatOptions,
    /// Ids of the `decrypt` keys that may open it.
    pub(crate) keys: Vec<String>,
    /// Ids of the `verify` keys of the JWS inside (`jwe`, `wise`, `juspay`, `uae-open-finance`).
    #[serde(default)]
    pub(crate) verify: Vec<String>,
    /// Content type of the plaintext when the sealed form does not name one.
    #[serde(default = "default_content_type")]
    pub(crate) content_type: String,
    /// Weaknesses accepted on purpose: `unauthenticated-encryption`.
    #[serde(default)]
    pub(crate) accept_weak: Vec<String>,
}

/// Choices within a format. One that the format has no use for is a fault.
#[derive(Deserialize, Default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawFormatOptions {
    /// `compact` (default) or `json`, for a whole body of format `jwe`.
    pub(crate) serialization: RawSerialization,
    /// Sealed members of a JSON body, instead of those of the format.
    pub(crate) fields: Vec<RawField>,
    /// How bytes are written in `mastercard-field`: `hex` (default) or `base64`.
    pub(crate) text: Option<RawText>,
    /// How far the time in the sealed header may be away, 1 to 3600 seconds; not looked at when
    /// absent (`toss`, `visa-mle`, `visa-token-service`, `cybersource`).
    pub(crate) tolerance_seconds: Option<u32>,
    /// Content encryptions that are let in, such as `[A256GCM]`; the first one seals.
    pub(crate) enc: Vec<String>,
}

/// A sealed member of a JSON body and the plaintext that it stands for.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawField {
    /// Where the sealed value is: `$.card.encrypted`, `$.items[*].sealed`.
    pub(crate) sealed: String,
    /// Where the plaintext is: the same up to its last name, or `$` for the whole body.
    pub(crate) plain: String,
    /// Whether a body may be without it.
    #[serde(default)]
    pub(crate) optional: bool,
}

/// Serialization of a JWE that is the whole body.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawSerialization {
    /// Five segments, `application/jose`.
    #[default]
    Compact,
    /// Flattened or general JSON, `application/jose+json`.
    Json,
}

/// How bytes are written.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawText {
    /// Hexadecimal digits.
    Hex,
    /// Base64 with padding.
    Base64,
}

/// What a sealed body looks like.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawPayloadFormat {
    /// JWE: the whole body, or members of a JSON body (`options.fields`).
    Jwe,
    /// Nonce, ciphertext and tag, bound to method, path and key id.
    #[serde(rename = "aes-256-gcm")]
    Aes256Gcm,
    /// RFC 8188 `aes128gcm`: records under a shared secret.
    #[serde(rename = "aes128gcm")]
    Aes128Gcm,
    /// Records as in RFC 8188 with AES-256-GCM, bound to method, path and key id.
    #[serde(rename = "aes-256-gcm-records")]
    Aes256GcmRecords,
    /// Toss Payments.
    Toss,
    /// Mastercard, JWE encryption.
    MastercardJwe,
    /// Mastercard, field level encryption; nothing authenticates it.
    MastercardField,
    /// Visa Message Level Encryption.
    VisaMle,
    /// Visa Token Service.
    VisaTokenService,
    /// Visa Acceptance (CyberSource) Message Level Encryption.
    #[serde(rename = "cybersource")]
    CyberSource,
    /// Wise, `jwe`; `jws-jwe` with `verify`.
    Wise,
    /// Juspay, JWS inside JWE.
    Juspay,
    /// WeChat Pay API v3.
    WechatPay,
    /// WhatsApp Flows; the answer is sealed with the key of the request.
    WhatsappFlows,
    /// UAE Open Finance, JWS inside JWE.
    UaeOpenFinance,
}

fn default_content_type() -> String {
    "application/json".into()
}
