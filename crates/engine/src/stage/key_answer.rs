//! Questions to the key service about JWE keys, and what its answers mean.

use std::sync::Arc;

use sealgate_jose::jwe::{ContentEncryptionKey, Header, Sealed};
use sealgate_wire::{
    EphemeralPublicKey, KeyFailure, Operation, UnwrapRequest, decode_unwrap_answer,
};

use crate::exchange::trail::Opener;
use crate::policy::keys::{DecryptAlgorithm, DecryptKey};

/// A token or body that waits for its content-encryption key.
pub(crate) struct PendingUnwrap {
    /// Id of the key in the bridge.
    pub(crate) kid: String,
    sealed: Sealed<'static>,
}

/// How a sealed thing is opened.
pub(crate) enum Opening {
    /// The key is at hand.
    Opened(Vec<u8>),
    /// The key service has to unwrap the key.
    Ask(Box<PendingUnwrap>),
}

/// Why a sealed thing was not opened.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    /// No key of the policy, or not the key's algorithm.
    KeyUnknown,
    /// It does not decrypt.
    NotOpened,
    /// The key service said no to this input.
    KeyRefused,
    /// The key service has no answer.
    KeyService,
}

/// Chooses the key by `kid` (or the only one) and opens with it, or says what to ask. The key that
/// was chosen is noted in `opener`, whether it opens or not.
pub(crate) fn open(
    sealed: Sealed<'_>,
    keys: &[Arc<DecryptKey>],
    opener: &mut Opener,
) -> Result<Opening, Closed> {
    let key = choose(sealed.header().kid.as_deref(), keys).ok_or(Closed::KeyUnknown)?;
    let header = sealed.header();
    opener.choose(key, header.enc.name());
    if key.management() != Some(header.alg) || !key.takes(header.enc) {
        return Err(Closed::KeyUnknown);
    }
    match &key.algorithm {
        DecryptAlgorithm::JweLocal { key, .. } => key
            .open(sealed)
            .map(Opening::Opened)
            .map_err(|_| Closed::NotOpened),
        DecryptAlgorithm::JweBridge { kid, .. } => Ok(Opening::Ask(Box::new(PendingUnwrap {
            kid: kid.clone(),
            sealed: sealed.into_owned(),
        }))),
        DecryptAlgorithm::RawA256Gcm(_) => Err(Closed::KeyUnknown),
    }
}

/// An unknown `kid` never tries other keys; an absent one works where there is only one key.
pub(crate) fn choose<'a>(kid: Option<&str>, keys: &'a [Arc<DecryptKey>]) -> Option<&'a DecryptKey> {
    match (kid, keys) {
        (Some(kid), keys) => keys
            .iter()
            .find(|key| key.is_meant_by(kid))
            .map(AsRef::as_ref),
        (None, [only]) => Some(only),
        (None, _) => None,
    }
}

impl PendingUnwrap {
    /// The question.
    pub(crate) fn operation(&self) -> Operation {
        let header = self.sealed.header();
        let (alg, enc) = (header.alg.name(), header.enc.name());
        unwrap_operation(alg, enc, Some(header), self.sealed.encrypted_key())
    }

    /// Opens with the answer.
    pub(crate) fn finish(self, status: u16, body: &[u8]) -> Result<Vec<u8>, Closed> {
        let answer = decode_unwrap_answer(status, body, &self.kid).map_err(closed)?;
        let enc = self.sealed.header().enc;
        let cek =
            ContentEncryptionKey::from_slice(enc, &answer.cek).map_err(|_| Closed::NotOpened)?;
        self.sealed.open(&cek).map_err(|_| Closed::NotOpened)
    }
}

/// What a key service is asked for the content key of a sealed message. `header` is that of a JWE;
/// formats that are none have only the algorithms, by their JOSE names, and the encrypted key.
#[must_use]
pub fn unwrap_operation(
    alg: &str,
    enc: &str,
    header: Option<&Header>,
    encrypted_key: &[u8],
) -> Operation {
    let epk = header.and_then(|header| header.epk.as_ref());
    let wrap = header.and_then(|header| header.key_wrap);
    Operation::Unwrap(UnwrapRequest {
        alg: alg.to_owned(),
        ek: encrypted_key.to_vec(),
        epk: epk.map(|epk| EphemeralPublicKey {
            kty: epk.kty().to_owned(),
            crv: epk.crv().to_owned(),
            x: epk.x().to_vec(),
            y: epk.y().map(<[u8]>::to_vec),
        }),
        apu: header.and_then(|header| header.apu.clone()),
        apv: header.and_then(|header| header.apv.clone()),
        iv: wrap.map(|(iv, _)| iv.to_vec()),
        tag: wrap.map(|(_, tag)| tag.to_vec()),
        enc: enc.to_owned(),
    })
}

/// What the sender caused is an authentication failure; all else is the service's trouble.
pub(crate) fn closed(failure: KeyFailure) -> Closed {
    match failure {
        KeyFailure::CryptoFailed | KeyFailure::BadRequest | KeyFailure::TooLarge => {
            Closed::KeyRefused
        }
        _ => Closed::KeyService,
    }
}
