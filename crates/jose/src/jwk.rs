//! JSON Web Keys and Key Sets (RFC 7517, RFC 7518 section 6, RFC 8037): public keys of types EC,
//! OKP and RSA, private ones of EC and OKP, and `oct` secrets. A private member where a public key
//! is wanted refuses the key, because such a file was pasted by mistake.

#[cfg(feature = "pq")]
mod akp;
mod ec;
mod generate;
mod metadata;
mod oct;
mod okp;
mod private;
mod roca;
mod rsa;
mod set;

use serde_json::Value;
use sha2::{Digest, Sha256};

pub use self::rsa::RsaPublicJwk;
pub use crate::agreement::AgreementKey;
#[cfg(feature = "pq")]
pub use akp::AkpPublicJwk;
pub use ec::{Curve, EcPublicJwk};
pub use generate::{AgreementCurve, Purposed, generate};
pub use metadata::{Metadata, Purpose};
pub use oct::OctJwk;
pub use okp::{Ed25519PublicJwk, X25519PublicJwk};
pub use private::PrivateJwk;
pub use set::JwkSet;

use crate::{KeyFault, base64url, json};

/// Bounds of a JWK document: no supported key comes near 8 KiB.
const BOUNDS: json::Bounds = json::Bounds {
    max_bytes: 8 * 1024,
    max_depth: 4,
};

/// A public key with what its JWK says about its use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicJwk {
    /// The key itself.
    pub key: PublicKey,
    /// `kid`, `alg`, `use` and `key_ops`.
    pub metadata: Metadata,
}

/// A public key, validated.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublicKey {
    /// `kty` EC.
    Ec(EcPublicJwk),
    /// `kty` OKP, `crv` Ed25519.
    Ed25519(Ed25519PublicJwk),
    /// `kty` OKP, `crv` X25519.
    X25519(X25519PublicJwk),
    /// `kty` RSA.
    Rsa(RsaPublicJwk),
    /// `kty` AKP.
    #[cfg(feature = "pq")]
    Akp(AkpPublicJwk),
}

impl PublicJwk {
    /// Reads a JWK from JSON text.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn from_slice(text: &[u8]) -> Result<Self, KeyFault> {
        let members = json::object(text, BOUNDS).map_err(|_| KeyFault::Malformed)?;
        Self::from_value(&Value::Object(members))
    }

    /// Reads a JWK that is already a JSON value, for example inside a policy.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn from_value(jwk: &Value) -> Result<Self, KeyFault> {
        let key = match (text(jwk, "kty")?, jwk.get("crv").and_then(Value::as_str)) {
            ("EC", _) => PublicKey::Ec(EcPublicJwk::from_value(jwk)?),
            ("OKP", Some("X25519")) => PublicKey::X25519(X25519PublicJwk::from_value(jwk)?),
            ("OKP", _) => PublicKey::Ed25519(Ed25519PublicJwk::from_value(jwk)?),
            ("RSA", _) => PublicKey::Rsa(RsaPublicJwk::from_value(jwk)?),
            #[cfg(feature = "pq")]
            ("AKP", _) => PublicKey::Akp(AkpPublicJwk::from_value(jwk)?),
            ("oct", _) => return Err(KeyFault::PrivateMember),
            _ => return Err(KeyFault::UnsupportedType),
        };
        Ok(Self {
            key,
            metadata: Metadata::from_value(jwk)?,
        })
    }

    /// SHA-256 thumbprint (RFC 7638), 32 bytes.
    #[must_use]
    pub fn thumbprint(&self) -> [u8; 32] {
        match &self.key {
            PublicKey::Ec(key) => key.thumbprint(),
            PublicKey::Ed25519(key) => key.thumbprint(),
            PublicKey::X25519(key) => key.thumbprint(),
            PublicKey::Rsa(key) => key.thumbprint(),
            #[cfg(feature = "pq")]
            PublicKey::Akp(key) => key.thumbprint(),
        }
    }
}

/// RFC 7638 section 3: the required members in lexicographic order without white space, which is
/// how the map inside `required` is written, hashed with SHA-256.
fn thumbprint(required: &Value) -> [u8; 32] {
    Sha256::digest(required.to_string()).into()
}

/// A string member.
fn text<'a>(jwk: &'a Value, name: &str) -> Result<&'a str, KeyFault> {
    jwk.get(name)
        .and_then(Value::as_str)
        .ok_or(KeyFault::Malformed)
}

/// A base64url member of any length.
pub(crate) fn number(jwk: &Value, name: &str) -> Result<Vec<u8>, KeyFault> {
    base64url::decode(text(jwk, name)?.as_bytes()).map_err(|_| KeyFault::Malformed)
}

/// A base64url member of exactly `N` bytes.
fn bytes<const N: usize>(jwk: &Value, name: &str) -> Result<[u8; N], KeyFault> {
    base64url::decode_array(text(jwk, name)?).ok_or(KeyFault::Malformed)
}

/// Refuses every member that only a private or secret key has (RFC 7518 section 6).
fn refuse_private(jwk: &Value) -> Result<(), KeyFault> {
    const PRIVATE: [&str; 9] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];
    if PRIVATE.iter().any(|name| jwk.get(name).is_some()) {
        return Err(KeyFault::PrivateMember);
    }
    Ok(())
}
