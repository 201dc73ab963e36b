//! Keys to seal for: each bound to one algorithm, and what it does with the content key.

use core::fmt;

use serde_json::{Map, Value};

use super::algorithm::Family;
use super::{
    ContentEncryption, ContentEncryptionKey, GcmKeyEncryptionKey, KeyEncryptionKey, KeyManagement,
    Random, SealSpec,
};
use crate::agreement::AgreementSecret;
use crate::jwk::{AgreementKey, PublicJwk, PublicKey, Purpose, RsaPublicJwk};
use crate::limits::MAX_PARTY_INFO_BYTES;
use crate::{JoseError, KeyFault, base64url, concat_kdf};

/// Whom a message is sealed for, by which `alg`. Secrets are wiped on drop.
pub struct EncryptionKey {
    alg: KeyManagement,
    inner: Inner,
}

enum Inner {
    Direct(ContentEncryptionKey),
    Wrap(Box<KeyEncryptionKey>),
    GcmWrap(GcmKeyEncryptionKey),
    Rsa(RsaPublicJwk),
    Agree(AgreementKey),
    #[cfg(feature = "pq")]
    Hpke(super::hpke::HpkePublic),
}

impl EncryptionKey {
    /// `dir` with a shared content-encryption key.
    #[must_use]
    pub const fn direct(key: ContentEncryptionKey) -> Self {
        Self {
            alg: KeyManagement::Dir,
            inner: Inner::Direct(key),
        }
    }

    /// A symmetric key of any kind: `dir` for `enc`, `A*KW`, `A*GCMKW`.
    ///
    /// # Errors
    /// As [`EncryptionKey::shared`].
    pub fn symmetric(
        alg: KeyManagement,
        enc: ContentEncryption,
        secret: &[u8],
    ) -> Result<Self, KeyFault> {
        match alg {
            KeyManagement::Dir => ContentEncryptionKey::from_slice(enc, secret).map(Self::direct),
            _ => Self::shared(alg, secret),
        }
    }

    /// `A*KW` or `A*GCMKW` with a shared key.
    ///
    /// # Errors
    /// [`KeyFault::Length`] unless `secret` is as long as `alg` has it, [`KeyFault::Purpose`] for
    /// an `alg` of another family.
    pub fn shared(alg: KeyManagement, secret: &[u8]) -> Result<Self, KeyFault> {
        let inner = match alg.family() {
            Family::Wrap(bytes) if bytes == secret.len() => {
                Inner::Wrap(Box::new(KeyEncryptionKey::from_slice(secret)?))
            }
            Family::GcmWrap(bytes) if bytes == secret.len() => {
                Inner::GcmWrap(GcmKeyEncryptionKey::from_slice(secret)?)
            }
            Family::Wrap(_) | Family::GcmWrap(_) => return Err(KeyFault::Length),
            _ => return Err(KeyFault::Purpose),
        };
        Ok(Self { alg, inner })
    }

    /// `RSA-OAEP*` to an RSA key, `ECDH-ES*` to an EC or X25519 key.
    ///
    /// # Errors
    /// [`KeyFault::Purpose`] when the JWK's `alg`, `use` or `key_ops` forbid it,
    /// [`KeyFault::UnsupportedType`] when its type is not the one of `alg`.
    pub fn public(alg: KeyManagement, jwk: &PublicJwk) -> Result<Self, KeyFault> {
        jwk.metadata.allow(Purpose::Encrypt, alg.name())?;
        let inner = match (&jwk.key, alg.is_rsa(), alg.is_ecdh()) {
            (PublicKey::Rsa(key), true, _) => Inner::Rsa(key.clone()),
            (PublicKey::Ec(key), _, true) => Inner::Agree(AgreementKey::Ec(key.clone())),
            (PublicKey::X25519(key), _, true) => Inner::Agree(AgreementKey::X25519(key.clone())),
            _ => return Err(KeyFault::UnsupportedType),
        };
        Ok(Self { alg, inner })
    }

    /// `HPKE-n` or `HPKE-n-KE` to a public JWK.
    ///
    /// # Errors
    /// [`KeyFault::Purpose`] when the JWK forbids it or `alg` is of another family,
    /// [`KeyFault::PrivateMember`].
    #[cfg(feature = "pq")]
    pub fn hpke(alg: KeyManagement, jwk: &Value) -> Result<Self, KeyFault> {
        let (Family::Hpke(suite) | Family::HpkeKe(suite)) = alg.family() else {
            return Err(KeyFault::Purpose);
        };
        let public = PublicJwk::from_value(jwk)?;
        public.metadata.allow(Purpose::Encrypt, alg.name())?;
        let key = super::hpke::HpkePublic::from_value(suite, alg.name(), jwk)?;
        Ok(Self {
            alg,
            inner: Inner::Hpke(key),
        })
    }

    /// Encapsulated key and ciphertext of `HPKE-n`; `None` for every other algorithm.
    #[cfg(feature = "pq")]
    pub(super) fn seal_integrated(
        &self,
        associated: &[u8],
        plaintext: &[u8],
        random: &mut Random<'_>,
    ) -> Option<Result<super::hpke::Encapsulated, JoseError>> {
        match (&self.inner, self.alg.family()) {
            (Inner::Hpke(key), Family::Hpke(_)) => {
                Some(key.seal(&[], associated, plaintext, random))
            }
            _ => None,
        }
    }

    /// The `alg` that the message will carry.
    #[must_use]
    pub const fn alg(&self) -> KeyManagement {
        self.alg
    }

    /// The content-encryption key of a direct mode; `None` when one must be drawn and delivered.
    /// Agreement writes `epk`, `apu` and `apv` into `header`.
    pub(super) fn direct_key(
        &self,
        spec: &SealSpec<'_>,
        header: &mut Map<String, Value>,
        random: &mut Random<'_>,
    ) -> Result<Option<ContentEncryptionKey>, JoseError> {
        let key = match &self.inner {
            Inner::Direct(key) if key.enc() == spec.enc => {
                ContentEncryptionKey::from_slice(spec.enc, key.expose())?
            }
            Inner::Direct(_) => return Err(KeyFault::Purpose.into()),
            Inner::Agree(public) if self.alg.is_direct() => {
                let bytes = spec.enc.cek_bytes();
                let agreed = agree(public, spec.enc.name(), bytes, spec, header, random)?;
                ContentEncryptionKey::from_slice(spec.enc, &agreed)?
            }
            _ => return Ok(None),
        };
        Ok(Some(key))
    }

    /// `cek` encrypted with RSA-OAEP, for formats that carry such a key without JOSE around it.
    ///
    /// # Errors
    /// [`JoseError::NotSealable`] for a key that is none of RSA, [`JoseError::Random`].
    pub fn encrypt_key(
        &self,
        cek: &ContentEncryptionKey,
        random: &mut Random<'_>,
    ) -> Result<Vec<u8>, JoseError> {
        match &self.inner {
            Inner::Rsa(key) => key.encrypt_oaep(self.alg, cek.expose(), random),
            _ => Err(JoseError::NotSealable),
        }
    }

    /// The encrypted form of `cek`; what the recipient needs besides goes into `header`.
    pub(super) fn deliver(
        &self,
        cek: &ContentEncryptionKey,
        spec: &SealSpec<'_>,
        header: &mut Map<String, Value>,
        random: &mut Random<'_>,
    ) -> Result<Vec<u8>, JoseError> {
        match &self.inner {
            Inner::Wrap(key) => Ok(key.wrap_key(cek)),
            Inner::GcmWrap(key) => {
                let mut iv = [0; 12];
                random(&mut iv)?;
                let (encrypted, tag) = key.wrap_key(cek, &iv)?;
                header.insert("iv".into(), base64url::encode(&iv).into());
                header.insert("tag".into(), base64url::encode(&tag).into());
                Ok(encrypted)
            }
            Inner::Rsa(key) => key.encrypt_oaep(self.alg, cek.expose(), random),
            Inner::Agree(public) => {
                let Family::AgreeWrap(bytes) = self.alg.family() else {
                    return Err(JoseError::NotSealable);
                };
                let agreed = agree(public, self.alg.name(), bytes, spec, header, random)?;
                Ok(KeyEncryptionKey::from_slice(&agreed)?.wrap_key(cek))
            }
            Inner::Direct(_) => Err(JoseError::NotSealable),
            #[cfg(feature = "pq")]
            Inner::Hpke(key) => {
                let info = super::hpke::recipient_info(spec.enc);
                let (ek, encrypted) = key.seal(&info, &[], cek.expose(), random)?;
                header.insert("ek".into(), base64url::encode(&ek).into());
                Ok(encrypted)
            }
        }
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptionKey")
            .field("alg", &self.alg)
            .finish_non_exhaustive()
    }
}

/// Ephemeral-static key agreement (RFC 7518 section 4.6); writes `epk`, `apu` and `apv`.
fn agree(
    public: &AgreementKey,
    algorithm_id: &str,
    bytes: usize,
    spec: &SealSpec<'_>,
    header: &mut Map<String, Value>,
    random: &mut Random<'_>,
) -> Result<zeroize::Zeroizing<Vec<u8>>, JoseError> {
    let ephemeral = AgreementSecret::generate(public.kind(), random)?;
    header.insert("epk".into(), ephemeral.public()?.to_value());
    for (name, info) in [("apu", spec.apu), ("apv", spec.apv)] {
        if let Some(info) = info {
            if info.len() > MAX_PARTY_INFO_BYTES {
                return Err(JoseError::TooLongToSeal);
            }
            header.insert(name.into(), base64url::encode(info).into());
        }
    }
    let z = ephemeral.agree(public)?;
    let apu = spec.apu.unwrap_or_default();
    let apv = spec.apv.unwrap_or_default();
    concat_kdf::derive(&z, algorithm_id, apu, apv, bytes).ok_or(JoseError::TooLongToSeal)
}
