//! `kty` RSA, public part, for sealing only (feature `rsa-seal`).
//!
//! RUSTSEC-2023-0071 (timing of RSA private operations) does not apply: there is no private key.

use core::fmt;

use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::traits::{PaddingScheme, PublicKeyParts};
use rsa::{BoxedUint, Oaep, RsaPublicKey};
use serde_json::Value;
use sha2::Sha256;

use super::{BOUNDS, refuse_private, text};
use crate::jwe::Random;
use crate::limits::RSA_ENCRYPTED_KEY_BYTES;
use crate::{JoseError, KeyFault, RandomError, base64url, json};

/// An RSA public key of 2048 to 8192 bits.
#[derive(Clone, PartialEq, Eq)]
pub struct RsaPublicJwk(RsaPublicKey);

impl RsaPublicJwk {
    /// Reads a JWK from JSON text.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn from_slice(text: &[u8]) -> Result<Self, KeyFault> {
        let members = json::object(text, BOUNDS).map_err(|_| KeyFault::Malformed)?;
        Self::from_value(&Value::Object(members))
    }

    /// Reads the members `kty`, `n` and `e`; refuses private ones.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn from_value(jwk: &Value) -> Result<Self, KeyFault> {
        refuse_private(jwk)?;
        if text(jwk, "kty")? != "RSA" {
            return Err(KeyFault::UnsupportedType);
        }
        let number =
            |name| base64url::decode(text(jwk, name)?.as_bytes()).map_err(|_| KeyFault::Malformed);
        Self::from_components(&number("n")?, &number("e")?)
    }

    /// Takes big-endian modulus and exponent.
    ///
    /// # Errors
    /// [`KeyFault::Length`] for a modulus outside 2048 to 8192 bits, [`KeyFault::Malformed`] for
    /// numbers that are no RSA key (even modulus, exponent below 3 or above 33 bits).
    pub fn from_components(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyFault> {
        if !RSA_ENCRYPTED_KEY_BYTES.contains(&modulus.len())
            || modulus.first().is_none_or(|byte| *byte < 0x80)
        {
            return Err(KeyFault::Length);
        }
        let modulus = BoxedUint::from_be_slice_vartime(modulus);
        let exponent = BoxedUint::from_be_slice_vartime(exponent);
        RsaPublicKey::new_with_size_limits(modulus, exponent, 2048..=8192)
            .map(Self)
            .map_err(|_| KeyFault::Malformed)
    }

    /// Length of an encrypted key in bytes.
    #[must_use]
    pub fn modulus_bytes(&self) -> usize {
        self.0.size()
    }

    /// RSAES-OAEP with SHA-256 for hash and MGF1, empty label (RFC 7518 section 4.3).
    pub(crate) fn encrypt_oaep_256(
        &self,
        message: &[u8],
        random: &mut Random<'_>,
    ) -> Result<Vec<u8>, JoseError> {
        let mut source = Source {
            random,
            failed: false,
        };
        let encrypted = Oaep::<Sha256>::new().encrypt(&mut source, &self.0, message);
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
