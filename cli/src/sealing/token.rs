//! Access tokens: claims signed by an issuer, then encrypted to the gate.

use anyhow::{Context, Result, bail};
use base64ct::{Base64UrlUnpadded, Encoding};
use sealgate_jose::jwe::{ContentEncryption, SealSpec, seal_compact};
use sealgate_jose::jws::{SignKey, SignSpec, sign_compact};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::keys::Recipient;
use super::random;

/// The issuer's signing key and its id.
pub(crate) struct Issuer {
    pub(crate) key: SignKey,
    pub(crate) kid: Option<String>,
}

impl Issuer {
    /// A fresh ES256 key, and the same as a private JWK.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub(crate) fn generate(kid: &str) -> Result<(Self, Value)> {
        loop {
            let mut scalar = Zeroizing::new([0; 32]);
            random(scalar.as_mut_slice()).map_err(|_| anyhow::anyhow!("no randomness"))?;
            // Out of range once in 2^32.
            if let Ok(key) = SignKey::es256(scalar.as_slice()) {
                let d = Base64UrlUnpadded::encode_string(scalar.as_slice());
                let jwk = json!({ "kty": "EC", "crv": "P-256", "kid": kid, "d": d });
                return Ok((
                    Self {
                        key,
                        kid: Some(kid.to_owned()),
                    },
                    jwk,
                ));
            }
        }
    }

    /// From a private JWK: EC P-256 (ES256), OKP Ed25519 (EdDSA) or oct (HS256).
    ///
    /// # Errors
    /// When it is not one of these.
    pub(crate) fn from_jwk(jwk: &Value) -> Result<Self> {
        let member = |name: &str| jwk.get(name).and_then(Value::as_str);
        let secret = |name: &str| -> Result<Zeroizing<Vec<u8>>> {
            let text = member(name).with_context(|| format!("the issuer's JWK has no {name}"))?;
            Base64UrlUnpadded::decode_vec(text)
                .map(Zeroizing::new)
                .map_err(|_| anyhow::anyhow!("{name} of the issuer's JWK is not base64url"))
        };
        let unusable = |error| anyhow::anyhow!("the issuer's JWK is unusable: {error}");
        let key = match (member("kty"), member("crv")) {
            (Some("EC"), Some("P-256")) => SignKey::es256(&secret("d")?).map_err(unusable)?,
            (Some("OKP"), Some("Ed25519")) => {
                let seed = secret("d")?;
                let seed: &[u8; 32] = seed
                    .as_slice()
                    .try_into()
                    .ok()
                    .context("an Ed25519 seed has 32 bytes")?;
                SignKey::ed25519(seed)
            }
            (Some("oct"), _) => SignKey::hs256(&secret("k")?).map_err(unusable)?,
            _ => bail!("an issuer's JWK is EC P-256, OKP Ed25519 or oct"),
        };
        Ok(Self {
            key,
            kid: member("kid").map(Into::into),
        })
    }

    /// The public half as a JWK, for the policy; `None` for a shared secret.
    pub(crate) fn public_jwk(&self) -> Option<Value> {
        if let Some(key) = self.key.ec_public() {
            let text = |bytes: &[u8]| Base64UrlUnpadded::encode_string(bytes);
            return Some(json!({
                "kty": "EC", "crv": "P-256", "x": text(key.x()), "y": text(key.y()),
            }));
        }
        None
    }

    /// Signs the claims; with a recipient, encrypts the result to it (nested JWT, RFC 7519).
    ///
    /// # Errors
    /// When a key does not fit.
    pub(crate) fn token(&self, claims: &Value, to: Option<&TokenRecipient>) -> Result<String> {
        let spec = SignSpec {
            kid: self.kid.as_deref(),
            typ: Some("JWT"),
            ..SignSpec::default()
        };
        let signed = sign_compact(claims.to_string().as_bytes(), &spec, &self.key)
            .map_err(|error| anyhow::anyhow!("the token cannot be signed: {error}"))?;
        let Some(to) = to else { return Ok(signed) };
        let spec = SealSpec {
            kid: to.kid.as_deref(),
            typ: Some("JWT"),
            cty: Some("JWT"),
            ..SealSpec::new(ContentEncryption::A256Gcm)
        };
        seal_compact(signed.as_bytes(), &spec, to.key.key(), &mut random)
            .map_err(|error| anyhow::anyhow!("the token cannot be encrypted: {error}"))
    }
}

/// Whom a token is encrypted for.
pub(crate) struct TokenRecipient {
    pub(crate) key: Recipient,
    pub(crate) kid: Option<String>,
}
