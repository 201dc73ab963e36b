//! Signing, for clients (the CLI) and tests; deterministic, so no randomness is needed.

use core::fmt;

use ed25519_dalek::SigningKey as EdSigningKey;
use hmac::{Hmac, KeyInit, Mac};
use p256::ecdsa::SigningKey as EcSigningKey;
use p256::ecdsa::signature::Signer;
use serde_json::{Map, Value};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::SignatureAlgorithm;
use super::key::MIN_HS256_KEY_BYTES;
use crate::jwk::{EcPublicJwk, Ed25519PublicJwk};
use crate::{JoseError, KeyFault, base64url};

/// A key that signs with one algorithm; wiped on drop.
pub struct SignKey(Inner);

enum Inner {
    Hs256(Zeroizing<Vec<u8>>),
    Es256(EcSigningKey),
    EdDsa(EdSigningKey),
}

impl SignKey {
    /// An HS256 key.
    ///
    /// # Errors
    /// [`KeyFault::Length`] below 32 bytes (RFC 7518 section 3.2).
    pub fn hs256(secret: &[u8]) -> Result<Self, KeyFault> {
        if secret.len() < MIN_HS256_KEY_BYTES {
            return Err(KeyFault::Length);
        }
        Ok(Self(Inner::Hs256(Zeroizing::new(secret.to_vec()))))
    }

    /// An ES256 key from its 32-byte big-endian scalar.
    ///
    /// # Errors
    /// [`KeyFault::Length`] unless 32 bytes that are a scalar of the curve's order.
    pub fn es256(scalar: &[u8]) -> Result<Self, KeyFault> {
        EcSigningKey::from_slice(scalar)
            .map(|key| Self(Inner::Es256(key)))
            .map_err(|_| KeyFault::Length)
    }

    /// An EdDSA key from its 32-byte seed.
    #[must_use]
    pub fn ed25519(seed: &[u8; 32]) -> Self {
        Self(Inner::EdDsa(EdSigningKey::from_bytes(seed)))
    }

    /// The algorithm of this key.
    #[must_use]
    pub const fn alg(&self) -> SignatureAlgorithm {
        match self.0 {
            Inner::Hs256(_) => SignatureAlgorithm::Hs256,
            Inner::Es256(_) => SignatureAlgorithm::Es256,
            Inner::EdDsa(_) => SignatureAlgorithm::EdDsa,
        }
    }

    /// The public half of an ES256 key.
    #[must_use]
    pub fn ec_public(&self) -> Option<EcPublicJwk> {
        let Inner::Es256(key) = &self.0 else {
            return None;
        };
        let point = key.verifying_key().to_sec1_point(false);
        let x: [u8; 32] = point.x()?.as_slice().try_into().ok()?;
        let y: [u8; 32] = point.y()?.as_slice().try_into().ok()?;
        EcPublicJwk::from_coordinates(x, y).ok()
    }

    /// The public half of an EdDSA key.
    #[must_use]
    pub fn ed25519_public(&self) -> Option<Ed25519PublicJwk> {
        let Inner::EdDsa(key) = &self.0 else {
            return None;
        };
        Ed25519PublicJwk::from_bytes(key.verifying_key().to_bytes()).ok()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, JoseError> {
        match &self.0 {
            Inner::Hs256(secret) => {
                let mut mac =
                    Hmac::<Sha256>::new_from_slice(secret).map_err(|_| KeyFault::Length)?;
                mac.update(message);
                Ok(mac.finalize().into_bytes().to_vec())
            }
            Inner::Es256(key) => {
                let signature: p256::ecdsa::Signature =
                    key.try_sign(message).map_err(|_| KeyFault::Length)?;
                Ok(signature.to_bytes().to_vec())
            }
            Inner::EdDsa(key) => Ok(key.sign(message).to_bytes().to_vec()),
        }
    }
}

impl fmt::Debug for SignKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignKey")
            .field("alg", &self.alg())
            .finish_non_exhaustive()
    }
}

/// What goes into the protected header besides `alg`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SignSpec<'a> {
    /// `kid`.
    pub kid: Option<&'a str>,
    /// `typ`.
    pub typ: Option<&'a str>,
    /// `cty`.
    pub cty: Option<&'a str>,
}

/// Signs `payload` into a compact token.
///
/// # Errors
/// [`JoseError::Key`] when the library refuses the key.
pub fn sign_compact(
    payload: &[u8],
    spec: &SignSpec<'_>,
    key: &SignKey,
) -> Result<String, JoseError> {
    let mut header = Map::new();
    header.insert("alg".into(), key.alg().name().into());
    for (name, value) in [("kid", spec.kid), ("typ", spec.typ), ("cty", spec.cty)] {
        if let Some(value) = value {
            header.insert(name.into(), value.into());
        }
    }
    let header = base64url::encode(Value::Object(header).to_string().as_bytes());
    let mut token = [header, base64url::encode(payload)].join(".");
    let signature = base64url::encode(&key.sign(token.as_bytes())?);
    token.push('.');
    token.push_str(&signature);
    Ok(token)
}
