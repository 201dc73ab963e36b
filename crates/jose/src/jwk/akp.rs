//! `kty` AKP: public keys of an algorithm, ML-DSA and the post-quantum HPKE suites (RFC 9964).

use serde_json::{Value, json};

use super::{number, refuse_private, text, thumbprint};
use crate::{KeyFault, base64url};

/// A public key that belongs to one algorithm. What its bytes mean, the algorithm checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AkpPublicJwk {
    alg: String,
    public: Vec<u8>,
}

impl AkpPublicJwk {
    /// Reads the members `kty`, `alg` and `pub`; ignores the others but refuses private ones.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn from_value(jwk: &Value) -> Result<Self, KeyFault> {
        refuse_private(jwk)?;
        Self::public_part(jwk)
    }

    /// [`AkpPublicJwk::from_value`] of a JWK that may be private.
    pub(crate) fn public_part(jwk: &Value) -> Result<Self, KeyFault> {
        if text(jwk, "kty")? != "AKP" {
            return Err(KeyFault::UnsupportedType);
        }
        Ok(Self {
            alg: text(jwk, "alg")?.to_owned(),
            public: number(jwk, "pub")?,
        })
    }

    /// The only algorithm of this key.
    #[must_use]
    pub fn alg(&self) -> &str {
        &self.alg
    }

    /// The public key as its algorithm encodes it.
    #[must_use]
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// The public JWK with the required members only.
    #[must_use]
    pub fn to_value(&self) -> Value {
        json!({ "alg": self.alg, "kty": "AKP", "pub": base64url::encode(&self.public) })
    }

    /// SHA-256 thumbprint (RFC 7638, RFC 9964 section 6), 32 bytes.
    #[must_use]
    pub fn thumbprint(&self) -> [u8; 32] {
        thumbprint(&self.to_value())
    }
}
