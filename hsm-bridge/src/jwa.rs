//! JOSE algorithms (RFC 7518) as orders to a token: checking what a caller sent before the token
//! is asked, and finishing what the token yields.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use sha2::{Digest, Sha256};

use crate::token::{KeyKind, MacHash, OaepHash, Order, Purpose};

mod concat_kdf;
mod mac;
mod unwrap;

pub use mac::{mac, sign};
pub use unwrap::{Unwrapping, unwrap};

/// An algorithm the bridge knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// RSA-OAEP with SHA-1.
    RsaOaep,
    /// RSA-OAEP with SHA-256.
    RsaOaep256,
    /// Direct key agreement.
    EcdhEs,
    /// Key agreement, then AES-256 key wrap.
    EcdhEsA256Kw,
    /// AES-256 key wrap.
    A256Kw,
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-512.
    Hs512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// RSA-PSS with SHA-256.
    Ps256,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::RsaOaep,
        Self::RsaOaep256,
        Self::EcdhEs,
        Self::EcdhEsA256Kw,
        Self::A256Kw,
        Self::Hs256,
        Self::Hs512,
        Self::Es256,
        Self::Ps256,
    ];

    /// The name in JOSE, in the configuration and on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RsaOaep => "RSA-OAEP",
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::EcdhEs => "ECDH-ES",
            Self::EcdhEsA256Kw => "ECDH-ES+A256KW",
            Self::A256Kw => "A256KW",
            Self::Hs256 => "HS256",
            Self::Hs512 => "HS512",
            Self::Es256 => "ES256",
            Self::Ps256 => "PS256",
        }
    }

    /// The algorithm of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    /// What a key of this algorithm is for.
    #[must_use]
    pub fn purpose(self) -> Purpose {
        match self {
            Self::RsaOaep | Self::RsaOaep256 | Self::EcdhEs | Self::EcdhEsA256Kw | Self::A256Kw => {
                Purpose::Unwrap
            }
            Self::Hs256 | Self::Hs512 => Purpose::Mac,
            Self::Es256 | Self::Ps256 => Purpose::Sign,
        }
    }

    /// Whether a key of this kind can serve it.
    #[must_use]
    pub fn fits(self, kind: &KeyKind) -> bool {
        match self {
            Self::RsaOaep | Self::RsaOaep256 | Self::Ps256 => matches!(kind, KeyKind::Rsa { .. }),
            Self::EcdhEs | Self::EcdhEsA256Kw | Self::Es256 => {
                matches!(kind, KeyKind::EcP256 { .. })
            }
            Self::A256Kw => matches!(kind, KeyKind::Aes { bytes: 0 | 32 }),
            Self::Hs256 | Self::Hs512 => matches!(kind, KeyKind::Hmac),
        }
    }

    /// An order of the kind this algorithm needs, for its self-test; its content is not used.
    #[must_use]
    pub fn sample(self) -> Order {
        match self {
            Self::RsaOaep => Order::DecryptOaep {
                hash: OaepHash::Sha1,
                ciphertext: Vec::new(),
            },
            Self::RsaOaep256 => Order::DecryptOaep {
                hash: OaepHash::Sha256,
                ciphertext: Vec::new(),
            },
            Self::EcdhEs | Self::EcdhEsA256Kw => Order::Agree { point: Vec::new() },
            Self::A256Kw => Order::UnwrapAes {
                wrapped: Vec::new(),
            },
            Self::Hs256 => Order::Mac {
                hash: MacHash::Sha256,
                data: Vec::new(),
            },
            Self::Hs512 => Order::Mac {
                hash: MacHash::Sha512,
                data: Vec::new(),
            },
            Self::Es256 => Order::SignEs256 { digest: [0; 32] },
            Self::Ps256 => Order::SignPs256 { digest: [0; 32] },
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.name())
    }
}

/// The base point of P-256, uncompressed (SEC 2, section 2.4.2).
pub const P256_BASE_POINT: [u8; 65] = [
    0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40,
    0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2,
    0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e,
    0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51,
    0xf5,
];

/// The public key as a JWK; `None` for a secret key, or when the token does not show the point.
#[must_use]
pub fn jwk(kind: &KeyKind, kid: &str, purpose: Purpose) -> Option<serde_json::Value> {
    let mut jwk = members(kind)?;
    let members = jwk.as_object_mut()?;
    members.insert("kid".into(), kid.into());
    members.insert(
        "use".into(),
        if purpose == Purpose::Sign {
            "sig"
        } else {
            "enc"
        }
        .into(),
    );
    Some(jwk)
}

/// JWK thumbprint (RFC 7638) with SHA-256, base64url; `None` as for [`jwk`].
#[must_use]
pub fn thumbprint(kind: &KeyKind) -> Option<String> {
    // The members sort by name in a JSON map, and are written without white space: the canonical
    // form of RFC 7638.
    let canonical = members(kind)?.to_string();
    Some(Base64UrlUnpadded::encode_string(&Sha256::digest(
        canonical.as_bytes(),
    )))
}

/// The required members of the JWK.
fn members(kind: &KeyKind) -> Option<serde_json::Value> {
    match kind {
        KeyKind::EcP256 { point: Some(point) } => Some(serde_json::json!({
            "crv": "P-256",
            "kty": "EC",
            "x": Base64UrlUnpadded::encode_string(point.get(1..33)?),
            "y": Base64UrlUnpadded::encode_string(point.get(33..65)?),
        })),
        KeyKind::Rsa { modulus, exponent } => Some(serde_json::json!({
            "e": Base64UrlUnpadded::encode_string(exponent),
            "kty": "RSA",
            "n": Base64UrlUnpadded::encode_string(modulus),
        })),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7638 section 3.1.
    #[test]
    fn the_thumbprint_is_that_of_the_rfc() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let kind = KeyKind::Rsa {
            modulus: Base64UrlUnpadded::decode_vec(n).unwrap(),
            exponent: vec![1, 0, 1],
        };
        assert_eq!(
            thumbprint(&kind).unwrap(),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
        );
    }

    #[test]
    fn the_base_point_is_on_the_curve_and_names_are_unique() {
        assert!(p256::PublicKey::from_sec1_bytes(&P256_BASE_POINT).is_ok());
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::from_name(algorithm.name()), Some(algorithm));
        }
        assert_eq!(Algorithm::from_name("RSA1_5"), None);
    }

    #[test]
    fn a_secret_key_has_no_jwk() {
        assert_eq!(jwk(&KeyKind::Hmac, "k", Purpose::Mac), None);
        assert_eq!(thumbprint(&KeyKind::Aes { bytes: 32 }), None);
    }
}
