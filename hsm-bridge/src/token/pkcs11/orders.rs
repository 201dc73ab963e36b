//! Carrying out one order with one key.

use cryptoki::mechanism::elliptic_curve::{EcKdf, Ecdh1DeriveParams};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsOaepParams, PkcsOaepSource, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use zeroize::Zeroizing;

use super::Broken;
use crate::token::{FaultClass, MacHash, OaepHash, Order, TokenFault};

/// The mechanism an order uses.
pub(super) fn needs(order: &Order) -> MechanismType {
    match order {
        Order::Agree { .. } => MechanismType::ECDH1_DERIVE,
        Order::DecryptOaep { .. } => MechanismType::RSA_PKCS_OAEP,
        Order::UnwrapAes { .. } => MechanismType::AES_KEY_WRAP,
        Order::Mac {
            hash: MacHash::Sha256,
            ..
        } => MechanismType::SHA256_HMAC,
        Order::Mac {
            hash: MacHash::Sha512,
            ..
        } => MechanismType::SHA512_HMAC,
        Order::SignEs256 { .. } => MechanismType::ECDSA,
        Order::SignPs256 { .. } => MechanismType::RSA_PKCS_PSS,
    }
}

/// Does what the order says.
pub(super) fn perform(
    session: &Session,
    key: ObjectHandle,
    order: &Order,
) -> Result<Zeroizing<Vec<u8>>, Broken> {
    match order {
        Order::Agree { point } => {
            let params = Ecdh1DeriveParams::new(EcKdf::null(), point);
            let mut template = readable_secret();
            template.push(Attribute::ValueLen(32.into()));
            let shared = session.derive_key(&Mechanism::Ecdh1Derive(params), key, &template)?;
            read_and_destroy(session, shared)
        }
        Order::DecryptOaep { hash, ciphertext } => {
            let mechanism = Mechanism::RsaPkcsOaep(oaep(*hash));
            Ok(Zeroizing::new(
                session.decrypt(&mechanism, key, ciphertext)?,
            ))
        }
        Order::UnwrapAes { wrapped } => {
            let template = readable_secret();
            let cek = session.unwrap_key(&Mechanism::AesKeyWrap, key, wrapped, &template)?;
            read_and_destroy(session, cek)
        }
        Order::Mac { hash, data } => {
            let mechanism = match hash {
                MacHash::Sha256 => Mechanism::Sha256Hmac,
                MacHash::Sha512 => Mechanism::Sha512Hmac,
            };
            Ok(Zeroizing::new(session.sign(&mechanism, key, data)?))
        }
        Order::SignEs256 { digest } => Ok(Zeroizing::new(session.sign(
            &Mechanism::Ecdsa,
            key,
            digest,
        )?)),
        Order::SignPs256 { digest } => {
            let params = PkcsPssParams {
                hash_alg: MechanismType::SHA256,
                mgf: PkcsMgfType::MGF1_SHA256,
                s_len: 32.into(),
            };
            Ok(Zeroizing::new(session.sign(
                &Mechanism::RsaPkcsPss(params),
                key,
                digest,
            )?))
        }
    }
}

/// OAEP with one hash throughout and no label, as JOSE has it.
pub(super) fn oaep(hash: OaepHash) -> PkcsOaepParams<'static> {
    let (digest, mgf) = match hash {
        OaepHash::Sha1 => (MechanismType::SHA1, PkcsMgfType::MGF1_SHA1),
        OaepHash::Sha256 => (MechanismType::SHA256, PkcsMgfType::MGF1_SHA256),
    };
    PkcsOaepParams::new(digest, mgf, PkcsOaepSource::empty())
}

/// A secret that lives in the session only and may be read once.
pub(super) fn readable_secret() -> Vec<Attribute> {
    vec![
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::GENERIC_SECRET),
        Attribute::Token(false),
        Attribute::Private(true),
        Attribute::Sensitive(false),
        Attribute::Extractable(true),
    ]
}

fn read_and_destroy(session: &Session, secret: ObjectHandle) -> Result<Zeroizing<Vec<u8>>, Broken> {
    let read = session.get_attributes(secret, &[AttributeType::Value]);
    // Destroyed before the reading is judged: a secret left behind would outlive the request.
    let destroyed = session.destroy_object(secret);
    let value = read?.into_iter().find_map(|attribute| match attribute {
        Attribute::Value(bytes) => Some(Zeroizing::new(bytes)),
        _ => None,
    });
    destroyed?;
    value.ok_or_else(|| {
        TokenFault::new(
            FaultClass::Unclear,
            "a session secret has no readable value",
        )
        .into()
    })
}
