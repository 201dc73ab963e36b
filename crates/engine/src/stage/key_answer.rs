//! Questions to the key service about JWE keys, and what its answers mean.

use sealgate_jose::jwe::{ContentEncryption, ContentEncryptionKey, Sealed};
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
pub(crate) fn open<'a>(
    sealed: Sealed<'_>,
    keys: impl Iterator<Item = &'a DecryptKey>,
    opener: &mut Opener,
) -> Result<Opening, Closed> {
    let key = choose(sealed.header().kid.as_deref(), keys).ok_or(Closed::KeyUnknown)?;
    opener.choose(key, sealed.header().enc.name());
    match &key.algorithm {
        DecryptAlgorithm::JweLocal { key, enc, .. } => {
            let header = sealed.header();
            // HPKE that encrypts the content itself has no `enc` that could be another.
            let integrated = header.enc == ContentEncryption::Integrated;
            if header.alg != key.alg() || !(integrated || enc.contains(&header.enc)) {
                return Err(Closed::KeyUnknown);
            }
            key.open(sealed)
                .map(Opening::Opened)
                .map_err(|_| Closed::NotOpened)
        }
        DecryptAlgorithm::JweBridge {
            management,
            kid,
            enc,
        } => {
            let header = sealed.header();
            if header.alg != *management || !enc.contains(&header.enc) {
                return Err(Closed::KeyUnknown);
            }
            Ok(Opening::Ask(Box::new(PendingUnwrap {
                kid: kid.clone(),
                sealed: sealed.into_owned(),
            })))
        }
        DecryptAlgorithm::RawA256Gcm(_) => Err(Closed::KeyUnknown),
    }
}

/// An unknown `kid` never tries other keys; an absent one works where there is only one key.
fn choose<'a>(
    kid: Option<&str>,
    mut keys: impl Iterator<Item = &'a DecryptKey>,
) -> Option<&'a DecryptKey> {
    match kid {
        Some(kid) => keys.find(|key| key.is_meant_by(kid)),
        None => {
            let only = keys.next()?;
            keys.next().is_none().then_some(only)
        }
    }
}

impl PendingUnwrap {
    /// The question.
    pub(crate) fn operation(&self) -> Operation {
        let header = self.sealed.header();
        Operation::Unwrap(UnwrapRequest {
            alg: header.alg.name().to_owned(),
            ek: self.sealed.encrypted_key().to_vec(),
            epk: header.epk.as_ref().map(|epk| EphemeralPublicKey {
                kty: epk.kty().to_owned(),
                crv: epk.crv().to_owned(),
                x: epk.x().to_vec(),
                y: epk.y().map(<[u8]>::to_vec),
            }),
            apu: header.apu.clone(),
            apv: header.apv.clone(),
            iv: header.key_wrap.map(|(iv, _)| iv.to_vec()),
            tag: header.key_wrap.map(|(_, tag)| tag.to_vec()),
            enc: header.enc.name().to_owned(),
        })
    }

    /// The header of what is sealed, authentic once it opens.
    pub(crate) fn content_type(&self) -> Option<String> {
        self.sealed.header().cty.clone()
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

/// What the sender caused is an authentication failure; all else is the service's trouble.
fn closed(failure: KeyFailure) -> Closed {
    match failure {
        KeyFailure::CryptoFailed | KeyFailure::BadRequest | KeyFailure::TooLarge => {
            Closed::KeyRefused
        }
        _ => Closed::KeyService,
    }
}
