//! Sealing of the response: for whom, and with what in its head.

use std::sync::Arc;

use sealgate_format::{SealFault, Sealed, Sealing};
use sealgate_scan::Limits;

use super::inside::InnerSigner;
use super::response::Response;
use super::{Decision, Exchange};
use crate::forward::HeaderEdit;
use crate::policy::compiled::{Policy, Recipients, ResponseEncryption};
use crate::policy::keys::EncryptKey;
use crate::policy::raw::RawRecipientBy;
use crate::refusal::Reason;
use crate::stage::coding;

/// What the head says of a plaintext that the client does not get in this form.
const DESCRIBES_PLAINTEXT: [&[u8]; 12] = [
    b"accept-ranges",
    b"content-digest",
    b"content-encoding",
    b"content-length",
    b"content-md5",
    b"digest",
    b"etag",
    b"repr-digest",
    b"sealgate-key",
    b"signature",
    b"signature-input",
    b"transfer-encoding",
];

impl Exchange {
    /// The key that the response will be sealed with. Found before the request goes on: a client
    /// without a key must not cause anything that it cannot be told of.
    pub(super) fn response_recipient(
        &self,
        policy: &Policy,
    ) -> Result<Option<Arc<EncryptKey>>, Reason> {
        let encrypt = policy
            .respond
            .as_ref()
            .and_then(|respond| respond.encrypt.as_ref());
        let Some(encrypt) = encrypt else {
            return Ok(None);
        };
        let key = match &encrypt.recipients {
            Recipients::OfRequest => return Ok(None),
            Recipients::One(key) => Some(key),
            Recipients::By(RawRecipientBy::Signature, keys) => self
                .proofs
                .signature
                .passed()
                .and_then(|signature| keys.get(&signature.key_id)),
            Recipients::By(RawRecipientBy::Token, keys) => self
                .proofs
                .token
                .passed()
                .and_then(|token| keys.get(token.subject()?)),
            Recipients::By(RawRecipientBy::ClientCert, keys) => {
                self.proofs.channel.passed().and_then(|_| {
                    let mut found = self.channel.san.iter().filter_map(|name| keys.get(name));
                    let key = found.next()?;
                    // A certificate with the names of two clients is neither.
                    found.all(|other| other.id == key.id).then_some(key)
                })
            }
        };
        key.cloned().map(Some).ok_or(Reason::ResponseRecipient)
    }

    /// Replaces body and head of a response by their sealed form; or gives the octets that the bridge has
    /// to sign first.
    pub(super) fn seal_response(&self, response: &mut Response) -> Result<Option<Vec<u8>>, Reason> {
        let Decision::Judge(policy) = &self.decision else {
            return Err(Reason::UnexpectedEvent);
        };
        let respond = policy.respond.as_ref().ok_or(Reason::UnexpectedEvent)?;
        let Some(encrypt) = &respond.encrypt else {
            return Ok(None);
        };
        // The client asked for no part of a whole; a part of a plaintext is not what it can open.
        if response.status == 206 {
            return Err(Reason::ResponseMalformed);
        }
        if response.body.is_empty() {
            response.edit(&DESCRIBES_PLAINTEXT, Vec::new());
            return Ok(None);
        }
        let decoded = undo_coding(response, respond.max_body_bytes)?;
        let plaintext = decoded.as_deref().unwrap_or(&response.body);
        let sealed = match self.seal(encrypt, response, plaintext)? {
            Pass::Sealed(sealed) => sealed,
            Pass::Unsigned(octets) => return Ok(Some(octets)),
        };
        let mut set = vec![
            ("content-type", sealed.content_type),
            ("content-length", sealed.body.len().to_string()),
        ];
        set.extend(sealed.headers);
        response.body = sealed.body;
        response.sealed = true;
        response.edit(&DESCRIBES_PLAINTEXT, set);
        Ok(None)
    }

    fn seal(
        &self,
        encrypt: &ResponseEncryption,
        response: &Response,
        plaintext: &[u8],
    ) -> Result<Pass, Reason> {
        let request = self.request()?;
        let content_type = response
            .value(b"content-type")
            .map_or(Ok("application/octet-stream"), |value| {
                std::str::from_utf8(value).map_err(|_| Reason::ResponseMalformed)
            })?;
        let signing = encrypt.signing.as_ref();
        let signer = signing.map(|signing| InnerSigner::new(signing, &response.made));
        let sign = |payload: &[u8], cty: Option<&str>| match &signer {
            Some(signer) => signer.sign(payload, cty),
            None => Err(SealFault::Signature),
        };
        let sealing = Sealing {
            key: self.recipient.as_ref().map(|key| &key.key),
            kid: self.recipient.as_ref().map_or("", |key| &key.kid),
            content_type,
            method: &request.method,
            target: &request.target,
            status: Some(response.status),
            now: response.created,
            session: self.session.as_ref(),
            sign: Some(&sign),
        };
        let mut entropy = response.entropy.borrow_mut();
        let sealed = encrypt
            .format
            .seal(plaintext, &sealing, &mut |bytes| entropy.fill(bytes));
        match (sealed, signer.and_then(InnerSigner::missing)) {
            (Ok(sealed), _) => Ok(Pass::Sealed(sealed)),
            (Err(SealFault::Signature), Some(octets)) => Ok(Pass::Unsigned(octets)),
            (Err(SealFault::Signature), None) => Err(Reason::ResponseNotSigned),
            (Err(SealFault::TooLong), _) => Err(Reason::ResponseTooLarge),
            (Err(_), _) => Err(Reason::ResponseNotSealed),
        }
    }
}

/// What came of one pass over a body.
enum Pass {
    Sealed(Sealed),
    /// These octets have to be signed first.
    Unsigned(Vec<u8>),
}

/// The body without its content coding; `None` when it has none. A coding inside the seal would
/// tell the length of a compressed secret, and few clients undo it.
fn undo_coding(response: &Response, max_body_bytes: usize) -> Result<Option<Vec<u8>>, Reason> {
    let limits = Limits {
        decoded_bytes: max_body_bytes,
        ..Limits::default()
    };
    let value = response.value(b"content-encoding");
    coding::undo(&limits, value, &response.body).map_err(|reason| match reason {
        Reason::InspectLimits => Reason::ResponseTooLarge,
        _ => Reason::ResponseMalformed,
    })
}

impl Response {
    /// First value of a header.
    pub(super) fn value(&self, name: &[u8]) -> Option<&[u8]> {
        let line = self.headers.iter().find(|(line, _)| line == name)?;
        Some(&line.1)
    }

    /// Removes and sets header lines, here and for the host.
    fn edit(&mut self, remove: &[&[u8]], set: Vec<(&str, String)>) {
        for name in remove {
            if self.value(name).is_some() {
                self.headers.retain(|(line, _)| line != name);
                self.edits.push(HeaderEdit::Remove(name.to_vec()));
            }
        }
        for (name, value) in set {
            let (name, value) = (name.as_bytes().to_vec(), value.into_bytes());
            self.headers.retain(|(line, _)| *line != name);
            self.headers.push((name.clone(), value.clone()));
            self.edits.push(HeaderEdit::Set(name, value));
        }
    }
}
