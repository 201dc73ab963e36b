//! A policy after compilation: checked types that the stages read and nobody else can build.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealgate_contract::Contract;
use sealgate_format::Format;
use sealgate_jose::jws::SignatureAlgorithm;
use sealgate_scan::ScanPolicy;
use sealgate_signature::Scheme;

use super::keys::{DecryptKey, EncryptKey, MessageKey, SigningKey, VerifierKey};
use crate::key_set::KeySet;
use crate::stage::claims::{Join, Selector};

use super::raw::{Mode, RawRecipientBy, RawReplayBy};

/// How to reach hsm-bridge.
pub(crate) struct Bridge {
    pub(crate) cluster: String,
    pub(crate) timeout_ms: u32,
    pub(crate) token: String,
}

/// One named policy.
pub(crate) struct Policy {
    pub(crate) name: String,
    pub(crate) limits: Limits,
    pub(crate) channel: Option<ChannelPolicy>,
    pub(crate) signature: Option<SignaturePolicy>,
    pub(crate) replay: Option<ReplayPolicy>,
    pub(crate) token: Option<TokenPolicy>,
    pub(crate) payload: Option<PayloadPolicy>,
    pub(crate) inspect: Option<InspectPolicy>,
    pub(crate) respond: Option<RespondPolicy>,
}

/// Size and shape limits.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) max_body_bytes: usize,
    pub(crate) max_headers: usize,
    pub(crate) max_target_bytes: usize,
}

pub(crate) struct ChannelPolicy {
    pub(crate) mode: Mode,
    pub(crate) min_tls_1_3: bool,
    pub(crate) client_certificate: bool,
    pub(crate) san: Vec<String>,
}

pub(crate) struct SignaturePolicy {
    pub(crate) mode: Mode,
    pub(crate) scheme: Box<dyn Scheme>,
    pub(crate) keys: Vec<Arc<MessageKey>>,
    /// How far the signed time may lie in the past or future.
    pub(crate) tolerance_seconds: i64,
    /// Whether every signature must carry a time.
    pub(crate) signs_time: bool,
    /// Whether a nonce is demanded, because the replay guard works by it.
    pub(crate) nonce: bool,
    /// Whether the replay guard goes by what was signed.
    pub(crate) identifies_octets: bool,
    /// Value of `Accept-Signature` in refusals, where the scheme has one.
    pub(crate) accept_signature: Option<Arc<str>>,
}

pub(crate) struct ReplayPolicy {
    pub(crate) mode: Mode,
    pub(crate) by: RawReplayBy,
    /// Fixed time to remember, where the scheme has no window of its own.
    pub(crate) ttl_seconds: Option<u32>,
    /// Most values in one of the local store's slots.
    pub(crate) slot_entries: usize,
    /// Path of the store behind hsm-bridge, where that is asked instead of the local one.
    pub(crate) bridge: Option<String>,
    /// Whether a full local store lets requests pass.
    pub(crate) pass_when_full: bool,
}

pub(crate) struct TokenPolicy {
    pub(crate) mode: Mode,
    pub(crate) header: String,
    pub(crate) scheme: String,
    pub(crate) decrypt: Vec<Arc<DecryptKey>>,
    pub(crate) verify: Vec<Arc<VerifierKey>>,
    /// Keys at the issuer, beside those of `verify`.
    pub(crate) key_set: Option<Arc<KeySet>>,
    pub(crate) issuer: String,
    pub(crate) audience: Vec<String>,
    pub(crate) leeway_seconds: u64,
    /// Claim and header name.
    pub(crate) claims_to_headers: Vec<(Selector, String)>,
    /// Claim and name in the host's metadata.
    pub(crate) claims_to_metadata: Vec<(Selector, String)>,
    pub(crate) join: Join,
}

pub(crate) struct PayloadPolicy {
    pub(crate) mode: Mode,
    pub(crate) format: Format,
    pub(crate) keys: Vec<Arc<DecryptKey>>,
    /// Keys of the JWS inside, for formats that have one.
    pub(crate) verify: Vec<Arc<VerifierKey>>,
    pub(crate) content_type: String,
}

pub(crate) struct InspectPolicy {
    pub(crate) mode: Mode,
    pub(crate) headers: Vec<String>,
    pub(crate) scan: ScanPolicy,
    /// What bodies the operations of the upstream take.
    pub(crate) contract: Option<Contract>,
}

/// What is done to the response.
pub(crate) struct RespondPolicy {
    pub(crate) max_body_bytes: usize,
    pub(crate) encrypt: Option<ResponseEncryption>,
    pub(crate) sign: Option<ResponseSigning>,
}

/// How responses are sealed.
pub(crate) struct ResponseEncryption {
    pub(crate) format: Format,
    pub(crate) recipients: Recipients,
    /// Who signs the JWS inside, where the format has one.
    pub(crate) signing: Option<InnerSigning>,
}

/// The key of the JWS inside a sealed response.
pub(crate) struct InnerSigning {
    pub(crate) key: ResponseKey,
    /// Its algorithm as JOSE has it.
    pub(crate) algorithm: SignatureAlgorithm,
}

/// For whom responses are sealed.
pub(crate) enum Recipients {
    /// Nobody is named: the key comes with the request.
    OfRequest,
    One(Arc<EncryptKey>),
    By(RawRecipientBy, BTreeMap<String, Arc<EncryptKey>>),
}

/// How responses are signed.
pub(crate) struct ResponseSigning {
    pub(crate) scheme: Box<dyn Scheme>,
    pub(crate) key: ResponseKey,
}

/// The key that signs responses.
pub(crate) enum ResponseKey {
    /// A shared secret, here or in the bridge.
    Mac(Arc<MessageKey>),
    /// A private key that stays in the bridge.
    Private(Arc<SigningKey>),
}
