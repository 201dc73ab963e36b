//! Carrying out one order with one key.

use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::mechanism::dsa::{HedgeType, SignAdditionalContext};
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::elliptic_curve::{EcKdf, Ecdh1DeriveParams};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsOaepParams, PkcsOaepSource, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use zeroize::Zeroizing;

use super::{Broken, Found};
use crate::token::{FaultClass, Hash, Order, Scheme, TokenFault};

/// The mechanism an order uses; none for random bytes.
pub(super) fn needs(order: &Order) -> Option<MechanismType> {
    Some(match order {
        Order::Agree { .. } => MechanismType::ECDH1_DERIVE,
        Order::DecryptOaep { .. } => MechanismType::RSA_PKCS_OAEP,
        Order::UnwrapAes { .. } => MechanismType::AES_KEY_WRAP,
        Order::UnwrapGcm { .. } => MechanismType::AES_GCM,
        Order::Decapsulate { .. } => MechanismType::ML_KEM,
        Order::Mac { hash, .. } => match hash {
            Hash::Sha1 => MechanismType::SHA1_HMAC,
            Hash::Sha256 => MechanismType::SHA256_HMAC,
            Hash::Sha384 => MechanismType::SHA384_HMAC,
            Hash::Sha512 => MechanismType::SHA512_HMAC,
        },
        Order::Sign { scheme, .. } | Order::Verify { scheme, .. } => match scheme {
            Scheme::Ecdsa => MechanismType::ECDSA,
            Scheme::Pss(_) => MechanismType::RSA_PKCS_PSS,
            Scheme::Pkcs1(_) => MechanismType::RSA_PKCS,
            Scheme::Ed25519 => MechanismType::EDDSA,
            Scheme::MlDsa65 => MechanismType::ML_DSA,
        },
        Order::Random { .. } => return None,
    })
}

/// Does what the order says.
pub(super) fn perform(
    session: &Session,
    key: &Found,
    order: &Order,
) -> Result<Zeroizing<Vec<u8>>, Broken> {
    match order {
        Order::Agree { curve, point } => {
            let params = Ecdh1DeriveParams::new(EcKdf::null(), point);
            let bytes = u64::try_from(curve.secret_bytes()).unwrap_or(u64::MAX);
            let mut template = readable_secret();
            template.push(Attribute::ValueLen(bytes.into()));
            let mechanism = Mechanism::Ecdh1Derive(params);
            let shared = session.derive_key(&mechanism, key.handle, &template)?;
            read_and_destroy(session, shared)
        }
        Order::DecryptOaep { hash, ciphertext } => {
            let mechanism = Mechanism::RsaPkcsOaep(oaep(*hash));
            let decrypted = session.decrypt(&mechanism, key.handle, ciphertext)?;
            Ok(Zeroizing::new(decrypted))
        }
        Order::UnwrapAes { wrapped } => {
            let template = readable_secret();
            let mechanism = Mechanism::AesKeyWrap;
            let cek = session.unwrap_key(&mechanism, key.handle, wrapped, &template)?;
            read_and_destroy(session, cek)
        }
        Order::UnwrapGcm { iv, wrapped } => {
            let mut iv = *iv;
            let mechanism = Mechanism::AesGcm(GcmParams::new(&mut iv, &[], TAG_BITS.into())?);
            let decrypted = session.decrypt(&mechanism, key.handle, wrapped)?;
            Ok(Zeroizing::new(decrypted))
        }
        Order::Decapsulate { ciphertext } => {
            let mut template = readable_secret();
            template.push(Attribute::ValueLen(KEM_SECRET_BYTES.into()));
            let mechanism = Mechanism::MlKem;
            let shared = session.decapsulate_key(&mechanism, key.handle, &template, ciphertext)?;
            read_and_destroy(session, shared)
        }
        Order::Mac { hash, data } => {
            let mechanism = match hash {
                Hash::Sha1 => Mechanism::Sha1Hmac,
                Hash::Sha256 => Mechanism::Sha256Hmac,
                Hash::Sha384 => Mechanism::Sha384Hmac,
                Hash::Sha512 => Mechanism::Sha512Hmac,
            };
            Ok(Zeroizing::new(session.sign(&mechanism, key.handle, data)?))
        }
        Order::Sign { scheme, input } => {
            let signed = session.sign(&signing(*scheme), key.handle, &to_sign(*scheme, input))?;
            Ok(Zeroizing::new(signed))
        }
        Order::Verify {
            scheme,
            input,
            signature,
        } => {
            let public = key.public.ok_or_else(|| {
                TokenFault::new(FaultClass::Unsupported, "the token keeps no public half")
            })?;
            let input = to_sign(*scheme, input);
            match session.verify(&signing(*scheme), public, &input, signature) {
                Ok(()) => Ok(Zeroizing::new(vec![1])),
                Err(Error::Pkcs11(RvError::SignatureInvalid | RvError::SignatureLenRange, _)) => {
                    Ok(Zeroizing::new(vec![0]))
                }
                Err(error) => Err(error.into()),
            }
        }
        Order::Random { .. } => {
            Err(TokenFault::new(FaultClass::Unsupported, "random bytes need no key").into())
        }
    }
}

/// Length of the tag of AES-GCM, in bits.
pub(super) const TAG_BITS: u64 = 128;
/// Length of the secret of ML-KEM, in bytes.
pub(super) const KEM_SECRET_BYTES: u64 = 32;

/// OAEP with one hash throughout and no label, as JOSE has it.
pub(super) fn oaep(hash: Hash) -> PkcsOaepParams<'static> {
    let (digest, mgf, _) = variants(hash);
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

pub(super) fn read_and_destroy(
    session: &Session,
    secret: ObjectHandle,
) -> Result<Zeroizing<Vec<u8>>, Broken> {
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

/// Mechanisms that hash are left alone: tokens lack some of them, and the digest is ours to make.
fn signing(scheme: Scheme) -> Mechanism<'static> {
    match scheme {
        Scheme::Ecdsa => Mechanism::Ecdsa,
        Scheme::Pss(hash) => {
            let (hash_alg, mgf, salt) = variants(hash);
            Mechanism::RsaPkcsPss(PkcsPssParams {
                hash_alg,
                mgf,
                s_len: salt.into(),
            })
        }
        Scheme::Pkcs1(_) => Mechanism::RsaPkcs,
        Scheme::Ed25519 => Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Pure)),
        Scheme::MlDsa65 => Mechanism::MlDsa(SignAdditionalContext::new(HedgeType::Preferred, None)),
    }
}

/// CKM_RSA_PKCS pads what it is given: the DigestInfo of RFC 8017 section 9.2, note 1.
fn to_sign(scheme: Scheme, input: &[u8]) -> Vec<u8> {
    let algorithm = match scheme {
        Scheme::Pkcs1(Hash::Sha256) => 0x01,
        Scheme::Pkcs1(Hash::Sha384) => 0x02,
        Scheme::Pkcs1(Hash::Sha512) => 0x03,
        _ => return input.to_vec(),
    };
    // 2.16.840.1.101.3.4.2.{1,2,3}; every length is below 128.
    let length = u8::try_from(input.len()).unwrap_or(0);
    let head = [
        0x30,
        length.saturating_add(17),
        0x30,
        0x0d,
        0x06,
        0x09,
        0x60,
        0x86,
        0x48,
        0x01,
        0x65,
        0x03,
        0x04,
        0x02,
        algorithm,
        0x05,
        0x00,
        0x04,
        length,
    ];
    [&head, input].concat()
}

/// The hash as a mechanism and as a mask generation function, and its length in bytes.
fn variants(hash: Hash) -> (MechanismType, PkcsMgfType, u64) {
    match hash {
        Hash::Sha1 => (MechanismType::SHA1, PkcsMgfType::MGF1_SHA1, 20),
        Hash::Sha256 => (MechanismType::SHA256, PkcsMgfType::MGF1_SHA256, 32),
        Hash::Sha384 => (MechanismType::SHA384, PkcsMgfType::MGF1_SHA384, 48),
        Hash::Sha512 => (MechanismType::SHA512, PkcsMgfType::MGF1_SHA512, 64),
    }
}
