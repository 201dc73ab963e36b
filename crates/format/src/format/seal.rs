//! Sealing: plaintext in, the body that the other side expects out.

mod vendors;

use std::borrow::Cow;

use sealgate_jose::JoseError;
use sealgate_jose::jwe::{ContentEncryption, Random, SealSpec, seal_compact, seal_flattened};
use serde_json::{Map, Value};

use super::{Format, Kind};
use crate::fault::SealFault;
use crate::issued;
use crate::key::SealKey;
use crate::preset::{Field, IssuedAt, JweFormat, Name, Shape};
use crate::records::{Records, SALT_BYTES};
use crate::session::Session;
use crate::{json as text, raw};
use vendors::{juspay, mastercard_object, uuid, wechat_resource, whatsapp_flows};

/// `cty` of a JWE around a JWS (RFC 7515 section 9.2.1).
const JWS_INSIDE: &str = "JOSE";
/// Size of the records that we make, in bytes.
const RECORD_BYTES: usize = 64 * 1024;

/// Signs a value for a JWS inside: takes it and its content type, if that is to be written, and gives the
/// compact JWS.
pub type SignInside<'a> = dyn Fn(&[u8], Option<&str>) -> Result<Vec<u8>, SealFault> + 'a;

/// What sealing needs beside the plaintext.
#[derive(Clone, Copy)]
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
    /// `whatsapp-flows`: what the request is sealed with, and its answer too.
    pub session: Option<&'a Session>,
    /// Who signs, where the format has a JWS inside.
    pub sign: Option<&'a SignInside<'a>>,
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
            Kind::WhatsappFlows => whatsapp_flows(plaintext, sealing, random),
        }
    }

    fn seal_jwe(
        &self,
        format: &JweFormat,
        plaintext: &[u8],
        sealing: &Sealing<'_>,
        random: &mut Random<'_>,
    ) -> Result<Sealed, SealFault> {
        let key = sealing.key.and_then(SealKey::jwe).ok_or(SealFault::Key)?;
        let media_type = format.media_types.first().copied().unwrap_or_default();
        let mut token = |plaintext: &[u8], content_type: &str| {
            let (signed, content_type) = inside(format, plaintext, content_type, sealing)?;
            let extra = self.extra(format, sealing.now, random)?;
            let spec = SealSpec {
                kid: (!sealing.kid.is_empty()).then_some(sealing.kid),
                cty: content_type,
                extra: Some(&extra),
                ..SealSpec::new(format.enc())
            };
            seal_compact(&signed, &spec, key, random).map_err(fault)
        };
        let body = match &format.shape {
            Shape::Compact => token(plaintext, sealing.content_type)?.into_bytes(),
            Shape::Juspay => juspay(&token(plaintext, sealing.content_type)?)?,
            Shape::Fields(fields) => seal_fields(fields, 0, plaintext, &mut |value, _| {
                Ok(Value::from(token(value, "application/json")?).to_string())
            })?,
            Shape::Prefixed(_) => return Err(SealFault::NotThere),
            Shape::Json => {
                let (signed, content_type) =
                    inside(format, plaintext, sealing.content_type, sealing)?;
                let extra = self.extra(format, sealing.now, random)?;
                let spec = SealSpec {
                    kid: (!sealing.kid.is_empty()).then_some(sealing.kid),
                    cty: content_type,
                    extra: Some(&extra),
                    ..SealSpec::new(format.enc())
                };
                seal_flattened(&signed, None, &spec, key, random)
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

/// What the JWE holds, and its `cty`: the plaintext, or a JWS around it, which then says what it holds.
fn inside<'p>(
    format: &JweFormat,
    plaintext: &'p [u8],
    content_type: &'p str,
    sealing: &Sealing<'_>,
) -> Result<(Cow<'p, [u8]>, Option<&'p str>), SealFault> {
    let content_type = format.content_type.then_some(content_type);
    if !format.signed_inside {
        return Ok((Cow::Borrowed(plaintext), content_type));
    }
    let sign = sealing.sign.ok_or(SealFault::Signature)?;
    let signed = sign(plaintext, content_type)?;
    Ok((Cow::Owned(signed), content_type.and(Some(JWS_INSIDE))))
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

fn fault(error: JoseError) -> SealFault {
    match error {
        JoseError::Random => SealFault::Random,
        JoseError::TooLongToSeal => SealFault::TooLong,
        _ => SealFault::Key,
    }
}
