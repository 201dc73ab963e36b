//! ML-DSA verification (RFC 9964, FIPS 204): pure, with an empty context.

use ml_dsa::{
    EncodedVerifyingKey, MlDsa44, MlDsa65, MlDsa87, MlDsaParams, Signature, VerifyingKey,
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

fn decode<P: MlDsaParams>(public: &[u8]) -> Result<Box<VerifyingKey<P>>, KeyFault> {
    let encoded = EncodedVerifyingKey::<P>::try_from(public).map_err(|_| KeyFault::Length)?;
    Ok(Box::new(VerifyingKey::decode(&encoded)))
}

fn verifies<P: MlDsaParams>(key: &VerifyingKey<P>, message: &[u8], signature: &[u8]) -> bool {
    Signature::<P>::try_from(signature)
        .is_ok_and(|signature| key.verify_with_context(message, &[], &signature))
}
