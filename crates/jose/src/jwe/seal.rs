//! Making messages (RFC 7516 section 5.1) in all three serializations. The caller supplies the
//! randomness.

use serde_json::{Map, Value, json};

use super::sealed::associated_data;
use super::{ContentEncryption, ContentEncryptionKey, EncryptionKey, content};
use crate::{JoseError, RandomError, base64url, members};

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
    /// More members, such as `iat`; none that this crate gives a meaning.
    pub extra: Option<&'a Map<String, Value>>,
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
            extra: None,
        }
    }
}

/// One of several recipients of a message.
#[derive(Clone, Copy, Debug)]
pub struct GeneralRecipient<'a> {
    /// Whom it is for.
    pub key: &'a EncryptionKey,
    /// `kid` of this recipient's unprotected header.
    pub kid: Option<&'a str>,
}

/// Seals `plaintext` into a compact token.
///
/// Draws the IV and, where `alg` needs them, a content-encryption key and an ephemeral key from
/// `random`; a `dir` key must therefore not seal more than 2^32 tokens (SP 800-38D section 8.3).
///
/// # Errors
/// [`JoseError::Random`] when `random` fails, [`JoseError::TooLongToSeal`] for a plaintext or
/// party info beyond its bound, [`JoseError::Key`] when the recipient's key does not fit `enc`,
/// [`JoseError::NotSealable`] for members in [`SealSpec::extra`] that are not its to set.
pub fn seal_compact(
    plaintext: &[u8],
    spec: &SealSpec<'_>,
    key: &EncryptionKey,
    random: &mut Random<'_>,
) -> Result<String, JoseError> {
    let parts = Parts::for_one(plaintext, spec, key, None, random)?;
    Ok([
        parts.protected,
        parts.encrypted_key,
        parts.iv,
        parts.ciphertext,
        parts.tag,
    ]
    .join("."))
}

/// Seals `plaintext` into the flattened JSON serialization; the whole header is protected, and
/// `aad` is authenticated and travels in the clear.
///
/// # Errors
/// As [`seal_compact`].
pub fn seal_flattened(
    plaintext: &[u8],
    aad: Option<&[u8]>,
    spec: &SealSpec<'_>,
    key: &EncryptionKey,
    random: &mut Random<'_>,
) -> Result<String, JoseError> {
    let parts = Parts::for_one(plaintext, spec, key, aad, random)?;
    let mut message = parts.shared_members(aad);
    if !parts.encrypted_key.is_empty() {
        message.insert("encrypted_key".into(), parts.encrypted_key.into());
    }
    Ok(Value::Object(message).to_string())
}

/// Seals `plaintext` into the general JSON serialization, for one or several recipients.
///
/// For several, `alg`, `kid` and what belongs to a recipient's key stand in the recipient's own
/// header, which is not protected; [`SealSpec::kid`] is then ignored.
///
/// # Errors
/// As [`seal_compact`]; [`JoseError::NotSealable`] without a recipient, and for several of which
/// one has `dir` or `ECDH-ES`.
pub fn seal_general(
    plaintext: &[u8],
    aad: Option<&[u8]>,
    spec: &SealSpec<'_>,
    recipients: &[GeneralRecipient<'_>],
    random: &mut Random<'_>,
) -> Result<String, JoseError> {
    if let [only] = recipients {
        let spec = SealSpec {
            kid: only.kid.or(spec.kid),
            ..*spec
        };
        let parts = Parts::for_one(plaintext, &spec, only.key, aad, random)?;
        let mut message = parts.shared_members(aad);
        let recipient = match parts.encrypted_key.is_empty() {
            true => json!({}),
            false => json!({ "encrypted_key": parts.encrypted_key }),
        };
        message.insert("recipients".into(), json!([recipient]));
        return Ok(Value::Object(message).to_string());
    }
    if recipients.is_empty() || recipients.iter().any(|one| one.key.alg().is_direct()) {
        return Err(JoseError::NotSealable);
    }
    let cek = ContentEncryptionKey::generate(spec.enc, random)?;
    let mut entries = Vec::with_capacity(recipients.len());
    for recipient in recipients {
        let mut header = Map::new();
        header.insert("alg".into(), recipient.key.alg().name().into());
        if let Some(kid) = recipient.kid {
            header.insert("kid".into(), kid.into());
        }
        let encrypted_key = recipient.key.deliver(&cek, spec, &mut header, random)?;
        entries.push(json!({
            "header": header, "encrypted_key": base64url::encode(&encrypted_key),
        }));
    }
    let header = header_members(&SealSpec { kid: None, ..*spec })?;
    let parts = Parts::encrypt(plaintext, header, &cek, Vec::new(), aad, random)?;
    let mut message = parts.shared_members(aad);
    message.insert("recipients".into(), Value::Array(entries));
    Ok(Value::Object(message).to_string())
}

/// The encoded parts of a message.
struct Parts {
    protected: String,
    encrypted_key: String,
    iv: String,
    ciphertext: String,
    tag: String,
}

impl Parts {
    fn for_one(
        plaintext: &[u8],
        spec: &SealSpec<'_>,
        key: &EncryptionKey,
        aad: Option<&[u8]>,
        random: &mut Random<'_>,
    ) -> Result<Self, JoseError> {
        let mut header = header_members(spec)?;
        header.insert("alg".into(), key.alg().name().into());
        #[cfg(feature = "pq")]
        if matches!(key.alg(), super::KeyManagement::Hpke(_)) {
            return Self::integrated(plaintext, header, key, aad, random);
        }
        let (cek, encrypted_key) = match key.direct_key(spec, &mut header, random)? {
            Some(cek) => (cek, Vec::new()),
            None => {
                let cek = ContentEncryptionKey::generate(spec.enc, random)?;
                let encrypted_key = key.deliver(&cek, spec, &mut header, random)?;
                (cek, encrypted_key)
            }
        };
        Self::encrypt(plaintext, header, &cek, encrypted_key, aad, random)
    }

    /// `HPKE-n`: neither `enc` nor IV nor tag; the encrypted key is the encapsulated one.
    #[cfg(feature = "pq")]
    fn integrated(
        plaintext: &[u8],
        mut header: Map<String, Value>,
        key: &EncryptionKey,
        aad: Option<&[u8]>,
        random: &mut Random<'_>,
    ) -> Result<Self, JoseError> {
        header.remove("enc");
        let protected = base64url::encode(Value::Object(header).to_string().as_bytes());
        let associated = associated_data(&protected, aad);
        let (encapsulated, ciphertext) = key
            .seal_integrated(&associated, plaintext, random)
            .ok_or(JoseError::NotSealable)??;
        Ok(Self {
            protected,
            encrypted_key: base64url::encode(&encapsulated),
            iv: String::new(),
            ciphertext: base64url::encode(&ciphertext),
            tag: String::new(),
        })
    }

    fn encrypt(
        plaintext: &[u8],
        header: Map<String, Value>,
        cek: &ContentEncryptionKey,
        encrypted_key: Vec<u8>,
        aad: Option<&[u8]>,
        random: &mut Random<'_>,
    ) -> Result<Self, JoseError> {
        let mut iv = vec![0; cek.enc().iv_bytes()];
        random(&mut iv)?;
        let protected = base64url::encode(Value::Object(header).to_string().as_bytes());
        let associated = associated_data(&protected, aad);
        let mut buffer = plaintext.to_vec();
        let tag = content::seal(cek, &iv, &associated, &mut buffer)?;
        Ok(Self {
            protected,
            encrypted_key: base64url::encode(&encrypted_key),
            iv: base64url::encode(&iv),
            ciphertext: base64url::encode(&buffer),
            tag: base64url::encode(&tag),
        })
    }

    /// The members of the JSON serialization that do not concern one recipient.
    fn shared_members(&self, aad: Option<&[u8]>) -> Map<String, Value> {
        let mut members = Map::new();
        for (name, value) in [
            ("protected", &self.protected),
            ("iv", &self.iv),
            ("ciphertext", &self.ciphertext),
            ("tag", &self.tag),
        ] {
            if !value.is_empty() || name == "ciphertext" {
                members.insert(name.into(), value.clone().into());
            }
        }
        if let Some(aad) = aad {
            members.insert("aad".into(), base64url::encode(aad).into());
        }
        members
    }
}

/// The protected members that do not depend on the recipient's key.
fn header_members(spec: &SealSpec<'_>) -> Result<Map<String, Value>, JoseError> {
    const OURS: [&str; 11] = [
        "alg", "enc", "kid", "typ", "cty", "apu", "apv", "epk", "iv", "tag", "ek",
    ];
    let mut header = spec.extra.cloned().unwrap_or_default();
    let taken = OURS.iter().any(|name| header.contains_key(*name));
    if taken || members::refuse_extensions(&header).is_err() {
        return Err(JoseError::NotSealable);
    }
    header.insert("enc".into(), spec.enc.name().into());
    for (name, value) in [("kid", spec.kid), ("typ", spec.typ), ("cty", spec.cty)] {
        if let Some(value) = value {
            header.insert(name.into(), value.into());
        }
    }
    Ok(header)
}
