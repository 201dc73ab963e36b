//! Private keys of elliptic curves, for development and for clients. An RSA private key is never
//! read: RSA private operations belong into a token (RUSTSEC-2023-0071).

use core::fmt;

use serde_json::Value;
use zeroize::Zeroizing;

use super::{BOUNDS, EcPublicJwk, Metadata, X25519PublicJwk, number, text};
use crate::agreement::{AgreementKey, AgreementSecret};
use crate::{KeyFault, json};

/// A private key for key agreement, with what its JWK says about its use; wiped on drop.
pub struct PrivateJwk {
    pub(crate) secret: AgreementSecret,
    public: AgreementKey,
    /// `kid`, `alg`, `use` and `key_ops`.
    pub metadata: Metadata,
}

impl PrivateJwk {
    /// Reads a JWK from JSON text.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn from_slice(text: &[u8]) -> Result<Self, KeyFault> {
        let members = json::object(text, BOUNDS).map_err(|_| KeyFault::Malformed)?;
        Self::from_value(&Value::Object(members))
    }

    /// Reads a JWK that is already a JSON value (`kty` EC, or OKP with X25519); the caller wipes
    /// that value.
    ///
    /// # Errors
    /// [`KeyFault::Mismatch`] when the public members are not those of `d`, and the others.
    pub fn from_value(jwk: &Value) -> Result<Self, KeyFault> {
        let public = match text(jwk, "kty")? {
            "EC" => AgreementKey::Ec(EcPublicJwk::public_part(jwk)?),
            "OKP" => AgreementKey::X25519(X25519PublicJwk::public_part(jwk)?),
            _ => return Err(KeyFault::UnsupportedType),
        };
        let scalar = Zeroizing::new(number(jwk, "d")?);
        let secret = AgreementSecret::from_slice(public.kind(), &scalar)?;
        if secret.public()? != public {
            return Err(KeyFault::Mismatch);
        }
        Ok(Self {
            secret,
            public,
            metadata: Metadata::from_value(jwk)?,
        })
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &AgreementKey {
        &self.public
    }
}

impl fmt::Debug for PrivateJwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateJwk")
            .field("crv", &self.public.crv())
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}
