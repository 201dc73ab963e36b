//! Making compact tokens (RFC 7516 section 5.1). The caller supplies the randomness.

use core::fmt;

use p256::elliptic_curve::sec1::ToSec1Point;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::{ContentEncryption, ContentEncryptionKey, KeyEncryptionKey, KeyManagement};
use crate::jwk::EcPublicJwk;
use crate::limits::MAX_PARTY_INFO_BYTES;
use crate::{JoseError, KeyFault, RandomError, base64url, concat_kdf};

#[cfg(feature = "rsa-seal")]
use crate::jwk::RsaPublicJwk;

/// Fills the slice with unpredictable bytes, or fails.
pub type Random<'r> = dyn FnMut(&mut [u8]) -> Result<(), RandomError> + 'r;

/// What goes into the protected header besides `alg` and `epk`.
#[derive(Clone, Copy, Debug)]
pub struct SealSpec<'a> {
    /// Content encryption.
    pub enc: ContentEncryption,
    /// `kid`.
    pub kid: Option<&'a str>,
    /// `typ`.
    pub typ: Option<&'a str>,
    /// `cty`.
    pub cty: Option<&'a str>,
    /// `apu`, decoded, at most 512 bytes; ECDH-ES only.
    pub apu: Option<&'a [u8]>,
    /// `apv`, decoded, at most 512 bytes; ECDH-ES only.
    pub apv: Option<&'a [u8]>,
}

impl SealSpec<'_> {
    /// Only `enc`, nothing optional.
    #[must_use]
    pub const fn new(enc: ContentEncryption) -> Self {
        Self {
            enc,
            kid: None,
            typ: None,
            cty: None,
            apu: None,
            apv: None,
        }
    }
}

/// Whom the token is for; decides `alg`.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Recipient<'a> {
    /// `dir` with a shared content-encryption key.
    Dir(&'a ContentEncryptionKey),
    /// `A256KW` with a shared wrapping key.
    A256Kw(&'a KeyEncryptionKey),
    /// `ECDH-ES` to a public key.
    EcdhEs(&'a EcPublicJwk),
    /// `ECDH-ES+A256KW` to a public key.
    EcdhEsA256Kw(&'a EcPublicJwk),
    /// `RSA-OAEP-256` to a public key.
    #[cfg(feature = "rsa-seal")]
    RsaOaep256(&'a RsaPublicJwk),
}

impl Recipient<'_> {
    /// The `alg` that the token will carry.
    #[must_use]
    pub const fn alg(&self) -> KeyManagement {
        match self {
            Self::Dir(_) => KeyManagement::Dir,
            Self::A256Kw(_) => KeyManagement::A256Kw,
            Self::EcdhEs(_) => KeyManagement::EcdhEs,
            Self::EcdhEsA256Kw(_) => KeyManagement::EcdhEsA256Kw,
            #[cfg(feature = "rsa-seal")]
            Self::RsaOaep256(_) => KeyManagement::RsaOaep256,
        }
    }
}

impl fmt::Debug for Recipient<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipient")
            .field("alg", &self.alg())
            .finish_non_exhaustive()
    }
}

/// Seals `plaintext` into a compact token.
///
/// Draws a 96-bit IV and, where `alg` needs them, a content-encryption key and an ephemeral key
/// from `random`; a `dir` key must therefore not seal more than 2^32 tokens (SP 800-38D 8.3).
///
/// # Errors
/// [`JoseError::Random`] when `random` fails, [`JoseError::TooLongToSeal`] for a plaintext or
/// party info beyond its bound, [`JoseError::Key`] when the recipient's key does not fit `enc`.
pub fn seal_compact(
    plaintext: &[u8],
    spec: &SealSpec<'_>,
    recipient: &Recipient<'_>,
    random: &mut Random<'_>,
) -> Result<String, JoseError> {
    let mut header = header_members(spec, recipient.alg());
    let delivery = Delivery::prepare(spec, recipient, &mut header, random)?;
    let mut iv = [0; 12];
    random(&mut iv)?;

    let header_segment = base64url::encode(Value::Object(header).to_string().as_bytes());
    let mut buffer = plaintext.to_vec();
    sealgate_aead::seal_in_place(
        delivery.cek.expose(),
        &iv,
        header_segment.as_bytes(),
        &mut buffer,
    )
    .map_err(|_| JoseError::TooLongToSeal)?;
    let (ciphertext, tag) = buffer
        .split_last_chunk::<16>()
        .ok_or(JoseError::TooLongToSeal)?;
    Ok([
        header_segment,
        base64url::encode(&delivery.encrypted_key),
        base64url::encode(&iv),
        base64url::encode(ciphertext),
        base64url::encode(tag),
    ]
    .join("."))
}

fn header_members(spec: &SealSpec<'_>, alg: KeyManagement) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("alg".into(), alg.name().into());
    members.insert("enc".into(), spec.enc.name().into());
    for (name, value) in [("kid", spec.kid), ("typ", spec.typ), ("cty", spec.cty)] {
        if let Some(value) = value {
            members.insert(name.into(), value.into());
        }
    }
    members
}

/// The content-encryption key and the form in which the recipient gets it.
struct Delivery {
    cek: ContentEncryptionKey,
    encrypted_key: Vec<u8>,
}

impl Delivery {
    fn prepare(
        spec: &SealSpec<'_>,
        recipient: &Recipient<'_>,
        header: &mut Map<String, Value>,
        random: &mut Random<'_>,
    ) -> Result<Self, JoseError> {
        match recipient {
            Recipient::Dir(key) => {
                if key.enc() != spec.enc {
                    return Err(KeyFault::Purpose.into());
                }
                let cek = ContentEncryptionKey::from_slice(spec.enc, key.expose())?;
                Ok(Self {
                    cek,
                    encrypted_key: Vec::new(),
                })
            }
            Recipient::A256Kw(key) => Self::wrapped(spec.enc, key, random),
            Recipient::EcdhEs(public) => {
                let agreed = agree(public, spec.enc.name(), spec, header, random)?;
                let cek = ContentEncryptionKey::from_slice(spec.enc, agreed.as_slice())?;
                Ok(Self {
                    cek,
                    encrypted_key: Vec::new(),
                })
            }
            Recipient::EcdhEsA256Kw(public) => {
                let alg = KeyManagement::EcdhEsA256Kw.name();
                let agreed = agree(public, alg, spec, header, random)?;
                let key = KeyEncryptionKey::from_slice(agreed.as_slice())?;
                Self::wrapped(spec.enc, &key, random)
            }
            #[cfg(feature = "rsa-seal")]
            Recipient::RsaOaep256(public) => {
                let cek = ContentEncryptionKey::generate(spec.enc, random)?;
                let encrypted_key = public.encrypt_oaep_256(cek.expose(), random)?;
                Ok(Self { cek, encrypted_key })
            }
        }
    }

    fn wrapped(
        enc: ContentEncryption,
        key: &KeyEncryptionKey,
        random: &mut Random<'_>,
    ) -> Result<Self, JoseError> {
        let cek = ContentEncryptionKey::generate(enc, random)?;
        let encrypted_key = key.wrap_key(&cek)?.to_vec();
        Ok(Self { cek, encrypted_key })
    }
}

/// Ephemeral-static key agreement (RFC 7518 section 4.6); writes `epk`, `apu` and `apv`.
fn agree(
    public: &EcPublicJwk,
    algorithm_id: &str,
    spec: &SealSpec<'_>,
    header: &mut Map<String, Value>,
    random: &mut Random<'_>,
) -> Result<Zeroizing<[u8; 32]>, JoseError> {
    let ephemeral = ephemeral_secret(random)?;
    let point = ephemeral.public_key().to_sec1_point(false);
    let (Some(x), Some(y)) = (point.x(), point.y()) else {
        return Err(KeyFault::InvalidPoint.into());
    };
    let epk = json!({
        "kty": "EC", "crv": "P-256", "x": base64url::encode(x), "y": base64url::encode(y),
    });
    header.insert("epk".into(), epk);
    for (name, info) in [("apu", spec.apu), ("apv", spec.apv)] {
        if let Some(info) = info {
            if info.len() > MAX_PARTY_INFO_BYTES {
                return Err(JoseError::TooLongToSeal);
            }
            header.insert(name.into(), base64url::encode(info).into());
        }
    }
    let shared = ephemeral.diffie_hellman(&public.to_public_key()?);
    concat_kdf::derive_256(
        shared.raw_secret_bytes(),
        algorithm_id,
        spec.apu.unwrap_or_default(),
        spec.apv.unwrap_or_default(),
    )
    .ok_or(JoseError::TooLongToSeal)
}

/// A uniform scalar by rejection; each draw is out of range with probability below 2^-32, so
/// running out of tries means a broken source.
fn ephemeral_secret(random: &mut Random<'_>) -> Result<p256::SecretKey, RandomError> {
    for _ in 0..8 {
        let mut bytes = Zeroizing::new([0; 32]);
        random(bytes.as_mut_slice())?;
        if let Ok(secret) = p256::SecretKey::from_slice(bytes.as_slice()) {
            return Ok(secret);
        }
    }
    Err(RandomError)
}
