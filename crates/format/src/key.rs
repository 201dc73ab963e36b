//! Keys that seal: a recipient's public key, or a secret shared with it.

use core::fmt;

use sealgate_jose::KeyFault;
use sealgate_jose::jwe::{ContentEncryption, EncryptionKey, KeyManagement};
use sealgate_jose::jwk::{OctJwk, PublicJwk};
use serde_json::Value;
use zeroize::Zeroizing;

/// A key that seals with exactly one algorithm.
pub struct SealKey(Kind);

enum Kind {
    Raw(Zeroizing<[u8; 32]>),
    Jwe(Box<EncryptionKey>),
}

impl SealKey {
    /// From a secret shared with the recipient: `A256GCM` (raw bodies), `dir` (for A256GCM),
    /// `A*KW`, `A*GCMKW`.
    ///
    /// # Errors
    /// [`KeyFault::UnsupportedType`] for another algorithm, [`KeyFault::Length`] for a secret of a
    /// length that it does not have.
    pub fn shared(alg: &str, secret: &[u8]) -> Result<Self, KeyFault> {
        if alg == "A256GCM" {
            let key: [u8; 32] = secret.try_into().map_err(|_| KeyFault::Length)?;
            return Ok(Self(Kind::Raw(Zeroizing::new(key))));
        }
        let alg = KeyManagement::from_name(alg).ok_or(KeyFault::UnsupportedType)?;
        if alg.is_asymmetric() {
            return Err(KeyFault::UnsupportedType);
        }
        let key = EncryptionKey::symmetric(alg, ContentEncryption::A256Gcm, secret)?;
        Ok(Self(Kind::Jwe(Box::new(key))))
    }

    /// From a JWK: EC and OKP mean `ECDH-ES+A256KW`, RSA `RSA-OAEP-256`, oct `dir`, unless `alg`
    /// (the argument, else the member) says otherwise. Whether HPKE is let in is the caller's to say.
    ///
    /// # Errors
    /// [`KeyFault`] when the JWK is not one of these, or does not go with the algorithm.
    pub fn from_jwk(jwk: &Value, alg: Option<&str>) -> Result<Self, KeyFault> {
        let member = |name: &str| jwk.get(name).and_then(Value::as_str);
        let alg = alg.or_else(|| member("alg"));
        let usual = match member("kty") {
            Some("oct") => {
                let key = OctJwk::from_value(jwk)?;
                return Self::shared(alg.unwrap_or("dir"), key.expose());
            }
            Some("RSA") => "RSA-OAEP-256",
            _ => "ECDH-ES+A256KW",
        };
        let alg =
            KeyManagement::from_name(alg.unwrap_or(usual)).ok_or(KeyFault::UnsupportedType)?;
        let key = match alg.is_hpke() {
            true => EncryptionKey::hpke(alg, jwk)?,
            false => EncryptionKey::public(alg, &PublicJwk::from_value(jwk)?)?,
        };
        Ok(Self(Kind::Jwe(Box::new(key))))
    }

    /// Name of the algorithm.
    #[must_use]
    pub fn alg(&self) -> &'static str {
        match &self.0 {
            Kind::Raw(_) => "A256GCM",
            Kind::Jwe(key) => key.alg().name(),
        }
    }

    /// The algorithm as [`crate::Format::takes`] asks for it.
    #[must_use]
    pub fn management(&self) -> Option<KeyManagement> {
        self.jwe().map(EncryptionKey::alg)
    }

    /// The key of JWEs.
    #[must_use]
    pub fn jwe(&self) -> Option<&EncryptionKey> {
        match &self.0 {
            Kind::Raw(_) => None,
            Kind::Jwe(key) => Some(key),
        }
    }

    /// The key of raw AES-256-GCM bodies.
    #[must_use]
    pub fn raw(&self) -> Option<&[u8; 32]> {
        match &self.0 {
            Kind::Raw(key) => Some(key),
            Kind::Jwe(_) => None,
        }
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealKey({})", self.alg())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_key_is_used_as_its_type_or_its_alg_says() {
        let oct = json!({ "kty": "oct", "k": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" });
        let alg = |alg| SealKey::from_jwk(&oct, alg).map(|key| key.alg());
        assert_eq!(alg(None), Ok("dir"));
        assert_eq!(alg(Some("A256KW")), Ok("A256KW"));
        assert_eq!(alg(Some("A256GCMKW")), Ok("A256GCMKW"));
        assert_eq!(alg(Some("A256GCM")), Ok("A256GCM"));
        assert_eq!(alg(Some("RSA-OAEP-256")), Err(KeyFault::UnsupportedType));
        assert!(SealKey::from_jwk(&json!({ "kty": "none" }), None).is_err());
        assert_eq!(
            SealKey::shared("dir", &[0; 31]).err(),
            Some(KeyFault::Length)
        );
        let key = SealKey::shared("A256GCM", &[0xab; 32]).unwrap();
        assert_eq!(format!("{key:?}"), "SealKey(A256GCM)");
    }
}
