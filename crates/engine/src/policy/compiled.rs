//! A policy after compilation: checked types that the stages read and nobody else can build.

use std::sync::Arc;

use sealgate_contract::Contract;
use sealgate_scan::ScanPolicy;

use super::keys::{DecryptKey, SigningKey, VerifierKey};
use super::raw::{Mode, RawPayloadFormat, RawReplayBy};

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
    pub(crate) scheme: Scheme,
    pub(crate) keys: Vec<Arc<SigningKey>>,
}

pub(crate) enum Scheme {
    Rfc9421 {
        /// Component names every signature must cover, `content-digest` apart.
        cover: Vec<String>,
        /// Whether a body must be covered by `content-digest`.
        cover_body: bool,
        tolerance_seconds: i64,
        /// Whether a nonce is demanded, because the replay guard works by it.
        nonce: bool,
    },
    Github,
}

pub(crate) struct ReplayPolicy {
    pub(crate) mode: Mode,
    pub(crate) by: RawReplayBy,
    /// Fixed time to remember, where the scheme has no window of its own.
    pub(crate) ttl_seconds: Option<u32>,
    /// Most values in one of the store's slots.
    pub(crate) slot_entries: usize,
}

pub(crate) struct TokenPolicy {
    pub(crate) mode: Mode,
    pub(crate) header: String,
    pub(crate) scheme: String,
    pub(crate) decrypt: Vec<Arc<DecryptKey>>,
    pub(crate) verify: Vec<Arc<VerifierKey>>,
    pub(crate) issuer: String,
    pub(crate) audience: Vec<String>,
    pub(crate) leeway_seconds: u64,
    /// Claim name and header name.
    pub(crate) claims_to_headers: Vec<(String, String)>,
}

pub(crate) struct PayloadPolicy {
    pub(crate) mode: Mode,
    pub(crate) format: RawPayloadFormat,
    pub(crate) keys: Vec<Arc<DecryptKey>>,
    pub(crate) content_type: String,
}

pub(crate) struct InspectPolicy {
    pub(crate) mode: Mode,
    pub(crate) headers: Vec<String>,
    pub(crate) scan: ScanPolicy,
    /// What bodies the operations of the upstream take.
    pub(crate) contract: Option<Contract>,
}
