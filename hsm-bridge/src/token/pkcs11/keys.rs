//! Finding a key by its label, and reading what is public of it.

use base64ct::{Base64UrlUnpadded, Encoding};
use cryptoki::object::{
    Attribute, AttributeType, KeyType, MlDsaParameterSetType, MlKemParameterSetType, ObjectClass,
    ObjectHandle, ParameterSetType,
};
use cryptoki::session::Session;
use sha2::{Digest, Sha256};

use super::{Broken, Found, curves};
use crate::jwa;
use crate::token::{Curve, FaultClass, KeyFacts, KeyKind, TokenFault};

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
    let public = find_public(session, label)?;
    let facts = read(session, handle, public, label)?;
    Ok(Found {
        handle,
        public,
        facts,
    })
}

/// The public half with this label, where the token keeps one.
fn find_public(session: &Session, label: &str) -> Result<Option<ObjectHandle>, Broken> {
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

fn read(
    session: &Session,
    handle: ObjectHandle,
    public: Option<ObjectHandle>,
    label: &str,
) -> Result<KeyFacts, Broken> {
    let mut key_type = None;
    let mut id = Vec::new();
    for attribute in session.get_attributes(handle, &[AttributeType::KeyType, AttributeType::Id])? {
        match attribute {
            Attribute::KeyType(found) => key_type = Some(found),
            Attribute::Id(found) => id = found,
            _ => {}
        }
    }
    let unused = || {
        no_key(format!(
            "the key {label:?} is of a kind the bridge does not use"
        ))
    };
    let kind = match key_type {
        Some(KeyType::EC | KeyType::EC_EDWARDS | KeyType::EC_MONTGOMERY) => {
            let params = session.get_attributes(handle, &[AttributeType::EcParams])?;
            let curve = match params.as_slice() {
                [Attribute::EcParams(der)] => curves::of(der).ok_or_else(unused)?,
                _ => return Err(unused()),
            };
            KeyKind::Ec {
                curve,
                point: public.map_or(Ok(None), |public| ec_point(session, public, curve))?,
            }
        }
        Some(KeyType::RSA) => rsa_kind(session, handle)?,
        Some(KeyType::ML_KEM) if is_set(session, handle, MlKemParameterSetType::ML_KEM_768)? => {
            KeyKind::MlKem768 {
                public: public.map_or(Ok(None), |public| value(session, public).map(Some))?,
            }
        }
        Some(KeyType::ML_DSA) if is_set(session, handle, MlDsaParameterSetType::ML_DSA_65)? => {
            KeyKind::MlDsa65 {
                public: public.map_or(Ok(None), |public| value(session, public).map(Some))?,
            }
        }
        Some(KeyType::AES) => KeyKind::Aes {
            bytes: value_len(session, handle)?,
        },
        // cryptoki 0.12 reads the types of longer HMAC keys as this one.
        Some(KeyType::GENERIC_SECRET | KeyType::SHA256_HMAC) => KeyKind::Hmac {
            bytes: value_len(session, handle)?,
        },
        _ => return Err(unused()),
    };
    let fingerprint = jwa::thumbprint(&kind).unwrap_or_else(|| identity(label, &id));
    Ok(KeyFacts { kind, fingerprint })
}

/// CKA_EC_POINT is a DER OCTET STRING by the specification; some tokens give the bare point.
fn ec_point(
    session: &Session,
    public: ObjectHandle,
    curve: Curve,
) -> Result<Option<Vec<u8>>, Broken> {
    for attribute in session.get_attributes(public, &[AttributeType::EcPoint])? {
        if let Attribute::EcPoint(written) = attribute {
            return Ok(curves::point(&written, curve).map(<[u8]>::to_vec));
        }
    }
    Ok(None)
}

fn is_set(
    session: &Session,
    handle: ObjectHandle,
    wanted: impl Into<ParameterSetType>,
) -> Result<bool, Broken> {
    let read = session.get_attributes(handle, &[AttributeType::ParameterSet])?;
    let wanted = wanted.into();
    Ok(matches!(read.as_slice(), [Attribute::ParameterSet(set)] if *set == wanted))
}

/// The value of a public key.
fn value(session: &Session, public: ObjectHandle) -> Result<Vec<u8>, Broken> {
    for attribute in session.get_attributes(public, &[AttributeType::Value])? {
        if let Attribute::Value(bytes) = attribute {
            return Ok(bytes);
        }
    }
    Err(no_key("a public key does not show its value".to_owned()))
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
