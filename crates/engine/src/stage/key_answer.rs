//! Questions to the key service about JWE keys, and what its answers mean.

use std::sync::Arc;

use sealgate_jose::jwe::{
    ContentEncryption, ContentEncryptionKey, Decoy, Header, KeyManagement, Sealed,
};
use sealgate_wire::{
    EphemeralPublicKey, KeyFailure, Operation, UnwrapRequest, decode_unwrap_answer,
};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use crate::exchange::trail::Opener;
use crate::policy::keys::{DecryptAlgorithm, DecryptKey};

/// A token or body that waits for its content-encryption key.
pub(crate) struct PendingUnwrap {
    /// Id of the key in the bridge.
    pub(crate) kid: String,
    sealed: Sealed<'static>,
    decoy: Arc<Decoy>,
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
    let header = sealed.header();
    let meant = meant(header.kid.as_deref(), Some((header.alg, header.enc)), keys);
    let Meant { key, by_name } = meant.ok_or(Closed::KeyUnknown)?;
    opener.choose(key, header.enc.name(), by_name);
    if key.management() != Some(header.alg) || !key.takes(header.enc) {
        return Err(Closed::KeyUnknown);
    }
    match &key.algorithm {
        DecryptAlgorithm::JweLocal { key, .. } => {
            let closed = match by_name {
                true => Closed::NotOpened,
                false => Closed::KeyUnknown,
            };
            match (key.open(sealed), by_name) {
                (Ok(plaintext), true) => Ok(Opening::Opened(plaintext)),
                _ => Err(closed),
            }
        }
        DecryptAlgorithm::JweBridge { kid, decoy, .. } => {
            Ok(Opening::Ask(Box::new(PendingUnwrap {
                kid: kid.clone(),
                sealed: sealed.into_owned(),
                decoy: decoy.clone(),
            })))
        }
        DecryptAlgorithm::RawA256Gcm(_) => Err(Closed::KeyUnknown),
    }
}

/// An unknown `kid` never tries other keys; an absent one works where there is only one key.
pub(crate) fn choose<'a>(kid: Option<&str>, keys: &'a [Arc<DecryptKey>]) -> Option<&'a DecryptKey> {
    meant(kid, None, keys)
        .filter(|meant| meant.by_name)
        .map(|meant| meant.key)
}

/// The key that works on a message.
pub(crate) struct Meant<'a> {
    pub(crate) key: &'a DecryptKey,
    /// Whether the sender named it. If not, it is only busy, so that the refusal takes as long as that
    /// of a message whose tag is wrong, and what comes of it decides nothing.
    pub(crate) by_name: bool,
}

/// [`choose`], or a key at hand of the same algorithms for a message that names none of ours. Keys
/// in the bridge are not asked then: an invented `kid` shall not cost the token an operation. All
/// keys are looked at, and no branch depends on which of them it is.
pub(crate) fn meant<'a>(
    kid: Option<&str>,
    algorithms: Option<(KeyManagement, ContentEncryption)>,
    keys: &'a [Arc<DecryptKey>],
) -> Option<Meant<'a>> {
    let only = u8::from(keys.len() == 1);
    let named = |key: &DecryptKey| match kid {
        Some(kid) => key.is_meant_by(kid),
        None => Choice::from(only),
    };
    let fits = |key: &DecryptKey| match (&key.algorithm, algorithms) {
        (DecryptAlgorithm::JweLocal { key: local, .. }, Some((alg, enc))) => {
            Choice::from(u8::from(local.alg() == alg && key.takes(enc)))
        }
        _ => Choice::from(0),
    };
    // From the back, so that the first one stays.
    let (mut chosen, mut busy) = (u32::MAX, u32::MAX);
    for (at, key) in (0..u32::try_from(keys.len()).ok()?).zip(keys).rev() {
        chosen.conditional_assign(&at, named(key));
        busy.conditional_assign(&at, fits(key));
    }
    let by_name = !chosen.ct_eq(&u32::MAX);
    let at = u32::conditional_select(&busy, &chosen, by_name);
    keys.get(usize::try_from(at).ok()?).map(|key| Meant {
        key,
        by_name: by_name.into(),
    })
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
        let enc = self.sealed.header().enc;
        let answer = match decode_unwrap_answer(status, body, &self.kid) {
            Ok(answer) => answer,
            Err(failure) => {
                let decoy = ContentEncryptionKey::from_slice(enc, self.decoy.bytes(enc));
                drop(decoy.map(|decoy| self.sealed.open(&decoy)));
                return Err(closed(failure));
            }
        };
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
