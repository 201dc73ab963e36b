//! The JWS inside a sealed body: who signs it, and who is believed.

use std::path::Path;

use anyhow::{Context, Result, bail};
use sealgate_format::{Name, SealFault};
use sealgate_jose::jwk::PublicJwk;
use sealgate_jose::jws::{
    SignKey, SignSpec, SignatureAlgorithm, Unsigned, VerifyKey, sign_compact,
};
use sealgate_signature::{Algorithm, Signer};
use serde_json::Value;

use super::keys::{self, is_pem};
use super::token::Issuer;
use crate::signing::PrivateKey;

/// The sender's private key.
pub(crate) enum InnerSigner {
    Jwk(SignKey, Option<String>),
    Rsa(SignatureAlgorithm, PrivateKey),
}

impl InnerSigner {
    /// From a private JWK (EC, Ed25519, oct), or RSA in PEM; RSA signs as the format has it.
    ///
    /// # Errors
    /// When the file holds neither.
    pub(crate) fn read(path: &Path, format: Name) -> Result<Self> {
        if is_pem(path)? {
            let alg = rsa_algorithm(format);
            let name = Algorithm::from_name(alg.name()).context("RSA signs messages, too")?;
            return Ok(Self::Rsa(alg, PrivateKey::read(path, name)?));
        }
        let issuer = Issuer::from_jwk(&keys::jwk_file(path)?)?;
        Ok(Self::Jwk(issuer.key, issuer.kid))
    }

    /// The compact JWS of `payload`.
    ///
    /// # Errors
    /// [`SealFault::Signature`] when the key does not sign.
    pub(crate) fn sign(
        &self,
        payload: &[u8],
        content_type: Option<&str>,
    ) -> Result<Vec<u8>, SealFault> {
        let spec = SignSpec {
            cty: content_type,
            ..SignSpec::default()
        };
        let signed = match self {
            Self::Jwk(key, kid) => {
                let spec = SignSpec {
                    kid: kid.as_deref(),
                    ..spec
                };
                sign_compact(payload, &spec, key)
            }
            Self::Rsa(alg, key) => Unsigned::new(*alg, payload, &spec).and_then(|unsigned| {
                let signature = key.sign(&[unsigned.signing_input()]);
                unsigned.finish(&signature.unwrap_or_default())
            }),
        };
        signed
            .map(String::into_bytes)
            .map_err(|_| SealFault::Signature)
    }
}

/// The sender's public key, from a JWK; its `alg` decides, else what the format has.
///
/// # Errors
/// When the JWK is no key that verifies.
pub(crate) fn verifier(path: &Path, format: Name) -> Result<VerifyKey> {
    let value = keys::jwk_file(path)?;
    let wrong = |fault| anyhow::anyhow!("{} verifies nothing: {fault}", path.display());
    let jwk = PublicJwk::from_value(&value).map_err(wrong)?;
    let member = |name: &str| value.get(name).and_then(Value::as_str);
    match (member("kty"), member("alg")) {
        (Some("RSA"), None) => VerifyKey::public(rsa_algorithm(format), &jwk),
        (_, None) => VerifyKey::from_jwk(&jwk),
        (_, Some(name)) => match SignatureAlgorithm::from_name(name) {
            Some(alg) => VerifyKey::public(alg, &jwk),
            None => bail!("{} is a key of {name}, which signs nothing", path.display()),
        },
    }
    .map_err(wrong)
}

/// What a vendor signs with where nothing else is said (docs/formats.md).
const fn rsa_algorithm(format: Name) -> SignatureAlgorithm {
    match format {
        Name::Juspay => SignatureAlgorithm::Rs256,
        _ => SignatureAlgorithm::Ps256,
    }
}
