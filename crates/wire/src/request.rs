//! What a caller asks of a key.

use serde::{Deserialize, Serialize};

use crate::bytes;
use crate::{KeyFailure, MAX_BODY_BYTES, WireError};

/// One operation on one key; the key's name travels in the path ([`crate::path`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Recover a content key that was wrapped for this key.
    Unwrap(UnwrapRequest),
    /// Compute a message authentication code with this key.
    Mac(MacRequest),
    /// Sign with this key.
    Sign(SignRequest),
    /// Check a message authentication code with this key.
    MacVerify(MacVerifyRequest),
    /// Check a signature of this key.
    Verify(VerifyRequest),
}

impl Operation {
    /// The end of the path: `unwrap`, `mac`, `sign`, `mac/verify` or `verify`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unwrap(_) => "unwrap",
            Self::Mac(_) => "mac",
            Self::Sign(_) => "sign",
            Self::MacVerify(_) => "mac/verify",
            Self::Verify(_) => "verify",
        }
    }
}

/// Body of `unwrap`: the key-management part of a JWE (RFC 7516), already decoded from base64url.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnwrapRequest {
    /// JWE `alg`, one of those in `WIRE.md`.
    pub alg: String,
    /// JWE Encrypted Key, in bytes; for `ML-KEM-768` the ciphertext. Empty (and then absent in the
    /// JSON) for `ECDH-ES`.
    #[serde(with = "bytes::plain", default, skip_serializing_if = "Vec::is_empty")]
    pub ek: Vec<u8>,
    /// Ephemeral public key of the `ECDH-ES` family.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub epk: Option<EphemeralPublicKey>,
    /// Agreement PartyUInfo (RFC 7518 section 4.6.1.2).
    #[serde(
        with = "bytes::optional",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub apu: Option<Vec<u8>>,
    /// Agreement PartyVInfo (RFC 7518 section 4.6.1.3).
    #[serde(
        with = "bytes::optional",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub apv: Option<Vec<u8>>,
    /// Nonce of the key's encryption, 12 bytes: AES-GCM key wrap only (RFC 7518 section 4.7.1.1).
    #[serde(
        with = "bytes::optional",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub iv: Option<Vec<u8>>,
    /// Tag of the key's encryption, 16 bytes: AES-GCM key wrap only (RFC 7518 section 4.7.1.2).
    #[serde(
        with = "bytes::optional",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub tag: Option<Vec<u8>>,
    /// JWE `enc`. It fixes the length of the content key, and is the AlgorithmID of `ECDH-ES`.
    pub enc: String,
}

/// A public key as in a JWK (RFC 7518 section 6.2.1), coordinates in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EphemeralPublicKey {
    /// `EC`, or `OKP` (RFC 8037).
    pub kty: String,
    /// `P-256`, `P-384`, `P-521` or `X25519`.
    pub crv: String,
    /// x coordinate, big-endian, as long as the field.
    #[serde(with = "bytes::plain")]
    pub x: Vec<u8>,
    /// y coordinate; absent for curves that have none.
    #[serde(
        with = "bytes::optional",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub y: Option<Vec<u8>>,
}

/// Body of `mac`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MacRequest {
    /// `HS256`, `HS384` or `HS512`.
    pub alg: String,
    /// What is authenticated.
    #[serde(with = "bytes::plain")]
    pub data: Vec<u8>,
}

/// Body of `mac/verify`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MacVerifyRequest {
    /// As in [`MacRequest`].
    pub alg: String,
    /// What is authenticated.
    #[serde(with = "bytes::plain")]
    pub data: Vec<u8>,
    /// The code, whole.
    #[serde(with = "bytes::plain")]
    pub mac: Vec<u8>,
}

/// Body of `sign`: exactly one of `digest` and `data`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignRequest {
    /// JWS `alg`, one of those in `WIRE.md`.
    pub alg: String,
    /// Digest of the message, by the hash of `alg`; not for `EdDSA` and `ML-DSA-65`, which sign the
    /// message itself.
    #[serde(
        with = "bytes::optional",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub digest: Option<Vec<u8>>,
    /// The message itself; the bridge hashes it.
    #[serde(
        with = "bytes::optional",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub data: Option<Vec<u8>>,
}

/// Body of `verify`: exactly one of `digest` and `data`, as in [`SignRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifyRequest {
    /// As in [`SignRequest`].
    pub alg: String,
    /// Digest of the message.
    #[serde(
        with = "bytes::optional",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub digest: Option<Vec<u8>>,
    /// The message itself.
    #[serde(
        with = "bytes::optional",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub data: Option<Vec<u8>>,
    /// The signature as JWS has it.
    #[serde(with = "bytes::plain")]
    pub sig: Vec<u8>,
}

/// The JSON body of an operation.
///
/// # Errors
/// [`WireError::TooLarge`] when it would exceed [`MAX_BODY_BYTES`]; [`WireError::Shape`] for a
/// signing request without exactly one of `digest` and `data`.
pub fn encode(op: &Operation) -> Result<Vec<u8>, WireError> {
    let body = match op {
        Operation::Unwrap(request) => serde_json::to_vec(request),
        Operation::Mac(request) => serde_json::to_vec(request),
        Operation::MacVerify(request) => serde_json::to_vec(request),
        Operation::Sign(request) if one_of(&request.digest, &request.data) => {
            serde_json::to_vec(request)
        }
        Operation::Verify(request) if one_of(&request.digest, &request.data) => {
            serde_json::to_vec(request)
        }
        Operation::Sign(_) | Operation::Verify(_) => return Err(WireError::Shape),
    }
    .map_err(|_| WireError::Shape)?;
    if body.len() > MAX_BODY_BYTES {
        Err(WireError::TooLarge)
    } else {
        Ok(body)
    }
}

/// Reads the body of `unwrap`.
///
/// # Errors
/// [`KeyFailure::TooLarge`] over [`MAX_BODY_BYTES`], else [`KeyFailure::BadRequest`].
pub fn decode_unwrap_request(body: &[u8]) -> Result<UnwrapRequest, KeyFailure> {
    decode(body)
}

/// Reads the body of `mac`.
///
/// # Errors
/// As [`decode_unwrap_request`].
pub fn decode_mac_request(body: &[u8]) -> Result<MacRequest, KeyFailure> {
    decode(body)
}

/// Reads the body of `sign`.
///
/// # Errors
/// As [`decode_unwrap_request`]; also when not exactly one of `digest` and `data` is there.
pub fn decode_sign_request(body: &[u8]) -> Result<SignRequest, KeyFailure> {
    let request: SignRequest = decode(body)?;
    if one_of(&request.digest, &request.data) {
        Ok(request)
    } else {
        Err(KeyFailure::BadRequest)
    }
}

/// Reads the body of `mac/verify`.
///
/// # Errors
/// As [`decode_unwrap_request`].
pub fn decode_mac_verify_request(body: &[u8]) -> Result<MacVerifyRequest, KeyFailure> {
    decode(body)
}

/// Reads the body of `verify`.
///
/// # Errors
/// As [`decode_sign_request`].
pub fn decode_verify_request(body: &[u8]) -> Result<VerifyRequest, KeyFailure> {
    let request: VerifyRequest = decode(body)?;
    if one_of(&request.digest, &request.data) {
        Ok(request)
    } else {
        Err(KeyFailure::BadRequest)
    }
}

pub(crate) fn decode<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, KeyFailure> {
    if body.len() > MAX_BODY_BYTES {
        return Err(KeyFailure::TooLarge);
    }
    serde_json::from_slice(body).map_err(|_| KeyFailure::BadRequest)
}

fn one_of(digest: &Option<Vec<u8>>, data: &Option<Vec<u8>>) -> bool {
    digest.is_some() != data.is_some()
}

// `null` is not absence: a field that is there must hold its object.
fn present<'de, D: serde::Deserializer<'de>>(
    from: D,
) -> Result<Option<EphemeralPublicKey>, D::Error> {
    EphemeralPublicKey::deserialize(from).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unwrap_request() -> UnwrapRequest {
        UnwrapRequest {
            alg: "ECDH-ES+A256KW".into(),
            ek: vec![0xff; 40],
            epk: Some(EphemeralPublicKey {
                kty: "EC".into(),
                crv: "P-256".into(),
                x: vec![1; 32],
                y: Some(vec![2; 32]),
            }),
            apu: Some(b"alice".to_vec()),
            apv: None,
            iv: None,
            tag: None,
            enc: "A256GCM".into(),
        }
    }

    #[test]
    fn an_unwrap_request_survives_the_round_trip() {
        let request = unwrap_request();
        let body = encode(&Operation::Unwrap(request.clone())).unwrap();
        assert_eq!(decode_unwrap_request(&body), Ok(request));
    }

    #[test]
    fn nonce_and_tag_of_a_wrapped_key_survive_the_round_trip() {
        let request = UnwrapRequest {
            epk: None,
            apu: None,
            iv: Some(vec![3; 12]),
            tag: Some(vec![4; 16]),
            ..unwrap_request()
        };
        let body = encode(&Operation::Unwrap(request.clone())).unwrap();
        assert_eq!(decode_unwrap_request(&body), Ok(request));
    }

    #[test]
    fn the_json_is_the_documented_one() {
        let request = UnwrapRequest {
            ek: Vec::new(),
            apu: None,
            ..unwrap_request()
        };
        let body = String::from_utf8(encode(&Operation::Unwrap(request)).unwrap()).unwrap();
        assert_eq!(
            body,
            format!(
                r#"{{"alg":"ECDH-ES+A256KW","epk":{{"kty":"EC","crv":"P-256","x":"{}","y":"{}"}},"enc":"A256GCM"}}"#,
                "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE",
                "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI",
            )
        );
    }

    #[test]
    fn malformed_bodies_are_bad_requests() {
        let bad: [&[u8]; 9] = [
            b"",
            b"null",
            b"{\"alg\":\"A256KW\",\"ek\":\"AAAA\"",
            b"{\"alg\":\"A256KW\",\"ek\":\"AA==\",\"enc\":\"A256GCM\"}",
            b"{\"alg\":\"A256KW\",\"ek\":\"A+//\",\"enc\":\"A256GCM\"}",
            b"{\"alg\":\"A256KW\",\"ek\":\"AAAA\",\"enc\":\"A256GCM\",\"extra\":1}",
            b"{\"alg\":\"A256KW\",\"alg\":\"dir\",\"ek\":\"AAAA\",\"enc\":\"A256GCM\"}",
            b"{\"alg\":\"ECDH-ES\",\"epk\":null,\"enc\":\"A256GCM\"}",
            b"{\"alg\":\"A256KW\",\"ek\":\"AAAA\",\"enc\":\"A256GCM\"} x",
        ];
        for body in bad {
            let shown = String::from_utf8_lossy(body);
            assert_eq!(
                decode_unwrap_request(body),
                Err(KeyFailure::BadRequest),
                "{shown}"
            );
        }
        let deep = format!("{{\"alg\":{}", "[".repeat(10_000));
        assert_eq!(
            decode_unwrap_request(deep.as_bytes()),
            Err(KeyFailure::BadRequest)
        );
    }

    #[test]
    fn the_size_limit_holds_in_both_directions() {
        let op = Operation::Mac(MacRequest {
            alg: "HS256".into(),
            data: vec![0; MAX_BODY_BYTES],
        });
        assert_eq!(encode(&op), Err(WireError::TooLarge));
        assert_eq!(
            decode_mac_request(&vec![b' '; MAX_BODY_BYTES + 1]),
            Err(KeyFailure::TooLarge)
        );
    }

    #[test]
    fn a_signing_request_has_exactly_one_input() {
        let request = |digest: Option<Vec<u8>>, data: Option<Vec<u8>>| SignRequest {
            alg: "ES256".into(),
            digest,
            data,
        };
        let both = request(Some(vec![0; 32]), Some(vec![1]));
        assert_eq!(
            encode(&Operation::Sign(both.clone())),
            Err(WireError::Shape)
        );
        assert_eq!(
            encode(&Operation::Sign(request(None, None))),
            Err(WireError::Shape)
        );
        let json = serde_json::to_vec(&both).unwrap();
        assert_eq!(decode_sign_request(&json), Err(KeyFailure::BadRequest));
        let verify = VerifyRequest {
            alg: "ES256".into(),
            digest: None,
            data: None,
            sig: vec![1; 64],
        };
        assert_eq!(encode(&Operation::Verify(verify)), Err(WireError::Shape));
        let one = request(Some(vec![0; 32]), None);
        let body = encode(&Operation::Sign(one.clone())).unwrap();
        assert_eq!(decode_sign_request(&body), Ok(one));
    }
}
