//! Making a key that never leaves its token.

use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{
    Attribute, AttributeInfo, AttributeType, KeyType, MlDsaParameterSetType, MlKemParameterSetType,
    ObjectClass, ObjectHandle,
};
use cryptoki::session::Session;

use super::{Broken, Live, curves, keys};
use crate::token::{Curve, FaultClass, NewKey, Purpose, TokenFault};

pub(super) fn generate(
    live: &Live,
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
        NewKey::Aes(_) | NewKey::AesGcm(_) | NewKey::Hmac(_) => {
            (secret(session, label, &id, new, purpose)?, None)
        }
        _ => {
            let (public, private) = pair(live, session, label, &id, new, purpose)?;
            (private, Some(public))
        }
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
    live: &Live,
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
    let mechanism = match new {
        _ if purpose == Purpose::Mac => return Err(mismatch("a key pair cannot serve mac")),
        NewKey::Ec(Curve::X25519) | NewKey::MlKem768 if sign => {
            return Err(mismatch("a key of this kind cannot sign"));
        }
        NewKey::Ec(Curve::Ed25519) | NewKey::MlDsa65 if !sign => {
            return Err(mismatch("a key of this kind can only sign"));
        }
        NewKey::Rsa(bits) => {
            public.extend([
                Attribute::ModulusBits(u64::from(bits).into()),
                Attribute::PublicExponent(vec![1, 0, 1]),
                Attribute::Encrypt(!sign),
                Attribute::Wrap(false),
            ]);
            private.extend([Attribute::Decrypt(!sign), Attribute::Unwrap(false)]);
            Mechanism::RsaPkcsKeyPairGen
        }
        NewKey::MlKem768 => {
            let set = MlKemParameterSetType::ML_KEM_768.into();
            public.extend([Attribute::ParameterSet(set), Attribute::Encapsulate(true)]);
            private.push(Attribute::Decapsulate(true));
            Mechanism::MlKemKeyPairGen
        }
        NewKey::MlDsa65 => {
            let set = MlDsaParameterSetType::ML_DSA_65.into();
            public.push(Attribute::ParameterSet(set));
            Mechanism::MlDsaKeyPairGen
        }
        NewKey::Ec(curve) => {
            public.push(Attribute::EcParams(curves::params(curve).to_vec()));
            private.push(Attribute::Derive(!sign));
            match curve {
                Curve::P256 | Curve::P384 | Curve::P521 => Mechanism::EccKeyPairGen,
                // Tokens that are older than PKCS#11 3.0 make both kinds with one mechanism.
                Curve::X25519 if live.can(MechanismType::ECC_MONTGOMERY_KEY_PAIR_GEN) => {
                    Mechanism::EccMontgomeryKeyPairGen
                }
                Curve::X25519 | Curve::Ed25519 => Mechanism::EccEdwardsKeyPairGen,
            }
        }
        NewKey::Aes(_) | NewKey::AesGcm(_) | NewKey::Hmac(_) => {
            return Err(mismatch("a secret key is no pair"));
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
    let crypt = |template: &mut Vec<Attribute>, on: bool| {
        template.extend([Attribute::Encrypt(on), Attribute::Decrypt(on)]);
    };
    let (mechanism, bytes) = match (new, purpose) {
        (NewKey::Aes(bytes), Purpose::Unwrap) => {
            // Wrapping is what the self-test needs to make its own sample.
            template.extend([Attribute::Unwrap(true), Attribute::Wrap(true)]);
            template.push(Attribute::Sign(false));
            crypt(&mut template, false);
            (Mechanism::AesKeyGen, bytes)
        }
        (NewKey::AesGcm(bytes), Purpose::Unwrap) => {
            template.extend([Attribute::Unwrap(false), Attribute::Wrap(false)]);
            template.push(Attribute::Sign(false));
            crypt(&mut template, true);
            (Mechanism::AesKeyGen, bytes)
        }
        (NewKey::Hmac(bytes), Purpose::Mac) => {
            template.push(Attribute::KeyType(KeyType::GENERIC_SECRET));
            template.extend([Attribute::Sign(true), Attribute::Verify(true)]);
            crypt(&mut template, false);
            (Mechanism::GenericSecretKeyGen, bytes)
        }
        _ => return Err(mismatch("AES keys serve unwrap, HMAC keys serve mac")),
    };
    template.push(Attribute::ValueLen(u64::from(bytes).into()));
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
