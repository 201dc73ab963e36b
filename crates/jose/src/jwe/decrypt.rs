//! Keys to open with, where they are at hand and not in a token.

use core::fmt;

use subtle::Choice;

use super::algorithm::Family;
use super::{
    ContentEncryption, ContentEncryptionKey, Decoy, GcmKeyEncryptionKey, KeyEncryptionKey,
    KeyManagement, Sealed,
};
use crate::agreement::AgreementSecret;
use crate::jwk::{PrivateJwk, Purpose};
use crate::{JoseError, KeyFault};

/// A key that opens messages of one `alg`. Wiped on drop.
pub struct DecryptionKey {
    alg: KeyManagement,
    inner: Inner,
    decoy: Decoy,
}

enum Inner {
    Direct(ContentEncryptionKey),
    Wrap(Box<KeyEncryptionKey>),
    GcmWrap(GcmKeyEncryptionKey),
    Agree(AgreementSecret),
    #[cfg(feature = "pq")]
    Hpke(super::hpke::HpkePrivate),
}

impl DecryptionKey {
    /// A shared key: `dir` for messages of this `enc`, `A*KW` or `A*GCMKW`.
    ///
    /// # Errors
    /// [`KeyFault::Length`] unless `secret` is as long as `alg` has it (for `dir`: as `enc` has
    /// it), [`KeyFault::Purpose`] for an asymmetric `alg`.
    pub fn symmetric(
        alg: KeyManagement,
        enc: ContentEncryption,
        secret: &[u8],
    ) -> Result<Self, KeyFault> {
        let inner = match alg.family() {
            Family::Direct => Inner::Direct(ContentEncryptionKey::from_slice(enc, secret)?),
            Family::Wrap(bytes) if bytes == secret.len() => {
                Inner::Wrap(Box::new(KeyEncryptionKey::from_slice(secret)?))
            }
            Family::GcmWrap(bytes) if bytes == secret.len() => {
                Inner::GcmWrap(GcmKeyEncryptionKey::from_slice(secret)?)
            }
            Family::Wrap(_) | Family::GcmWrap(_) => return Err(KeyFault::Length),
            _ => return Err(KeyFault::Purpose),
        };
        let decoy = Decoy::new(&[secret]);
        Ok(Self { alg, inner, decoy })
    }

    /// A private key for `ECDH-ES*`.
    ///
    /// # Errors
    /// [`KeyFault::Purpose`] when the JWK forbids it or `alg` is of another family.
    pub fn private(alg: KeyManagement, jwk: PrivateJwk) -> Result<Self, KeyFault> {
        if !alg.is_ecdh() {
            return Err(KeyFault::Purpose);
        }
        jwk.metadata.allow(Purpose::Decrypt, alg.name())?;
        Ok(Self {
            alg,
            decoy: Decoy::new(&[&jwk.secret.expose()]),
            inner: Inner::Agree(jwk.secret),
        })
    }

    /// A private JWK for `HPKE-n` or `HPKE-n-KE`; the caller wipes the value.
    ///
    /// # Errors
    /// [`KeyFault::Purpose`] when the JWK forbids it or `alg` is of another family.
    #[cfg(feature = "pq")]
    pub fn hpke(alg: KeyManagement, jwk: &serde_json::Value) -> Result<Self, KeyFault> {
        let (Family::Hpke(suite) | Family::HpkeKe(suite)) = alg.family() else {
            return Err(KeyFault::Purpose);
        };
        crate::jwk::Metadata::from_value(jwk)?.allow(Purpose::Decrypt, alg.name())?;
        let key = super::hpke::HpkePrivate::from_value(suite, alg.name(), jwk)?;
        Ok(Self {
            alg,
            decoy: Decoy::new(&[key.expose()]),
            inner: Inner::Hpke(key),
        })
    }

    /// The only `alg` it opens.
    #[must_use]
    pub const fn alg(&self) -> KeyManagement {
        self.alg
    }

    /// The content-encryption key of a message.
    ///
    /// # Errors
    /// [`JoseError::Authentication`], also for a message of another `alg`.
    pub fn content_key(&self, sealed: &Sealed<'_>) -> Result<ContentEncryptionKey, JoseError> {
        let header = sealed.header();
        if header.alg != self.alg {
            return Err(JoseError::Authentication);
        }
        match &self.inner {
            Inner::Direct(key) if key.enc() == header.enc => {
                Ok(ContentEncryptionKey::from_slice(key.enc(), key.expose())?)
            }
            Inner::Direct(_) => Err(JoseError::Authentication),
            Inner::Wrap(key) => key.unwrap_key(header.enc, sealed.encrypted_key()),
            Inner::GcmWrap(key) => {
                let (iv, tag) = header.key_wrap.ok_or(JoseError::Authentication)?;
                key.unwrap_key(header.enc, sealed.encrypted_key(), &iv, &tag)
            }
            Inner::Agree(secret) => {
                let epk = header.epk.as_ref().ok_or(JoseError::Authentication)?;
                sealed.content_key_from_z(&secret.agree(epk)?)
            }
            #[cfg(feature = "pq")]
            Inner::Hpke(key) => {
                let ek = header.encapsulated_key.as_deref();
                let ek = ek.ok_or(JoseError::Authentication)?;
                let info = super::hpke::recipient_info(header.enc);
                let cek = key.open(ek, &info, &[], sealed.encrypted_key())?;
                ContentEncryptionKey::from_slice(header.enc, &cek)
                    .map_err(|_| JoseError::Authentication)
            }
        }
    }

    /// Opens a message. One whose content key does not unwrap is worked on with a [`Decoy`] and fails
    /// like one whose tag is wrong (RFC 7516 section 11.5).
    ///
    /// # Errors
    /// [`JoseError::Authentication`], one for every cause.
    pub fn open(&self, sealed: Sealed<'_>) -> Result<Vec<u8>, JoseError> {
        #[cfg(feature = "pq")]
        if let (Inner::Hpke(key), Family::Hpke(_)) = (&self.inner, self.alg.family()) {
            if sealed.header().alg != self.alg {
                return Err(JoseError::Authentication);
            }
            let (associated, ciphertext) = sealed.integrated();
            let plaintext = key.open(sealed.encrypted_key(), &[], associated, ciphertext)?;
            return Ok(plaintext.to_vec());
        }
        let enc = sealed.header().enc;
        let decoy = ContentEncryptionKey::from_slice(enc, self.decoy.bytes(enc))?;
        let (key, whole) = self.content_key_or(decoy, &sealed);
        match (sealed.open(&key), bool::from(whole)) {
            (Ok(plaintext), true) => Ok(plaintext),
            _ => Err(JoseError::Authentication),
        }
    }

    /// The content key of a message, or the decoy; and whether it is the former. AES Key Wrap takes the
    /// same steps for both.
    fn content_key_or(
        &self,
        decoy: ContentEncryptionKey,
        sealed: &Sealed<'_>,
    ) -> (ContentEncryptionKey, Choice) {
        let header = sealed.header();
        match &self.inner {
            Inner::Wrap(key) if header.alg == self.alg => {
                let (key, whole) = key.unwrapped(header.enc, sealed.encrypted_key());
                (key.or(&decoy, whole), whole)
            }
            _ => match self.content_key(sealed) {
                Ok(key) => (key, Choice::from(1)),
                Err(_) => (decoy, Choice::from(0)),
            },
        }
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecryptionKey")
            .field("alg", &self.alg)
            .finish_non_exhaustive()
    }
}
