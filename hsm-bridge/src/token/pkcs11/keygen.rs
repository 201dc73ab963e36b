//! Making a key that never leaves its token.

use cryptoki::mechanism::Mechanism;
use cryptoki::object::{
    Attribute, AttributeInfo, AttributeType, KeyType, ObjectClass, ObjectHandle,
};
use cryptoki::session::Session;

use super::{Broken, keys};
use crate::token::{FaultClass, NewKey, Purpose, TokenFault};

pub(super) fn generate(
    session: &Session,
    label: &str,
    new: NewKey,
    purpose: Purpose,
) -> Result<(), Broken> {
    for class in [
        ObjectClass::PRIVATE_KEY,
        ObjectClass::PUBLIC_KEY,
        ObjectClass::SECRET_KEY,
    ] {
        if !keys::find_all(session, class, label)?.is_empty() {
            let what = format!("the token already has a key with the label {label:?}");
            return Err(TokenFault::new(FaultClass::NoKey, what).into());
        }
    }
    let id = session.generate_random_vec(16)?;
    let (secret, public) = match new {
        NewKey::EcP256 | NewKey::Rsa(_) => {
            let (public, private) = pair(session, label, &id, new, purpose)?;
            (private, Some(public))
        }
        NewKey::Aes256 | NewKey::Hmac256 => (secret(session, label, &id, new, purpose)?, None),
    };
    if let Err(fault) = prove(session, secret, new) {
        // The key must not stay: it may be one that can leave.
        let _ = session.destroy_object(secret);
        if let Some(public) = public {
            let _ = session.destroy_object(public);
        }
        return Err(fault);
    }
    Ok(())
}

fn pair(
    session: &Session,
    label: &str,
    id: &[u8],
    new: NewKey,
    purpose: Purpose,
) -> Result<(ObjectHandle, ObjectHandle), Broken> {
    let sign = purpose == Purpose::Sign;
    let mut public = named(label, id);
    public.extend([Attribute::Private(false), Attribute::Verify(sign)]);
    let mut private = named(label, id);
    private.extend(guarded());
    private.push(Attribute::Sign(sign));
    let mechanism = match (new, purpose) {
        (_, Purpose::Mac) => return Err(mismatch("a key pair cannot serve mac")),
        (NewKey::Rsa(bits), _) => {
            public.extend([
                Attribute::ModulusBits(u64::from(bits).into()),
                Attribute::PublicExponent(vec![1, 0, 1]),
                Attribute::Encrypt(!sign),
                Attribute::Wrap(false),
            ]);
            private.extend([Attribute::Decrypt(!sign), Attribute::Unwrap(false)]);
            Mechanism::RsaPkcsKeyPairGen
        }
        _ => {
            public.push(Attribute::EcParams(keys::P256_OID.to_vec()));
            private.push(Attribute::Derive(!sign));
            Mechanism::EccKeyPairGen
        }
    };
    Ok(session.generate_key_pair(&mechanism, &public, &private)?)
}

fn secret(
    session: &Session,
    label: &str,
    id: &[u8],
    new: NewKey,
    purpose: Purpose,
) -> Result<ObjectHandle, Broken> {
    let mut template = named(label, id);
    template.extend(guarded());
    template.push(Attribute::ValueLen(32.into()));
    let off = |template: &mut Vec<Attribute>| {
        template.extend([Attribute::Encrypt(false), Attribute::Decrypt(false)]);
    };
    let mechanism = match (new, purpose) {
        (NewKey::Aes256, Purpose::Unwrap) => {
            // Wrapping is what the self-test needs to make its own sample.
            template.extend([Attribute::Unwrap(true), Attribute::Wrap(true)]);
            template.push(Attribute::Sign(false));
            off(&mut template);
            Mechanism::AesKeyGen
        }
        (NewKey::Hmac256, Purpose::Mac) => {
            template.push(Attribute::KeyType(KeyType::GENERIC_SECRET));
            template.extend([Attribute::Sign(true), Attribute::Verify(true)]);
            off(&mut template);
            Mechanism::GenericSecretKeyGen
        }
        _ => return Err(mismatch("aes-256 serves unwrap, hmac-256 serves mac")),
    };
    Ok(session.generate_key(&mechanism, &template)?)
}

fn named(label: &str, id: &[u8]) -> Vec<Attribute> {
    vec![
        Attribute::Token(true),
        Attribute::Label(label.as_bytes().to_vec()),
        Attribute::Id(id.to_vec()),
    ]
}

fn guarded() -> [Attribute; 3] {
    [
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
    ]
}

/// Reads back that the key is what was asked for, and demands that the token refuses its value.
fn prove(session: &Session, key: ObjectHandle, new: NewKey) -> Result<(), Broken> {
    let wanted = [
        AttributeType::Token,
        AttributeType::Private,
        AttributeType::Sensitive,
        AttributeType::Extractable,
    ];
    let read = session.get_attributes(key, &wanted)?;
    let expected = [
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
    ];
    if read != expected {
        return Err(unproven("the token changed the protection of the new key"));
    }
    let value = match new {
        NewKey::Rsa(_) => AttributeType::PrivateExponent,
        _ => AttributeType::Value,
    };
    let shown = session.get_attribute_info(key, &[value])?;
    if shown
        .iter()
        .any(|info| matches!(info, AttributeInfo::Available(_)))
    {
        return Err(unproven("the token shows the value of the new key"));
    }
    Ok(())
}

fn unproven(what: &str) -> Broken {
    TokenFault::new(
        FaultClass::Unsupported,
        format!("{what}; the key was destroyed"),
    )
    .into()
}

fn mismatch(what: &str) -> Broken {
    TokenFault::new(FaultClass::Unsupported, what).into()
}
