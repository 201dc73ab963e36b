//! The encrypted body: recognised, opened part by part, and typed.

use std::sync::Arc;

use sealgate_format::records::{RecordHeader, Records};
use sealgate_format::{Demand, Head, OpenFault, Opener, Part, Session, Taken, raw};
use sealgate_jose::jwe::{ContentEncryption, Decoy};
use sealgate_jose::jws::VerifyKey;
use sealgate_wire::{Operation, decode_unwrap_answer};

use super::key_answer::{Closed, Meant, choose, closed, meant, unwrap_operation};
use crate::exchange::trail;
use crate::policy::compiled::PayloadPolicy;
use crate::policy::keys::{DecryptAlgorithm, DecryptKey};
use crate::refusal::Reason;
use crate::request::Request;

/// The body was authentic, and this is its plaintext; or there was no body to open.
#[derive(Default)]
pub(crate) struct PayloadOpened {
    plaintext: Option<Plaintext>,
    session: Option<Session>,
}

struct Plaintext {
    content_type: String,
    bytes: Vec<u8>,
}

impl PayloadOpened {
    /// Content type and bytes, for the scan.
    pub(crate) fn plaintext(&self) -> Option<(&str, &[u8])> {
        self.plaintext
            .as_ref()
            .map(|plain| (plain.content_type.as_str(), plain.bytes.as_slice()))
    }

    /// What the answer is sealed with, where the request brought it.
    pub(crate) fn take_session(&mut self) -> Option<Session> {
        self.session.take()
    }

    /// Content type and bytes, for the upstream.
    pub(crate) fn into_plaintext(self) -> Option<(String, Vec<u8>)> {
        self.plaintext
            .map(|plain| (plain.content_type, plain.bytes))
    }
}

/// Where the opening stands.
pub(crate) enum Step {
    Opened(PayloadOpened),
    Ask(Box<Pending>),
}

/// A body of which one part waits for its content key.
pub(crate) struct Pending {
    /// Id of the key in the bridge.
    pub(crate) kid: String,
    pub(crate) operation: Operation,
    taken: Taken,
    decoy: Arc<Decoy>,
}

/// Opens a body, or says what to ask the key service. Raw bodies and records are opened in place
/// and taken out of `body`; when another body does not open, `body` is as it was.
pub(crate) fn start(
    payload: &PayloadPolicy,
    request: &Request,
    body: &mut Vec<u8>,
    now: i64,
    noted: &mut trail::Opener,
) -> Result<Step, Reason> {
    if body.is_empty() {
        return Ok(Step::Opened(PayloadOpened::default()));
    }
    if payload.format.is_raw() {
        return open_raw(payload, request, body, noted).map(Step::Opened);
    }
    if let Some(records) = payload.format.records() {
        return open_records(records, payload, request, body, noted).map(Step::Opened);
    }
    let header = |name: &str| request.only(name);
    let mut is_ours = |header: &sealgate_jose::jwe::Header| {
        choose(header.kid.as_deref(), &payload.keys)
            .is_some_and(|key| key.management() == Some(header.alg))
    };
    let head = Head { header: &header };
    let taken = payload.format.take(&head, body, &mut is_ours);
    advance(payload, taken.map_err(reason)?, request, body, now, noted)
}

/// Goes on with the key service's answer; it may have to be asked again for another part.
pub(crate) fn go_on(
    payload: &PayloadPolicy,
    mut pending: Pending,
    request: &Request,
    body: &[u8],
    answer: (u16, &[u8]),
    now: i64,
    noted: &mut trail::Opener,
) -> Result<Step, Reason> {
    let verify = |kid: Option<&str>| verifier(payload, kid);
    let demand = Demand {
        now,
        verify: &verify,
    };
    let answer = match decode_unwrap_answer(answer.0, answer.1, &pending.kid) {
        Ok(answer) => answer,
        Err(failure) => {
            // As long as a wrong tag takes, and refused whatever comes of it.
            if let Some(enc) = pending.taken.next().and_then(Part::enc) {
                let decoy = Opener::ContentKey(pending.decoy.bytes(enc));
                let _ = pending.taken.open(decoy, &demand);
            }
            return Err(key_fault(closed(failure)));
        }
    };
    let key = Opener::ContentKey(&answer.cek);
    pending.taken.open(key, &demand).map_err(reason)?;
    advance(payload, pending.taken, request, body, now, noted)
}

/// Opens part after part with the keys at hand, until one is elsewhere.
fn advance(
    payload: &PayloadPolicy,
    mut taken: Taken,
    request: &Request,
    body: &[u8],
    now: i64,
    noted: &mut trail::Opener,
) -> Result<Step, Reason> {
    let verify = |kid: Option<&str>| verifier(payload, kid);
    let demand = Demand {
        now,
        verify: &verify,
    };
    while let Some(part) = taken.next() {
        let meant = meant(part.kid(), part.alg().zip(part.enc()), &payload.keys);
        let Meant { key, by_name } = meant.ok_or(Reason::PayloadKeyUnknown)?;
        let content = part.enc().map_or("", ContentEncryption::name);
        noted.choose(key, content, by_name);
        // The algorithms are the key's, whatever the part says; what is no JWE has those of its format.
        let content = part.header().is_none_or(|header| key.takes(header.enc));
        if part.alg() != key.management() || !content {
            return Err(Reason::PayloadKeyUnknown);
        }
        let opener = match &key.algorithm {
            DecryptAlgorithm::RawA256Gcm(secret) => Opener::Shared(secret),
            DecryptAlgorithm::JweLocal { key, .. } => Opener::Jwe(key),
            DecryptAlgorithm::JweBridge { kid, decoy, .. } => {
                return Ok(Step::Ask(Box::new(Pending {
                    kid: kid.clone(),
                    operation: question(part).ok_or(Reason::PayloadKeyUnknown)?,
                    taken,
                    decoy: decoy.clone(),
                })));
            }
        };
        match (taken.open(opener, &demand), by_name) {
            (Ok(()), true) => {}
            (Err(fault), true) => return Err(reason(fault)),
            (_, false) => return Err(Reason::PayloadKeyUnknown),
        }
    }
    let plain = taken.finish(body).map_err(reason)?;
    let content_type = match plain.content_type {
        None if payload.format.replaces_members() => request_type(request).to_owned(),
        None => payload.content_type.clone(),
        // RFC 7516 section 4.1.12.
        Some(cty) if cty.contains('/') => cty,
        Some(cty) => format!("application/{cty}"),
    };
    typed(content_type, plain.body).map(|mut opened| {
        opened.session = plain.session;
        Step::Opened(opened)
    })
}

/// What the key service is asked for a part's content key.
fn question(part: &Part) -> Option<Operation> {
    let (alg, enc) = (part.alg()?.name(), part.enc()?.name());
    Some(unwrap_operation(
        alg,
        enc,
        part.header(),
        part.encrypted_key(),
    ))
}

fn open_raw(
    payload: &PayloadPolicy,
    request: &Request,
    body: &mut Vec<u8>,
    noted: &mut trail::Opener,
) -> Result<PayloadOpened, Reason> {
    if request.value(b"content-encoding") != Some(raw::CODING.as_bytes()) {
        return Err(Reason::PayloadFormat);
    }
    let key_id = request
        .value(raw::KEY_HEADER.as_bytes())
        .ok_or(Reason::PayloadKeyUnknown)?;
    let secret = named(payload, key_id, noted)?;
    let associated = raw::request_data(&request.method, &request.target, key_id);
    let (nonce, ciphertext, tag) = raw::parts(body).ok_or(Reason::PayloadMalformed)?;
    sealgate_aead::open_detached(secret, nonce, &associated, ciphertext, tag)
        .map_err(|_| Reason::PayloadNotOpened)?;
    let mut bytes = std::mem::take(body);
    bytes.truncate(bytes.len().saturating_sub(raw::TAG_BYTES));
    bytes.drain(..raw::NONCE_BYTES);
    typed(plain_type(payload, request), bytes)
}

fn open_records(
    records: Records,
    payload: &PayloadPolicy,
    request: &Request,
    body: &mut Vec<u8>,
    noted: &mut trail::Opener,
) -> Result<PayloadOpened, Reason> {
    if request.value(b"content-encoding") != Some(records.coding().as_bytes()) {
        return Err(Reason::PayloadFormat);
    }
    let header = RecordHeader::parse(body).map_err(reason)?;
    let secret = match (header.key_id(), payload.keys.as_slice()) {
        // RFC 8188 leaves the key's name to the application; one key needs none.
        ([], [only]) => shared(only, noted)?,
        (key_id, _) => named(payload, key_id, noted)?,
    };
    let associated = records.request_data(&request.method, &request.target, header.key_id());
    records
        .open(body, &header, secret, &associated)
        .map_err(reason)?;
    typed(plain_type(payload, request), std::mem::take(body))
}

fn named<'p>(
    payload: &'p PayloadPolicy,
    key_id: &[u8],
    noted: &mut trail::Opener,
) -> Result<&'p [u8; 32], Reason> {
    let key_id = std::str::from_utf8(key_id).map_err(|_| Reason::PayloadKeyUnknown)?;
    let key = choose(Some(key_id), &payload.keys).ok_or(Reason::PayloadKeyUnknown)?;
    shared(key, noted)
}

fn shared<'p>(key: &'p DecryptKey, noted: &mut trail::Opener) -> Result<&'p [u8; 32], Reason> {
    noted.choose(key, "", true);
    match &key.algorithm {
        DecryptAlgorithm::RawA256Gcm(secret) => Ok(secret),
        _ => Err(Reason::PayloadKeyUnknown),
    }
}

/// The type that a raw body's plaintext has: that of the request, else the policy's.
fn plain_type(payload: &PayloadPolicy, request: &Request) -> String {
    match request_type(request) {
        "" => payload.content_type.clone(),
        content_type => content_type.to_owned(),
    }
}

fn request_type(request: &Request) -> &str {
    let value = request.value(b"content-type").unwrap_or_default();
    std::str::from_utf8(value).unwrap_or_default()
}

fn typed(content_type: String, bytes: Vec<u8>) -> Result<PayloadOpened, Reason> {
    let visible = content_type
        .bytes()
        .all(|byte| (0x20..0x7f).contains(&byte));
    if !visible || content_type.len() > 256 {
        return Err(Reason::PayloadContentType);
    }
    Ok(PayloadOpened {
        plaintext: Some(Plaintext {
            content_type,
            bytes,
        }),
        session: None,
    })
}

/// The key of the JWS inside: the one of its `kid`, or the only one.
fn verifier<'p>(payload: &'p PayloadPolicy, kid: Option<&str>) -> Option<&'p VerifyKey> {
    let key = match (kid, payload.verify.as_slice()) {
        (Some(kid), keys) => keys.iter().find(|key| key.id == kid),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    key.map(|key| &key.key)
}

fn reason(fault: OpenFault) -> Reason {
    match fault {
        OpenFault::Format => Reason::PayloadFormat,
        OpenFault::Malformed => Reason::PayloadMalformed,
        OpenFault::Stale => Reason::PayloadStale,
        OpenFault::Signature => Reason::PayloadSignature,
        OpenFault::Content => Reason::PayloadContent,
        _ => Reason::PayloadNotOpened,
    }
}

fn key_fault(closed: Closed) -> Reason {
    match closed {
        Closed::KeyUnknown => Reason::PayloadKeyUnknown,
        Closed::NotOpened => Reason::PayloadNotOpened,
        Closed::KeyRefused => Reason::PayloadKeyRefused,
        Closed::KeyService => Reason::PayloadKeyService,
    }
}
