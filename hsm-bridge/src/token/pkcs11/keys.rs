//! Finding a key by its label, and reading what is public of it.

use base64ct::{Base64UrlUnpadded, Encoding};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use sha2::{Digest, Sha256};

use super::{Broken, Found};
use crate::jwa;
use crate::token::{FaultClass, KeyFacts, KeyKind, TokenFault};

/// Object identifier 1.2.840.10045.3.1.7 in DER: the curve P-256.
pub(super) const P256_OID: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// The private or secret key with this label. One label must name one key.
pub(super) fn find(session: &Session, label: &str) -> Result<Found, Broken> {
    let mut handles = Vec::new();
    for class in [ObjectClass::PRIVATE_KEY, ObjectClass::SECRET_KEY] {
        handles.extend(find_all(session, class, label)?);
    }
    let handle = match handles.as_slice() {
        [one] => *one,
        [] => return Err(no_key(format!("no key has the label {label:?}"))),
        _ => return Err(no_key(format!("several keys have the label {label:?}"))),
    };
    let facts = read(session, handle, label)?;
    Ok(Found { handle, facts })
}

/// The public half with this label, where the token keeps one.
pub(super) fn find_public(session: &Session, label: &str) -> Result<Option<ObjectHandle>, Broken> {
    Ok(find_all(session, ObjectClass::PUBLIC_KEY, label)?
        .first()
        .copied())
}

pub(super) fn find_all(
    session: &Session,
    class: ObjectClass,
    label: &str,
) -> Result<Vec<ObjectHandle>, Broken> {
    Ok(session.find_objects(&[
        Attribute::Class(class),
        Attribute::Token(true),
        Attribute::Label(label.as_bytes().to_vec()),
    ])?)
}

fn read(session: &Session, handle: ObjectHandle, label: &str) -> Result<KeyFacts, Broken> {
    let mut key_type = None;
    let mut id = Vec::new();
    for attribute in session.get_attributes(handle, &[AttributeType::KeyType, AttributeType::Id])? {
        match attribute {
            Attribute::KeyType(found) => key_type = Some(found),
            Attribute::Id(found) => id = found,
            _ => {}
        }
    }
    let kind = match key_type {
        Some(KeyType::EC) => ec_kind(session, handle, label)?,
        Some(KeyType::RSA) => rsa_kind(session, handle)?,
        Some(KeyType::AES) => KeyKind::Aes {
            bytes: value_len(session, handle)?,
        },
        Some(KeyType::GENERIC_SECRET | KeyType::SHA256_HMAC) => KeyKind::Hmac,
        _ => {
            return Err(no_key(format!(
                "the key {label:?} is of a kind the bridge does not use"
            )));
        }
    };
    let fingerprint = jwa::thumbprint(&kind).unwrap_or_else(|| identity(label, &id));
    Ok(KeyFacts { kind, fingerprint })
}

fn ec_kind(session: &Session, handle: ObjectHandle, label: &str) -> Result<KeyKind, Broken> {
    let params = session.get_attributes(handle, &[AttributeType::EcParams])?;
    if !matches!(params.as_slice(), [Attribute::EcParams(oid)] if oid == P256_OID) {
        return Err(no_key(format!("the key {label:?} is not on P-256")));
    }
    let point = match find_public(session, label)? {
        Some(public) => ec_point(session, public)?,
        None => None,
    };
    Ok(KeyKind::EcP256 { point })
}

/// CKA_EC_POINT is a DER OCTET STRING by the specification; some tokens give the bare point.
fn ec_point(session: &Session, public: ObjectHandle) -> Result<Option<Vec<u8>>, Broken> {
    for attribute in session.get_attributes(public, &[AttributeType::EcPoint])? {
        if let Attribute::EcPoint(der) = attribute {
            return Ok(match der.as_slice() {
                [0x04, 65, point @ ..] if point.len() == 65 => Some(point.to_vec()),
                point if point.len() == 65 => Some(point.to_vec()),
                _ => None,
            });
        }
    }
    Ok(None)
}

fn rsa_kind(session: &Session, handle: ObjectHandle) -> Result<KeyKind, Broken> {
    let (mut modulus, mut exponent) = (Vec::new(), Vec::new());
    let wanted = [AttributeType::Modulus, AttributeType::PublicExponent];
    for attribute in session.get_attributes(handle, &wanted)? {
        match attribute {
            Attribute::Modulus(bytes) => modulus = trimmed(&bytes),
            Attribute::PublicExponent(bytes) => exponent = trimmed(&bytes),
            _ => {}
        }
    }
    if modulus.is_empty() {
        return Err(no_key("an RSA key does not show its modulus".to_owned()));
    }
    Ok(KeyKind::Rsa { modulus, exponent })
}

fn value_len(session: &Session, handle: ObjectHandle) -> Result<usize, Broken> {
    for attribute in session.get_attributes(handle, &[AttributeType::ValueLen])? {
        if let Attribute::ValueLen(bytes) = attribute {
            return Ok(usize::try_from(*bytes).unwrap_or(0));
        }
    }
    Ok(0)
}

fn trimmed(number: &[u8]) -> Vec<u8> {
    number
        .iter()
        .copied()
        .skip_while(|byte| *byte == 0)
        .collect()
}

/// Fingerprint of a key without a public half: over its name and id, never its value.
fn identity(label: &str, id: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"sealgate key identity\n");
    hash.update(label.as_bytes());
    hash.update(b"\n");
    hash.update(id);
    Base64UrlUnpadded::encode_string(&hash.finalize())
}

fn no_key(detail: String) -> Broken {
    TokenFault::new(FaultClass::NoKey, detail).into()
}
