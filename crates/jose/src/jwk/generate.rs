//! Fresh keys, for clients and for development. An RSA key is none of them: its private half belongs
//! into a token.

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{AgreementKey, Curve};
use crate::agreement::{AgreementSecret, Kind};
use crate::jwe::{ContentEncryption, KeyManagement, Random};
use crate::jws::{SignKey, SignatureAlgorithm};
use crate::{JoseError, KeyFault, base64url};

/// What a key is made for: one algorithm, as always.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purposed {
    /// A JWE `alg`. `dir` keys are as long as the `enc` has it.
    Encryption(KeyManagement, ContentEncryption),
    /// A JWS `alg`.
    Signature(SignatureAlgorithm),
}

/// Where a key of `ECDH-ES*` lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgreementCurve {
    /// P-256, P-384 or P-521.
    Nist(Curve),
    /// X25519.
    X25519,
}

/// A fresh private JWK, or the secret one of a symmetric algorithm, with its `alg`; the caller wipes
/// it. `curve` is looked at for `ECDH-ES*` only.
///
/// # Errors
/// [`JoseError::Random`], [`KeyFault::UnsupportedType`] for RSA.
pub fn generate(
    purpose: Purposed,
    curve: AgreementCurve,
    random: &mut Random<'_>,
) -> Result<Value, JoseError> {
    let (mut jwk, name) = match purpose {
        Purposed::Encryption(alg, enc) => (of_encryption(alg, enc, curve, random)?, alg.name()),
        Purposed::Signature(alg) => (of_signature(alg, random)?, alg.name()),
    };
    if let Some(members) = jwk.as_object_mut() {
        members.insert("alg".into(), name.into());
    }
    Ok(jwk)
}

fn of_encryption(
    alg: KeyManagement,
    enc: ContentEncryption,
    curve: AgreementCurve,
    random: &mut Random<'_>,
) -> Result<Value, JoseError> {
    if alg.is_rsa() {
        return Err(KeyFault::UnsupportedType.into());
    }
    if alg.is_ecdh() {
        let kind = match curve {
            AgreementCurve::Nist(curve) => Kind::Ec(curve),
            AgreementCurve::X25519 => Kind::X25519,
        };
        return of_curve(kind, random);
    }
    #[cfg(feature = "pq")]
    if let KeyManagement::Hpke(suite) | KeyManagement::HpkeKe(suite) = alg {
        return suite.generate(alg, random);
    }
    secret(alg.shared_key_bytes().unwrap_or(enc.cek_bytes()), random)
}

fn of_signature(alg: SignatureAlgorithm, random: &mut Random<'_>) -> Result<Value, JoseError> {
    match alg {
        SignatureAlgorithm::Hs256 => secret(32, random),
        SignatureAlgorithm::Hs384 => secret(48, random),
        SignatureAlgorithm::Hs512 => secret(64, random),
        SignatureAlgorithm::Es256 => of_curve(Kind::Ec(Curve::P256), random),
        SignatureAlgorithm::Es384 => of_curve(Kind::Ec(Curve::P384), random),
        SignatureAlgorithm::Es512 => of_curve(Kind::Ec(Curve::P521), random),
        SignatureAlgorithm::EdDsa => {
            let mut seed = Zeroizing::new([0; 32]);
            random(seed.as_mut_slice())?;
            let public = SignKey::ed25519(&seed).ed25519_public();
            let mut jwk = public.ok_or(KeyFault::InvalidPoint)?.to_value();
            set(&mut jwk, "d", seed.as_slice());
            Ok(jwk)
        }
        #[cfg(feature = "pq")]
        SignatureAlgorithm::MlDsa44 | SignatureAlgorithm::MlDsa65 | SignatureAlgorithm::MlDsa87 => {
            let mut seed = Zeroizing::new([0; 32]);
            random(seed.as_mut_slice())?;
            let public = crate::jws::ml_dsa_public(alg, &seed).ok_or(KeyFault::Purpose)?;
            let mut jwk = json!({ "kty": "AKP", "pub": base64url::encode(&public) });
            set(&mut jwk, "priv", seed.as_slice());
            Ok(jwk)
        }
        _ => Err(KeyFault::UnsupportedType.into()),
    }
}

fn of_curve(kind: Kind, random: &mut Random<'_>) -> Result<Value, JoseError> {
    let secret = AgreementSecret::generate(kind, random)?;
    let public: AgreementKey = secret.public()?;
    let mut jwk = public.to_value();
    set(&mut jwk, "d", &secret.expose());
    Ok(jwk)
}

fn secret(bytes: usize, random: &mut Random<'_>) -> Result<Value, JoseError> {
    let mut secret = Zeroizing::new(vec![0; bytes]);
    random(&mut secret)?;
    let mut jwk = json!({ "kty": "oct" });
    set(&mut jwk, "k", &secret);
    Ok(jwk)
}

fn set(jwk: &mut Value, name: &str, bytes: &[u8]) {
    if let Some(members) = jwk.as_object_mut() {
        members.insert(name.into(), base64url::encode(bytes).into());
    }
}
