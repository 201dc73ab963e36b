//! Sealing: plaintext in, the body that the other side expects out.

use base64ct::{Base64, Encoding};
use sealgate_jose::JoseError;
use sealgate_jose::jwe::{
    ContentEncryption, ContentEncryptionKey, EncryptionKey, Random, SealSpec, seal_compact,
    seal_flattened,
};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::{Format, Kind, Text};
use crate::fault::SealFault;
use crate::issued;
use crate::key::SealKey;
use crate::preset::{Field, IssuedAt, JweFormat, Name, Shape};
use crate::records::{Records, SALT_BYTES};
use crate::session::{BLOCK_BYTES, Session, seal_cbc};
use crate::{json as text, raw};

/// Size of the records that we make, in bytes.
const RECORD_BYTES: usize = 64 * 1024;

/// What sealing needs beside the plaintext.
#[derive(Clone, Copy, Debug)]
pub struct Sealing<'a> {
    /// The key; `None` where the key of the request seals its answer.
    pub key: Option<&'a SealKey>,
    /// The name under which the recipient knows it; may be empty.
    pub kid: &'a str,
    /// Content type of the plaintext.
    pub content_type: &'a str,
    /// Method of the request.
    pub method: &'a [u8],
    /// Target of the request, as on the wire.
    pub target: &'a [u8],
    /// Status, where a response is sealed.
    pub status: Option<u16>,
    /// Seconds since 1970.
    pub now: i64,
    /// What the request left for its answer.
    pub session: Option<&'a Session>,
}

/// A sealed body and the headers that go with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The body.
    pub body: Vec<u8>,
    /// Its content type.
    pub content_type: String,
    /// Further headers, lower case.
    pub headers: Vec<(&'static str, String)>,
}

impl Sealed {
    fn new(body: Vec<u8>, content_type: &str) -> Self {
        Self {
            body,
            content_type: content_type.to_owned(),
            headers: Vec::new(),
        }
    }
}

impl Format {
    /// Seals `plaintext`.
    ///
    /// # Errors
    /// [`SealFault`]; nothing was made then.
    pub fn seal(
        &self,
        plaintext: &[u8],
        sealing: &Sealing<'_>,
        random: &mut Random<'_>,
    ) -> Result<Sealed, SealFault> {
        match &self.kind {
            Kind::Raw => seal_raw(plaintext, sealing, random),
            Kind::Records(records) => seal_records(*records, plaintext, sealing, random),
            Kind::Jwe(format) => self.seal_jwe(format, plaintext, sealing, random),
            Kind::MastercardField { fields, text } => {
                let body = seal_fields(fields, 1, plaintext, &mut |value, field| {
                    mastercard_object(field.last_name(), *text, value, sealing, random)
                })?;
                Ok(Sealed::new(body, "application/json"))
            }
            Kind::WechatPay(field) => {
                let fields = std::slice::from_ref(field);
                let body = seal_fields(fields, 0, plaintext, &mut |value, _| {
                    wechat_resource(value, sealing, random)
                })?;
                Ok(Sealed::new(body, "application/json"))
            }
            Kind::WhatsappFlows => {
                let session = sealing.session.ok_or(SealFault::Session)?;
                let sealed = Base64::encode_string(&session.seal(plaintext)?);
                Ok(Sealed::new(sealed.into_bytes(), "text/plain"))
            }
        }
    }

    fn seal_jwe(
        &self,
        format: &JweFormat,
        plaintext: &[u8],
        sealing: &Sealing<'_>,
        random: &mut Random<'_>,
    ) -> Result<Sealed, SealFault> {
        if format.signed_inside && sealing.status.is_some() {
            return Err(SealFault::Key);
        }
        let key = sealing.key.and_then(SealKey::jwe).ok_or(SealFault::Key)?;
        let media_type = format.media_types.first().copied().unwrap_or_default();
        let mut token = |plaintext: &[u8], content_type: &str| {
            let extra = self.extra(format, sealing.now, random)?;
            let spec = SealSpec {
                kid: (!sealing.kid.is_empty()).then_some(sealing.kid),
                cty: format.content_type.then_some(content_type),
                extra: Some(&extra),
                ..SealSpec::new(format.enc())
            };
            seal_compact(plaintext, &spec, key, random).map_err(fault)
        };
        let body = match &format.shape {
            Shape::Compact => token(plaintext, sealing.content_type)?.into_bytes(),
            Shape::Juspay => juspay(&token(plaintext, sealing.content_type)?)?,
            Shape::Fields(fields) => seal_fields(fields, 0, plaintext, &mut |value, _| {
                Ok(Value::from(token(value, "application/json")?).to_string())
            })?,
            Shape::Prefixed(_) => return Err(SealFault::NotThere),
            Shape::Json => {
                let extra = self.extra(format, sealing.now, random)?;
                let spec = SealSpec {
                    kid: (!sealing.kid.is_empty()).then_some(sealing.kid),
                    cty: Some(sealing.content_type),
                    extra: Some(&extra),
                    ..SealSpec::new(format.enc())
                };
                seal_flattened(plaintext, None, &spec, key, random)
                    .map_err(fault)?
                    .into_bytes()
            }
        };
        let mut sealed = Sealed::new(body, media_type);
        if let Some((name, value)) = format.mark {
            sealed.headers.push((name, value.to_owned()));
        }
        Ok(sealed)
    }

    /// Members of the sealed header that the format has beside those of JWE.
    fn extra(
        &self,
        format: &JweFormat,
        now: i64,
        random: &mut Random<'_>,
    ) -> Result<Map<String, Value>, SealFault> {
        let mut extra = Map::new();
        if let Some(how) = format.issued_at {
            let issued = issued::write(how, now).ok_or(SealFault::TooLong)?;
            extra.insert("iat".into(), issued);
        }
        if format.issued_at == Some(IssuedAt::Korea) {
            extra.insert("nonce".into(), uuid(random)?.into());
        }
        if self.name == Name::VisaTokenService {
            extra.insert("channelSecurityContext".into(), "SHARED_SECRET".into());
        }
        Ok(extra)
    }
}

impl JweFormat {
    fn enc(&self) -> ContentEncryption {
        self.encs
            .first()
            .copied()
            .unwrap_or(ContentEncryption::A256Gcm)
    }
}

fn seal_raw(
    plaintext: &[u8],
    sealing: &Sealing<'_>,
    random: &mut Random<'_>,
) -> Result<Sealed, SealFault> {
    let key = sealing.key.and_then(SealKey::raw).ok_or(SealFault::Key)?;
    let (method, target, kid) = (sealing.method, sealing.target, sealing.kid.as_bytes());
    let data = match sealing.status {
        Some(status) => raw::response_data(method, target, status, kid),
        None => raw::request_data(method, target, kid),
    };
    let mut sealed = Sealed::new(
        raw::seal(plaintext, key, &data, random)?,
        sealing.content_type,
    );
    sealed.headers = vec![
        ("content-encoding", raw::CODING.to_owned()),
        (raw::KEY_HEADER, sealing.kid.to_owned()),
    ];
    Ok(sealed)
}

fn seal_records(
    records: Records,
    plaintext: &[u8],
    sealing: &Sealing<'_>,
    random: &mut Random<'_>,
) -> Result<Sealed, SealFault> {
    let key = sealing.key.and_then(SealKey::raw).ok_or(SealFault::Key)?;
    let (method, target, kid) = (sealing.method, sealing.target, sealing.kid.as_bytes());
    let data = match sealing.status {
        Some(status) => records.response_data(method, target, status, kid),
        None => records.request_data(method, target, kid),
    };
    let mut salt = [0; SALT_BYTES];
    random(&mut salt).map_err(|_| SealFault::Random)?;
    let body = records.seal(plaintext, key, kid, RECORD_BYTES, salt, &data)?;
    let mut sealed = Sealed::new(body, sealing.content_type);
    sealed.headers = vec![("content-encoding", records.coding().to_owned())];
    Ok(sealed)
}

/// Seals one plain value for its field.
type SealOne<'s> = dyn FnMut(&[u8], &Field) -> Result<String, SealFault> + 's;

/// Seals the plain values of a JSON body. A body that has none of them is not sent as it is.
fn seal_fields(
    fields: &[Field],
    levels_up: usize,
    body: &[u8],
    seal: &mut SealOne<'_>,
) -> Result<Vec<u8>, SealFault> {
    if let [field] = fields
        && field.plain.is_root()
    {
        return Ok(field.wrapped(&seal(body, field)?, levels_up).into_bytes());
    }
    text::check(body).map_err(|_| SealFault::NotThere)?;
    let mut edits = Vec::new();
    for field in fields {
        let found = field.plain_in(body);
        if found.is_empty() && !field.optional {
            return Err(SealFault::NotThere);
        }
        for one in found {
            let value = body.get(one.value).ok_or(SealFault::NotThere)?;
            let sealed = seal(value, field)?;
            edits.push((one.replaced, field.wrapped(&sealed, levels_up).into_bytes()));
        }
    }
    if edits.is_empty() {
        return Err(SealFault::NotThere);
    }
    text::replace(body, edits).map_err(|_| SealFault::NotThere)
}

fn juspay(token: &str) -> Result<Vec<u8>, SealFault> {
    let segments: Vec<&str> = token.split('.').collect();
    let [header, key, iv, payload, tag] = segments.as_slice() else {
        return Err(SealFault::Key);
    };
    let object = json!({
        "header": header, "encryptedKey": key, "iv": iv, "encryptedPayload": payload, "tag": tag,
    });
    Ok(object.to_string().into_bytes())
}

/// Mastercard's object, or for a whole body its members besides the value.
fn mastercard_object(
    value_name: &str,
    form: Text,
    plaintext: &[u8],
    sealing: &Sealing<'_>,
    random: &mut Random<'_>,
) -> Result<String, SealFault> {
    let key = sealing.key.and_then(SealKey::jwe).ok_or(SealFault::Key)?;
    let mut secret = Zeroizing::new([0; BLOCK_BYTES]);
    let mut iv = [0; BLOCK_BYTES];
    random(secret.as_mut_slice()).map_err(|_| SealFault::Random)?;
    random(&mut iv).map_err(|_| SealFault::Random)?;
    let content = seal_cbc(&secret, &iv, plaintext)?;
    let encrypted_key = encrypted_key(key, secret.as_slice(), random)?;
    let mut object = Map::new();
    object.insert("iv".into(), encode(form, &iv).into());
    object.insert("encryptedKey".into(), encode(form, &encrypted_key).into());
    object.insert(value_name.into(), encode(form, &content).into());
    object.insert("oaepHashingAlgorithm".into(), "SHA256".into());
    object.insert("publicKeyFingerprint".into(), sealing.kid.into());
    Ok(Value::Object(object).to_string())
}

fn encrypted_key(
    key: &EncryptionKey,
    secret: &[u8],
    random: &mut Random<'_>,
) -> Result<Vec<u8>, SealFault> {
    let cek = ContentEncryptionKey::from_slice(ContentEncryption::A128Gcm, secret)
        .map_err(|_| SealFault::Key)?;
    key.encrypt_key(&cek, random).map_err(fault)
}

fn wechat_resource(
    plaintext: &[u8],
    sealing: &Sealing<'_>,
    random: &mut Random<'_>,
) -> Result<String, SealFault> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789AB";
    let key = sealing.key.and_then(SealKey::raw).ok_or(SealFault::Key)?;
    let mut nonce = [0; 12];
    random(&mut nonce).map_err(|_| SealFault::Random)?;
    let nonce = nonce.map(|byte| *LETTERS.get(usize::from(byte & 63)).unwrap_or(&b'A'));
    let mut sealed = plaintext.to_vec();
    sealgate_aead::seal_in_place(key, &nonce, b"", &mut sealed).map_err(|_| SealFault::TooLong)?;
    let object = json!({
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": Base64::encode_string(&sealed),
        "associated_data": "",
        "nonce": String::from_utf8_lossy(&nonce),
    });
    Ok(object.to_string())
}

/// Version and variant of a UUID, and their values in version 4.
const UUID_FIXED_BITS: u128 = (0xf << 76) | (0x3 << 62);
const UUID_VERSION_4: u128 = (0x4 << 76) | (0x2 << 62);

/// A random UUID (RFC 9562, version 4).
fn uuid(random: &mut Random<'_>) -> Result<String, SealFault> {
    let mut bytes = [0; 16];
    random(&mut bytes).map_err(|_| SealFault::Random)?;
    let number = (u128::from_be_bytes(bytes) & !UUID_FIXED_BITS) | UUID_VERSION_4;
    let digits = format!("{number:032x}");
    let part = |range| digits.get(range).unwrap_or_default();
    Ok(format!(
        "{}-{}-{}-{}-{}",
        part(0..8),
        part(8..12),
        part(12..16),
        part(16..20),
        part(20..32)
    ))
}

fn encode(form: Text, bytes: &[u8]) -> String {
    match form {
        Text::Hex => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        Text::Base64 => Base64::encode_string(bytes),
    }
}

fn fault(error: JoseError) -> SealFault {
    match error {
        JoseError::Random => SealFault::Random,
        JoseError::TooLongToSeal => SealFault::TooLong,
        _ => SealFault::Key,
    }
}
