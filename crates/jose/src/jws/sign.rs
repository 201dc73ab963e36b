//! Signing, for clients (the CLI), responses and tests; deterministic, so no randomness is needed.
//!
//! `RS*` and `PS*` are signed elsewhere (RSA private keys live in a token): [`Unsigned`] says what.

use core::fmt;

use ed25519_dalek::SigningKey as EdSigningKey;
use p256::ecdsa::signature::Signer;
use serde_json::{Map, Value, json};

use super::SignatureAlgorithm;
use super::algorithm::{Family, Hash};
use super::mac::MacKey;
use crate::jwk::{Curve, EcPublicJwk, Ed25519PublicJwk};
use crate::{JoseError, KeyFault, Malformed, base64url, members};

/// A key that signs with one algorithm; wiped on drop.
pub struct SignKey(Inner);

enum Inner {
    Mac(MacKey),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
    Ed25519(EdSigningKey),
}

impl SignKey {
    /// A key of `HS256`, `HS384` or `HS512`.
    ///
    /// # Errors
    /// [`KeyFault::Length`] for a secret shorter than the hash (RFC 7518 section 3.2),
    /// [`KeyFault::Purpose`] for another `alg`.
    pub fn mac(alg: SignatureAlgorithm, secret: &[u8]) -> Result<Self, KeyFault> {
        match alg.family() {
            Family::Hmac(hash) => MacKey::new(hash, secret).map(Inner::Mac).map(Self),
            _ => Err(KeyFault::Purpose),
        }
    }

    /// An HS256 key.
    ///
    /// # Errors
    /// [`KeyFault::Length`] below 32 bytes (RFC 7518 section 3.2).
    pub fn hs256(secret: &[u8]) -> Result<Self, KeyFault> {
        Self::mac(SignatureAlgorithm::Hs256, secret)
    }

    /// An ECDSA key from its big-endian scalar, as long as the field of `curve`.
    ///
    /// # Errors
    /// [`KeyFault::Length`] unless it is a scalar of the curve's order.
    pub fn ecdsa(curve: Curve, scalar: &[u8]) -> Result<Self, KeyFault> {
        if scalar.len() != curve.field_bytes() {
            return Err(KeyFault::Length);
        }
        match curve {
            Curve::P256 => p256::ecdsa::SigningKey::from_slice(scalar).map(Inner::P256),
            Curve::P384 => p384::ecdsa::SigningKey::from_slice(scalar).map(Inner::P384),
            Curve::P521 => p521::ecdsa::SigningKey::from_slice(scalar).map(Inner::P521),
        }
        .map(Self)
        .map_err(|_| KeyFault::Length)
    }

    /// An ES256 key from its 32-byte big-endian scalar.
    ///
    /// # Errors
    /// As [`SignKey::ecdsa`].
    pub fn es256(scalar: &[u8]) -> Result<Self, KeyFault> {
        Self::ecdsa(Curve::P256, scalar)
    }

    /// An EdDSA key from its 32-byte seed.
    #[must_use]
    pub fn ed25519(seed: &[u8; 32]) -> Self {
        Self(Inner::Ed25519(EdSigningKey::from_bytes(seed)))
    }

    /// The algorithm of this key.
    #[must_use]
    pub const fn alg(&self) -> SignatureAlgorithm {
        match &self.0 {
            Inner::Mac(key) => match key.hash {
                Hash::Sha256 => SignatureAlgorithm::Hs256,
                Hash::Sha384 => SignatureAlgorithm::Hs384,
                Hash::Sha512 => SignatureAlgorithm::Hs512,
            },
            Inner::P256(_) => SignatureAlgorithm::Es256,
            Inner::P384(_) => SignatureAlgorithm::Es384,
            Inner::P521(_) => SignatureAlgorithm::Es512,
            Inner::Ed25519(_) => SignatureAlgorithm::EdDsa,
        }
    }

    /// The public half of an ECDSA key.
    #[must_use]
    pub fn ec_public(&self) -> Option<EcPublicJwk> {
        let (curve, point) = match &self.0 {
            Inner::P256(key) => (
                Curve::P256,
                key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            ),
            Inner::P384(key) => (
                Curve::P384,
                key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            ),
            Inner::P521(key) => (
                Curve::P521,
                key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            ),
            _ => return None,
        };
        EcPublicJwk::from_sec1(curve, &point).ok()
    }

    /// The public half of an EdDSA key.
    #[must_use]
    pub fn ed25519_public(&self) -> Option<Ed25519PublicJwk> {
        let Inner::Ed25519(key) = &self.0 else {
            return None;
        };
        Ed25519PublicJwk::from_bytes(key.verifying_key().to_bytes()).ok()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, JoseError> {
        let refused = |_| JoseError::Key(KeyFault::Length);
        match &self.0 {
            Inner::Mac(key) => key.compute(message).ok_or(KeyFault::Length.into()),
            Inner::P256(key) => {
                let signature: p256::ecdsa::Signature = key.try_sign(message).map_err(refused)?;
                Ok(signature.to_bytes().to_vec())
            }
            Inner::P384(key) => {
                let signature: p384::ecdsa::Signature = key.try_sign(message).map_err(refused)?;
                Ok(signature.to_bytes().to_vec())
            }
            Inner::P521(key) => {
                let signature: p521::ecdsa::Signature = key.try_sign(message).map_err(refused)?;
                Ok(signature.to_bytes().to_vec())
            }
            Inner::Ed25519(key) => Ok(key.sign(message).to_bytes().to_vec()),
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

/// Where the payload of a token is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PayloadForm {
    /// In the token.
    #[default]
    Attached,
    /// Elsewhere; signed in base64url (RFC 7515 appendix F).
    Detached,
    /// Elsewhere; signed as it is, with `b64` false and `crit` (RFC 7797).
    DetachedUnencoded,
}

/// What goes into the protected header besides `alg`, and the form of the token.
#[derive(Clone, Copy, Debug, Default)]
pub struct SignSpec<'a> {
    /// `kid`.
    pub kid: Option<&'a str>,
    /// `typ`.
    pub typ: Option<&'a str>,
    /// `cty`.
    pub cty: Option<&'a str>,
    /// More members; none that this crate gives a meaning.
    pub extra: Option<&'a Map<String, Value>>,
    /// Where the payload is.
    pub form: PayloadForm,
}

/// A token that lacks its signature, for signers elsewhere.
#[derive(Clone, Debug)]
pub struct Unsigned {
    alg: SignatureAlgorithm,
    header: String,
    signing_input: Vec<u8>,
    form: PayloadForm,
}

impl Unsigned {
    /// Prepares a token over `payload`.
    ///
    /// # Errors
    /// [`JoseError::NotSealable`] for members in [`SignSpec::extra`] that are not its to set.
    pub fn new(
        alg: SignatureAlgorithm,
        payload: &[u8],
        spec: &SignSpec<'_>,
    ) -> Result<Self, JoseError> {
        let mut members = spec.extra.cloned().unwrap_or_default();
        let taken = ["alg", "kid", "typ", "cty"];
        if taken.iter().any(|name| members.contains_key(*name))
            || members::refuse_extensions(&members).is_err()
        {
            return Err(JoseError::NotSealable);
        }
        members.insert("alg".into(), alg.name().into());
        for (name, value) in [("kid", spec.kid), ("typ", spec.typ), ("cty", spec.cty)] {
            if let Some(value) = value {
                members.insert(name.into(), value.into());
            }
        }
        let unencoded = spec.form == PayloadForm::DetachedUnencoded;
        if unencoded {
            members.insert("b64".into(), false.into());
            members.insert("crit".into(), json!(["b64"]));
        }
        let header = base64url::encode(Value::Object(members).to_string().as_bytes());
        let mut signing_input = header.clone().into_bytes();
        signing_input.push(b'.');
        match unencoded {
            true => signing_input.extend_from_slice(payload),
            false => signing_input.extend_from_slice(base64url::encode(payload).as_bytes()),
        }
        Ok(Self {
            alg,
            header,
            signing_input,
            form: spec.form,
        })
    }

    /// What is to be signed.
    #[must_use]
    pub fn signing_input(&self) -> &[u8] {
        &self.signing_input
    }

    /// The token with its signature; detached forms have nothing between the two dots.
    ///
    /// # Errors
    /// [`Malformed::SignatureLength`] for a signature that the algorithm cannot produce.
    pub fn finish(self, signature: &[u8]) -> Result<String, JoseError> {
        if !self.alg.fits_signature(signature.len()) {
            return Err(Malformed::SignatureLength.into());
        }
        let mut token = match self.form {
            PayloadForm::Attached => {
                String::from_utf8(self.signing_input).map_err(|_| JoseError::NotSealable)?
            }
            _ => [self.header.as_str(), "."].concat(),
        };
        token.push('.');
        token.push_str(&base64url::encode(signature));
        Ok(token)
    }
}

/// Signs `payload` into a compact token, detached if `spec` says so.
///
/// # Errors
/// [`JoseError::Key`] when the library refuses the key; as [`Unsigned::new`].
pub fn sign_compact(
    payload: &[u8],
    spec: &SignSpec<'_>,
    key: &SignKey,
) -> Result<String, JoseError> {
    let unsigned = Unsigned::new(key.alg(), payload, spec)?;
    let signature = key.sign(unsigned.signing_input())?;
    unsigned.finish(&signature)
}
