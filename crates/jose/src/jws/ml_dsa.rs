//! ML-DSA verification (RFC 9964, FIPS 204): pure, with an empty context.

use ml_dsa::{
    EncodedVerifyingKey, ExpandedSigningKey, MlDsa44, MlDsa65, MlDsa87, MlDsaParams, Signature,
    VerifyingKey,
};

use super::SignatureAlgorithm;
use crate::KeyFault;

/// A public key of one parameter set.
pub(super) enum MlDsaKey {
    MlDsa44(Box<VerifyingKey<MlDsa44>>),
    MlDsa65(Box<VerifyingKey<MlDsa65>>),
    MlDsa87(Box<VerifyingKey<MlDsa87>>),
}

impl MlDsaKey {
    pub(super) fn new(alg: SignatureAlgorithm, public: &[u8]) -> Result<Self, KeyFault> {
        match alg {
            SignatureAlgorithm::MlDsa44 => decode(public).map(Self::MlDsa44),
            SignatureAlgorithm::MlDsa65 => decode(public).map(Self::MlDsa65),
            SignatureAlgorithm::MlDsa87 => decode(public).map(Self::MlDsa87),
            _ => Err(KeyFault::Purpose),
        }
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::MlDsa44(key) => verifies(key, message, signature),
            Self::MlDsa65(key) => verifies(key, message, signature),
            Self::MlDsa87(key) => verifies(key, message, signature),
        }
    }
}

/// The public key of a seed (FIPS 204 section 5.1); `None` for another algorithm.
pub(crate) fn public(alg: SignatureAlgorithm, seed: &[u8; 32]) -> Option<Vec<u8>> {
    match alg {
        SignatureAlgorithm::MlDsa44 => Some(public_of::<MlDsa44>(seed)),
        SignatureAlgorithm::MlDsa65 => Some(public_of::<MlDsa65>(seed)),
        SignatureAlgorithm::MlDsa87 => Some(public_of::<MlDsa87>(seed)),
        _ => None,
    }
}

fn public_of<P: MlDsaParams>(seed: &[u8; 32]) -> Vec<u8> {
    let key = ExpandedSigningKey::<P>::from_seed(&(*seed).into());
    key.verifying_key().encode().to_vec()
}

fn decode<P: MlDsaParams>(public: &[u8]) -> Result<Box<VerifyingKey<P>>, KeyFault> {
    let encoded = EncodedVerifyingKey::<P>::try_from(public).map_err(|_| KeyFault::Length)?;
    Ok(Box::new(VerifyingKey::decode(&encoded)))
}

fn verifies<P: MlDsaParams>(key: &VerifyingKey<P>, message: &[u8], signature: &[u8]) -> bool {
    Signature::<P>::try_from(signature)
        .is_ok_and(|signature| key.verify_with_context(message, &[], &signature))
}
