//! `kty` RSA, public part only: sealing with RSA-OAEP, and verification of signatures.
//!
//! RUSTSEC-2023-0071 (timing of RSA private operations) does not apply: there is no private key.

use core::fmt;

use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::traits::{PaddingScheme, PublicKeyParts};
use rsa::{BoxedUint, Oaep, RsaPublicKey};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

use super::{number, refuse_private, text, thumbprint};
use crate::jwe::{KeyManagement, Random};
use crate::limits::RSA_ENCRYPTED_KEY_BYTES;
use crate::{JoseError, KeyFault, RandomError, base64url};

/// An RSA public key of 2048 to 8192 bits with an odd exponent of at least 3.
#[derive(Clone, PartialEq, Eq)]
pub struct RsaPublicJwk(RsaPublicKey);

impl RsaPublicJwk {
    /// Reads the members `kty`, `n` and `e`; refuses private ones.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn from_value(jwk: &Value) -> Result<Self, KeyFault> {
        refuse_private(jwk)?;
        if text(jwk, "kty")? != "RSA" {
            return Err(KeyFault::UnsupportedType);
        }
        Self::from_components(&number(jwk, "n")?, &number(jwk, "e")?)
    }

    /// Takes big-endian modulus and exponent.
    ///
    /// # Errors
    /// [`KeyFault::Length`] for a modulus outside 2048 to 8192 bits, [`KeyFault::WeakModulus`] for
    /// one of the ROCA generator (CVE-2017-15361), [`KeyFault::Malformed`] for numbers that are no
    /// RSA key (leading zeros, even modulus, exponent below 3 or above 33 bits).
    pub fn from_components(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyFault> {
        if !RSA_ENCRYPTED_KEY_BYTES.contains(&modulus.len())
            || modulus.first().is_none_or(|byte| *byte < 0x80)
        {
            return Err(KeyFault::Length);
        }
        if exponent.first().is_none_or(|byte| *byte == 0) {
            return Err(KeyFault::Malformed);
        }
        if super::roca::is_fingerprinted(modulus) {
            return Err(KeyFault::WeakModulus);
        }
        let modulus = BoxedUint::from_be_slice_vartime(modulus);
        let exponent = BoxedUint::from_be_slice_vartime(exponent);
        RsaPublicKey::new_with_size_limits(modulus, exponent, 2048..=8192)
            .map(Self)
            .map_err(|_| KeyFault::Malformed)
    }

    /// Length of the modulus, an encrypted key and a signature in bytes.
    #[must_use]
    pub fn modulus_bytes(&self) -> usize {
        self.0.size()
    }

    /// The public JWK with the required members only.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let number = |number: &BoxedUint| base64url::encode(&number.to_be_bytes_trimmed_vartime());
        json!({ "e": number(self.0.e()), "kty": "RSA", "n": number(self.0.n()) })
    }

    /// SHA-256 thumbprint (RFC 7638 section 3.2), 32 bytes.
    #[must_use]
    pub fn thumbprint(&self) -> [u8; 32] {
        thumbprint(&self.to_value())
    }

    /// The library's key.
    pub(crate) const fn key(&self) -> &RsaPublicKey {
        &self.0
    }

    /// RSAES-OAEP with the hash of `alg` for hash and MGF1, empty label (RFC 7518 section 4.3).
    pub(crate) fn encrypt_oaep(
        &self,
        alg: KeyManagement,
        message: &[u8],
        random: &mut Random<'_>,
    ) -> Result<Vec<u8>, JoseError> {
        let mut source = Source {
            random,
            failed: false,
        };
        let encrypted = match alg {
            KeyManagement::RsaOaep => Oaep::<Sha1>::new().encrypt(&mut source, &self.0, message),
            KeyManagement::RsaOaep256 => {
                Oaep::<Sha256>::new().encrypt(&mut source, &self.0, message)
            }
            KeyManagement::RsaOaep384 => {
                Oaep::<Sha384>::new().encrypt(&mut source, &self.0, message)
            }
            KeyManagement::RsaOaep512 => {
                Oaep::<Sha512>::new().encrypt(&mut source, &self.0, message)
            }
            _ => return Err(KeyFault::Purpose.into()),
        };
        if source.failed {
            return Err(JoseError::Random);
        }
        encrypted.map_err(|_| KeyFault::Length.into())
    }
}

impl fmt::Debug for RsaPublicJwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RsaPublicJwk")
            .field("bytes", &self.modulus_bytes())
            .finish()
    }
}

/// The caller's random source in the shape the library wants.
struct Source<'a, 'r> {
    random: &'a mut Random<'r>,
    failed: bool,
}

impl TryRng for Source<'_, '_> {
    type Error = RandomError;

    fn try_next_u32(&mut self) -> Result<u32, RandomError> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, RandomError> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
        (self.random)(bytes).inspect_err(|_| self.failed = true)
    }
}

impl TryCryptoRng for Source<'_, '_> {}
