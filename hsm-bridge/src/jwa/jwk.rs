//! Public keys as JWK, and their thumbprints.

use base64ct::{Base64UrlUnpadded, Encoding};
use sha2::{Digest, Sha256};

use crate::token::{KeyKind, Purpose};

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
        KeyKind::Ec {
            curve,
            point: Some(point),
        } => Some(match curve.coordinates(point)? {
            (x, Some(y)) => serde_json::json!({
                "crv": curve.name(),
                "kty": "EC",
                "x": Base64UrlUnpadded::encode_string(x),
                "y": Base64UrlUnpadded::encode_string(y),
            }),
            (x, None) => serde_json::json!({
                "crv": curve.name(),
                "kty": "OKP",
                "x": Base64UrlUnpadded::encode_string(x),
            }),
        }),
        KeyKind::Rsa { modulus, exponent } => Some(serde_json::json!({
            "e": Base64UrlUnpadded::encode_string(exponent),
            "kty": "RSA",
            "n": Base64UrlUnpadded::encode_string(modulus),
        })),
        KeyKind::MlKem768 {
            public: Some(public),
        } => Some(lattice("ML-KEM-768", public)),
        KeyKind::MlDsa65 {
            public: Some(public),
        } => Some(lattice("ML-DSA-65", public)),
        _ => None,
    }
}

/// A key whose type is its algorithm (draft-ietf-cose-dilithium, section "AKP Key Type").
fn lattice(alg: &str, public: &[u8]) -> serde_json::Value {
    serde_json::json!({
        "alg": alg,
        "kty": "AKP",
        "pub": Base64UrlUnpadded::encode_string(public),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::Curve;

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

    /// RFC 8037 appendix A.3.
    #[test]
    fn the_thumbprint_of_an_octet_key_pair_is_that_of_the_rfc() {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let kind = KeyKind::Ec {
            curve: Curve::Ed25519,
            point: Some(Base64UrlUnpadded::decode_vec(x).unwrap()),
        };
        assert_eq!(
            thumbprint(&kind).unwrap(),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        );
    }

    #[test]
    fn a_secret_key_has_no_jwk() {
        assert_eq!(jwk(&KeyKind::Hmac { bytes: 32 }, "k", Purpose::Mac), None);
        assert_eq!(thumbprint(&KeyKind::Aes { bytes: 32 }), None);
    }
}
