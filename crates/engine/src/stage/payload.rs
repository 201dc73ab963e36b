//! The encrypted body: recognised, opened in place, and typed.

use sealgate_jose::Limits;
use sealgate_jose::jwe::Sealed;

use super::key_answer::{Closed, Opening, PendingUnwrap, open};
use crate::exchange::trail::Opener;
use crate::policy::compiled::{PayloadPolicy, Policy};
use crate::policy::keys::DecryptAlgorithm;
use crate::policy::raw::RawPayloadFormat;
use crate::refusal::Reason;
use crate::request::Request;

/// Content coding of raw AES-256-GCM bodies (docs/formats.md).
pub(crate) const A256GCM_CODING: &str = "sealgate-a256gcm";
/// Header that names the key of a raw AES-256-GCM body.
pub(crate) const KEY_HEADER: &str = "sealgate-key";
/// Bytes before the ciphertext of a raw body.
const NONCE_BYTES: usize = 12;
/// Bytes behind it.
const TAG_BYTES: usize = 16;

/// The body was authentic, and this is its plaintext; or there was no body to open.
pub(crate) struct PayloadOpened(Option<Plaintext>);

struct Plaintext {
    content_type: String,
    bytes: Vec<u8>,
}

impl PayloadOpened {
    /// Content type and bytes, for the scan.
    pub(crate) fn plaintext(&self) -> Option<(&str, &[u8])> {
        self.0
            .as_ref()
            .map(|plain| (plain.content_type.as_str(), plain.bytes.as_slice()))
    }

    /// Content type and bytes, for the upstream.
    pub(crate) fn into_plaintext(self) -> Option<(String, Vec<u8>)> {
        self.0.map(|plain| (plain.content_type, plain.bytes))
    }
}

/// Where the opening ended.
pub(crate) enum Step {
    Opened(PayloadOpened),
    Ask(Box<PendingUnwrap>),
}

/// Opens a body, or says what to ask the key service. A raw body is opened in place and taken out
/// of `body`; when it does not open, `body` is as it was.
pub(crate) fn start(
    policy: &Policy,
    payload: &PayloadPolicy,
    request: &Request,
    body: &mut Vec<u8>,
    opener: &mut Opener,
) -> Result<Step, Reason> {
    if body.is_empty() {
        return Ok(Step::Opened(PayloadOpened(None)));
    }
    match payload.format {
        RawPayloadFormat::Jwe => start_jwe(policy, payload, request, body, opener),
        RawPayloadFormat::Aes256Gcm => open_raw(payload, request, body, opener).map(Step::Opened),
    }
}

/// Goes on with the key service's answer.
pub(crate) fn finish(
    payload: &PayloadPolicy,
    pending: PendingUnwrap,
    status: u16,
    body: &[u8],
) -> Result<PayloadOpened, Reason> {
    let cty = pending.content_type();
    let bytes = pending.finish(status, body).map_err(reason)?;
    plaintext(payload, cty.as_deref(), bytes)
}

fn start_jwe(
    policy: &Policy,
    payload: &PayloadPolicy,
    request: &Request,
    body: &[u8],
    opener: &mut Opener,
) -> Result<Step, Reason> {
    let content_type = request.value(b"content-type").unwrap_or_default();
    let media_type = content_type
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default();
    let media_type = media_type.trim_ascii().to_ascii_lowercase();
    if !matches!(
        media_type.as_slice(),
        b"application/jose" | b"application/jwe"
    ) || request.has(b"content-encoding")
    {
        return Err(Reason::PayloadFormat);
    }
    let limits = Limits::body(policy.limits.max_body_bytes);
    let sealed = Sealed::compact(body, &limits).map_err(|_| Reason::PayloadMalformed)?;
    let cty = sealed.header().cty.clone();
    match open(sealed, payload.keys.iter().map(AsRef::as_ref), opener).map_err(reason)? {
        Opening::Opened(bytes) => plaintext(payload, cty.as_deref(), bytes).map(Step::Opened),
        Opening::Ask(pending) => Ok(Step::Ask(pending)),
    }
}

fn open_raw(
    payload: &PayloadPolicy,
    request: &Request,
    body: &mut Vec<u8>,
    opener: &mut Opener,
) -> Result<PayloadOpened, Reason> {
    if request.value(b"content-encoding") != Some(A256GCM_CODING.as_bytes()) {
        return Err(Reason::PayloadFormat);
    }
    let key_id = request
        .value(KEY_HEADER.as_bytes())
        .ok_or(Reason::PayloadKeyUnknown)?;
    let key = payload
        .keys
        .iter()
        .find(|key| key.id.as_bytes() == key_id)
        .ok_or(Reason::PayloadKeyUnknown)?;
    opener.choose(key, "");
    let DecryptAlgorithm::RawA256Gcm(secret) = &key.algorithm else {
        return Err(Reason::PayloadKeyUnknown);
    };
    let associated = raw_associated_data(&request.method, &request.target, key_id);
    let (nonce, sealed) = body
        .split_first_chunk_mut::<NONCE_BYTES>()
        .ok_or(Reason::PayloadMalformed)?;
    let (ciphertext, tag) = sealed
        .split_last_chunk_mut::<TAG_BYTES>()
        .ok_or(Reason::PayloadMalformed)?;
    sealgate_aead::open_detached(secret, nonce, &associated, ciphertext, tag)
        .map_err(|_| Reason::PayloadNotOpened)?;
    let mut bytes = std::mem::take(body);
    bytes.truncate(bytes.len().saturating_sub(TAG_BYTES));
    bytes.drain(..NONCE_BYTES);
    let content_type = request
        .value(b"content-type")
        .and_then(|value| std::str::from_utf8(value).ok())
        .unwrap_or(&payload.content_type);
    Ok(PayloadOpened(Some(Plaintext {
        content_type: content_type.to_owned(),
        bytes,
    })))
}

/// What a raw body is bound to: method, request target and key id (docs/formats.md).
pub fn raw_associated_data(method: &[u8], target: &[u8], key_id: &[u8]) -> Vec<u8> {
    [A256GCM_CODING.as_bytes(), method, target, key_id].join(&b'\n')
}

/// Types a JWE plaintext: by its `cty` (RFC 7516 section 4.1.12), else by the policy.
fn plaintext(
    payload: &PayloadPolicy,
    cty: Option<&str>,
    bytes: Vec<u8>,
) -> Result<PayloadOpened, Reason> {
    let content_type = match cty {
        None => payload.content_type.clone(),
        Some(cty) if cty.contains('/') => cty.to_owned(),
        Some(cty) => format!("application/{cty}"),
    };
    let visible = content_type
        .bytes()
        .all(|byte| (0x20..0x7f).contains(&byte));
    if !visible || content_type.len() > 256 {
        return Err(Reason::PayloadContentType);
    }
    Ok(PayloadOpened(Some(Plaintext {
        content_type,
        bytes,
    })))
}

fn reason(closed: Closed) -> Reason {
    match closed {
        Closed::KeyUnknown => Reason::PayloadKeyUnknown,
        Closed::NotOpened => Reason::PayloadNotOpened,
        Closed::KeyRefused => Reason::PayloadKeyRefused,
        Closed::KeyService => Reason::PayloadKeyService,
    }
}
