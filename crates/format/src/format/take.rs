//! Finding what is sealed in a body.

use base64ct::{Base64, Encoding};
use sealgate_jose::Limits;
use sealgate_jose::json::{Bounds, object};
use sealgate_jose::jwe::{Header, Json, KeyManagement, Sealed};
use serde_json::{Map, Value};

use super::{Format, Kind, Text};
use crate::fault::OpenFault;
use crate::json;
use crate::open::{Expected, Part, SharedSealed, Taken};
use crate::place::Place;
use crate::preset::{Field, JweFormat, Shape};
use crate::session::{BLOCK_BYTES, Cipher, SessionSealed};

/// Most sealed parts of one body: each may cost a call to the key service.
const MAX_PARTS: usize = 32;

/// A message as it arrived, without its body.
#[derive(Clone, Copy)]
pub struct Head<'a> {
    /// The value of a header that may occur once, by its lower-case name.
    pub header: &'a dyn Fn(&str) -> Option<&'a [u8]>,
}

impl Format {
    /// Finds the sealed parts of `body`. Raw bodies are not taken apart here (see [`crate::raw`]).
    ///
    /// `is_ours` chooses among several recipients of a JWE.
    ///
    /// # Errors
    /// [`OpenFault::Format`] for a body that is not in this format, [`OpenFault::Malformed`] for
    /// one that claims to be.
    pub fn take(
        &self,
        head: &Head<'_>,
        body: &[u8],
        is_ours: &mut dyn FnMut(&Header) -> bool,
    ) -> Result<Taken, OpenFault> {
        match &self.kind {
            Kind::Raw | Kind::Records(_) => return Err(OpenFault::Format),
            Kind::Jwe(format) => {
                head.demand(format.media_types)?;
                if let Some((name, value)) = format.mark {
                    let found = (head.header)(name).ok_or(OpenFault::Format)?;
                    if !found.eq_ignore_ascii_case(value.as_bytes()) {
                        return Err(OpenFault::Format);
                    }
                }
            }
            _ => head.demand(&["application/json"])?,
        }
        self.take_body(body, is_ours)
    }

    /// As [`Format::take`], for a body that came without its head.
    ///
    /// # Errors
    /// As [`Format::take`].
    pub fn take_body(
        &self,
        body: &[u8],
        is_ours: &mut dyn FnMut(&Header) -> bool,
    ) -> Result<Taken, OpenFault> {
        let (parts, place) = match &self.kind {
            Kind::Raw | Kind::Records(_) => return Err(OpenFault::Format),
            Kind::Jwe(format) => jwe(format, body, is_ours)?,
            Kind::MastercardField { fields, text } => mastercard_field(fields, *text, body)?,
            Kind::WechatPay(field) => wechat_pay(field, body)?,
            Kind::WhatsappFlows => (vec![whatsapp_flows(body)?], Place::Whole),
        };
        if parts.is_empty() {
            return Err(OpenFault::Format);
        }
        if parts.len() > MAX_PARTS {
            return Err(OpenFault::Malformed);
        }
        let format = self.jwe();
        let expected = Expected {
            issued_at: format
                .and_then(|format| format.issued_at)
                .zip(self.tolerance_seconds),
            signed_inside: format.is_some_and(|format| format.signed_inside),
        };
        Ok(Taken::new(expected, parts, place))
    }
}

impl Head<'_> {
    /// The media type is one of these, and no content coding hides the format.
    fn demand(&self, media_types: &[&str]) -> Result<(), OpenFault> {
        let content_type = (self.header)("content-type").unwrap_or_default();
        let media_type = content_type.split(|byte| *byte == b';').next();
        let media_type = media_type.unwrap_or_default().trim_ascii();
        let coding = (self.header)("content-encoding").unwrap_or(b"identity");
        let fits = media_types
            .iter()
            .any(|one| media_type.eq_ignore_ascii_case(one.as_bytes()))
            && coding.eq_ignore_ascii_case(b"identity");
        match fits {
            true => Ok(()),
            false => Err(OpenFault::Format),
        }
    }
}

type Parts = (Vec<Part>, Place);

fn jwe(
    format: &JweFormat,
    body: &[u8],
    is_ours: &mut dyn FnMut(&Header) -> bool,
) -> Result<Parts, OpenFault> {
    match &format.shape {
        Shape::Compact => {
            let part = compact(format, body.trim_ascii_end())?;
            Ok((vec![part], Place::Whole))
        }
        Shape::Json => {
            let message = Json::parse(body, &Limits::body(body.len()));
            let message = message.map_err(|_| OpenFault::Malformed)?;
            let sealed = message.choose(is_ours).map_err(|_| OpenFault::NotOpened)?;
            Ok((vec![allowed(format, sealed)?], Place::Whole))
        }
        Shape::Juspay => {
            let part = compact(format, juspay(body)?.as_bytes())?;
            Ok((vec![part], Place::Whole))
        }
        Shape::Fields(fields) => sealed_fields(fields, body, |value| {
            let text: String = serde_json::from_slice(value).map_err(|_| OpenFault::Malformed)?;
            compact(format, text.as_bytes())
        }),
        Shape::Prefixed(prefix) => prefixed(format, prefix, body),
    }
}

fn compact(format: &JweFormat, token: &[u8]) -> Result<Part, OpenFault> {
    let limits = Limits::body(token.len());
    let sealed = Sealed::compact_as(format.profile, token, &limits);
    allowed(
        format,
        sealed.map_err(|_| OpenFault::Malformed)?.into_owned(),
    )
}

/// What the header asks for is what the format has.
fn allowed(format: &JweFormat, sealed: Sealed<'static>) -> Result<Part, OpenFault> {
    let (alg, enc) = (sealed.header().alg, sealed.header().enc);
    let fits = (format.algs.is_empty() || format.algs.contains(&alg))
        && (format.encs.is_empty() || format.encs.contains(&enc));
    match fits {
        true => Ok(Part::Jwe(Box::new(sealed))),
        false => Err(OpenFault::NotOpened),
    }
}

/// Juspay's object as the compact token that it is.
fn juspay(body: &[u8]) -> Result<String, OpenFault> {
    let members = members(body)?;
    let names = ["header", "encryptedKey", "iv", "encryptedPayload", "tag"];
    if members.len() != names.len() {
        return Err(OpenFault::Format);
    }
    let segments: Result<Vec<&str>, OpenFault> =
        names.iter().map(|name| text(&members, name)).collect();
    Ok(segments?.join("."))
}

fn sealed_fields(
    fields: &[Field],
    body: &[u8],
    mut part: impl FnMut(&[u8]) -> Result<Part, OpenFault>,
) -> Result<Parts, OpenFault> {
    json::check(body).map_err(|_| OpenFault::Malformed)?;
    let mut parts = Vec::new();
    let mut places = Vec::new();
    for field in fields {
        let found = field.sealed_in(body)?;
        if found.is_empty() && !field.optional {
            return Err(OpenFault::Format);
        }
        for one in found {
            parts.push(part(body.get(one.value).ok_or(OpenFault::Malformed)?)?);
            places.push((one.replaced, one.before));
        }
    }
    let of_whole = fields.iter().any(|field| field.plain.is_root());
    match of_whole {
        true => Ok((parts, Place::Whole)),
        false => Ok((parts, Place::Members(places))),
    }
}

/// Visa Token Service: `encPaymentInstrument` is the sealed form of `paymentInstrument`.
fn prefixed(format: &JweFormat, prefix: &str, body: &[u8]) -> Result<Parts, OpenFault> {
    json::check(body).map_err(|_| OpenFault::Malformed)?;
    let mut parts = Vec::new();
    let mut places = Vec::new();
    let mut fault = None;
    json::all_members(body, &mut |member| {
        let Some(name) = unprefixed(&member.name, prefix) else {
            return;
        };
        let value = body.get(member.value.clone()).unwrap_or_default();
        let Ok(token) = serde_json::from_slice::<String>(value) else {
            return;
        };
        match compact(format, token.as_bytes()) {
            Ok(part) => {
                parts.push(part);
                places.push((member.whole.clone(), format!("{}:", Value::from(name))));
            }
            Err(error) => fault = Some(error),
        }
    });
    match fault {
        Some(fault) => Err(fault),
        None => Ok((parts, Place::Members(places))),
    }
}

/// The name behind the prefix, in the case of the plain member.
fn unprefixed(name: &str, prefix: &str) -> Option<String> {
    let rest = name.strip_prefix(prefix)?;
    let first = rest.chars().next().filter(char::is_ascii_uppercase)?;
    let tail = rest.get(1..)?;
    Some(format!("{}{tail}", first.to_ascii_lowercase()))
}

/// Members of Mastercard's object that say with what it was made; none changes how it is opened.
const KEY_FINGERPRINTS: [&str; 2] = ["encryptionKeyFingerprint", "publicKeyFingerprint"];
const CERTIFICATE_FINGERPRINTS: [&str; 2] = [
    "encryptionCertificateFingerprint",
    "encryptionCertificateHash",
];
const OAEP_HASHES: [&str; 2] = ["oaepHashingAlgorithm", "oaepPaddingDigestAlgorithm"];

fn mastercard_field(fields: &[Field], text_form: Text, body: &[u8]) -> Result<Parts, OpenFault> {
    json::check(body).map_err(|_| OpenFault::Malformed)?;
    let mut parts = Vec::new();
    let mut places = Vec::new();
    for field in fields {
        let found = field.carriers_in(body)?;
        if found.is_empty() && !field.optional {
            return Err(OpenFault::Format);
        }
        for one in found {
            let object = body.get(one.value).ok_or(OpenFault::Malformed)?;
            parts.push(mastercard_object(field.last_name(), text_form, object)?);
            places.push((one.replaced, one.before));
        }
    }
    let of_whole = fields.iter().any(|field| field.plain.is_root());
    match of_whole {
        true => Ok((parts, Place::Whole)),
        false => Ok((parts, Place::Members(places))),
    }
}

fn mastercard_object(value_name: &str, form: Text, object: &[u8]) -> Result<Part, OpenFault> {
    let members = members(object)?;
    let known = |name: &str| {
        ["iv", "encryptedKey", value_name].contains(&name)
            || KEY_FINGERPRINTS.contains(&name)
            || CERTIFICATE_FINGERPRINTS.contains(&name)
            || OAEP_HASHES.contains(&name)
    };
    if !members.keys().all(|name| known(name)) {
        return Err(OpenFault::Format);
    }
    for name in OAEP_HASHES {
        if members.contains_key(name) && !matches!(text(&members, name)?, "SHA256" | "SHA-256") {
            return Err(OpenFault::NotOpened);
        }
    }
    let bytes = |name: &str| decode(form, text(&members, name)?).ok_or(OpenFault::Malformed);
    let kid = KEY_FINGERPRINTS
        .iter()
        .find_map(|name| members.get(*name))
        .and_then(Value::as_str);
    Ok(Part::Session(Box::new(SessionSealed {
        kid: kid.map(str::to_owned),
        alg: KeyManagement::RsaOaep256,
        encrypted_key: bytes("encryptedKey")?,
        iv: bytes("iv")?.try_into().map_err(|_| OpenFault::Malformed)?,
        content: bytes(value_name)?,
        cipher: Cipher::Cbc,
    })))
}

/// Members of WeChat Pay's `resource`.
const RESOURCE: [&str; 5] = [
    "algorithm",
    "associated_data",
    "ciphertext",
    "nonce",
    "original_type",
];

/// WeChat Pay API v3: `resource` holds algorithm, ciphertext, nonce and associated data.
fn wechat_pay(field: &Field, body: &[u8]) -> Result<Parts, OpenFault> {
    sealed_fields(std::slice::from_ref(field), body, |object| {
        let members = members(object)?;
        if !members.keys().all(|name| RESOURCE.contains(&name.as_str())) {
            return Err(OpenFault::Format);
        }
        if text(&members, "algorithm")? != "AEAD_AES_256_GCM" {
            return Err(OpenFault::NotOpened);
        }
        let associated_data = match members.get("associated_data") {
            None | Some(Value::Null) => "",
            Some(_) => text(&members, "associated_data")?,
        };
        let nonce = text(&members, "nonce")?.as_bytes();
        Ok(Part::Shared(Box::new(SharedSealed {
            nonce: nonce.try_into().map_err(|_| OpenFault::Malformed)?,
            associated_data: associated_data.as_bytes().to_vec(),
            sealed: decode(Text::Base64, text(&members, "ciphertext")?)
                .ok_or(OpenFault::Malformed)?,
        })))
    })
}

/// WhatsApp Flows: everything in base64, the tag behind the ciphertext.
fn whatsapp_flows(body: &[u8]) -> Result<Part, OpenFault> {
    let members = members(body)?;
    if members.len() != 3 {
        return Err(OpenFault::Format);
    }
    let bytes =
        |name: &str| decode(Text::Base64, text(&members, name)?).ok_or(OpenFault::Malformed);
    let iv: [u8; BLOCK_BYTES] = bytes("initial_vector")?
        .try_into()
        .map_err(|_| OpenFault::Malformed)?;
    Ok(Part::Session(Box::new(SessionSealed {
        kid: None,
        alg: KeyManagement::RsaOaep256,
        encrypted_key: bytes("encrypted_aes_key")?,
        iv,
        content: bytes("encrypted_flow_data")?,
        cipher: Cipher::Gcm,
    })))
}

fn members(text: &[u8]) -> Result<Map<String, Value>, OpenFault> {
    let bounds = Bounds {
        max_bytes: text.len(),
        max_depth: 8,
    };
    object(text, bounds).map_err(|_| OpenFault::Malformed)
}

fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Result<&'a str, OpenFault> {
    members
        .get(name)
        .and_then(Value::as_str)
        .ok_or(OpenFault::Format)
}

fn decode(form: Text, text: &str) -> Option<Vec<u8>> {
    match form {
        Text::Base64 => Base64::decode_vec(text).ok(),
        Text::Hex => {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
                [high, low] => u8::try_from(digit(*high)?.wrapping_mul(16) | digit(*low)?).ok(),
                _ => None,
            });
            pairs.collect()
        }
    }
}
