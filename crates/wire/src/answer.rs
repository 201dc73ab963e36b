//! What the bridge answers.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::bytes;
use crate::{KeyFailure, MAX_BODY_BYTES, WireError, is_kid};

/// Answer of `unwrap`.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnwrapAnswer {
    /// The content-encryption key, as long as the request's `enc` demands.
    #[serde(with = "bytes::secret")]
    pub cek: Zeroizing<Vec<u8>>,
    /// The key that was used; [`decode_unwrap_answer`] has compared it with the one asked for.
    pub kid: String,
    /// Version of that key, from 1.
    pub ver: u32,
    /// Fingerprint of that key: base64url of a SHA-256.
    pub fp: String,
    /// Whether the bridge had the content key in its cache.
    pub cached: bool,
}

impl fmt::Debug for UnwrapAnswer {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("UnwrapAnswer")
            .field("cek", &"[redacted]")
            .field("kid", &self.kid)
            .field("ver", &self.ver)
            .field("fp", &self.fp)
            .field("cached", &self.cached)
            .finish()
    }
}

/// Answer of `mac`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MacAnswer {
    /// The code: 32 bytes for `HS256`, 64 for `HS512`.
    #[serde(with = "bytes::plain")]
    pub mac: Vec<u8>,
    /// Version of the key, from 1.
    pub ver: u32,
    /// Fingerprint of the key.
    pub fp: String,
}

/// Answer of `sign`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignAnswer {
    /// The signature as JWS has it: for `ES256` r and s, 32 bytes each.
    #[serde(with = "bytes::plain")]
    pub sig: Vec<u8>,
    /// Version of the key, from 1.
    pub ver: u32,
    /// Fingerprint of the key.
    pub fp: String,
}

/// Answer of `mac/verify` and `verify`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifyAnswer {
    /// Whether the code or signature is right.
    pub valid: bool,
    /// Version of the key that was asked last: the one that made it, when `valid`.
    pub ver: u32,
    /// Fingerprint of that version.
    pub fp: String,
}

/// Reads the answer to `unwrap`.
///
/// # Errors
/// The failure the bridge named; [`KeyFailure::Unreachable`] for a 503 or 504 that is not the
/// bridge's own; [`KeyFailure::Garbage`] for anything else, a 200 for another key included.
pub fn decode_unwrap_answer(
    status: u16,
    body: &[u8],
    expected_kid: &str,
) -> Result<UnwrapAnswer, KeyFailure> {
    let answer: UnwrapAnswer = decode(status, body)?;
    let right_key = is_kid(expected_kid) && answer.kid == expected_kid;
    let right_size = (MIN_KEY_BYTES..=MAX_KEY_BYTES).contains(&answer.cek.len());
    if right_key && right_size && labelled(answer.ver, &answer.fp) {
        Ok(answer)
    } else {
        Err(KeyFailure::Garbage)
    }
}

/// Reads the answer to `mac`.
///
/// # Errors
/// As [`decode_unwrap_answer`].
pub fn decode_mac_answer(status: u16, body: &[u8]) -> Result<MacAnswer, KeyFailure> {
    let answer: MacAnswer = decode(status, body)?;
    let right_size = matches!(answer.mac.len(), 32 | 48 | 64);
    if right_size && labelled(answer.ver, &answer.fp) {
        Ok(answer)
    } else {
        Err(KeyFailure::Garbage)
    }
}

/// Reads the answer to `sign`.
///
/// # Errors
/// As [`decode_unwrap_answer`].
pub fn decode_sign_answer(status: u16, body: &[u8]) -> Result<SignAnswer, KeyFailure> {
    let answer: SignAnswer = decode(status, body)?;
    if !answer.sig.is_empty() && labelled(answer.ver, &answer.fp) {
        Ok(answer)
    } else {
        Err(KeyFailure::Garbage)
    }
}

/// Reads the answer to `mac/verify` and `verify`: whether the code or signature is right.
///
/// # Errors
/// As [`decode_unwrap_answer`].
pub fn decode_verify_answer(status: u16, body: &[u8]) -> Result<VerifyAnswer, KeyFailure> {
    let answer: VerifyAnswer = decode(status, body)?;
    if labelled(answer.ver, &answer.fp) {
        Ok(answer)
    } else {
        Err(KeyFailure::Garbage)
    }
}

/// Writes the answer of `unwrap` into one buffer that is wiped when dropped.
///
/// # Errors
/// [`WireError::TooLarge`] over [`MAX_BODY_BYTES`].
pub fn encode_unwrap_answer(answer: &UnwrapAnswer) -> Result<Zeroizing<Vec<u8>>, WireError> {
    // Large enough from the start: a buffer that grows leaves copies of the key behind.
    let mut body = Zeroizing::new(Vec::with_capacity(1024));
    serde_json::to_writer(&mut *body, answer).map_err(|_| WireError::Shape)?;
    if body.len() > MAX_BODY_BYTES {
        Err(WireError::TooLarge)
    } else {
        Ok(body)
    }
}

/// Writes the answer of `mac`.
///
/// # Errors
/// As [`encode_unwrap_answer`].
pub fn encode_mac_answer(answer: &MacAnswer) -> Result<Vec<u8>, WireError> {
    encode(answer)
}

/// Writes the answer of `sign`.
///
/// # Errors
/// As [`encode_unwrap_answer`].
pub fn encode_sign_answer(answer: &SignAnswer) -> Result<Vec<u8>, WireError> {
    encode(answer)
}

/// Writes the answer of `mac/verify` and `verify`.
///
/// # Errors
/// As [`encode_unwrap_answer`].
pub fn encode_verify_answer(answer: &VerifyAnswer) -> Result<Vec<u8>, WireError> {
    encode(answer)
}

/// Shortest content key, in bytes: A128GCM.
const MIN_KEY_BYTES: usize = 16;
/// Longest content key, in bytes: A256CBC-HS512.
const MAX_KEY_BYTES: usize = 64;
/// Length of a fingerprint: 32 bytes in base64url.
const FINGERPRINT_CHARS: usize = 43;

fn decode<'a, T: Deserialize<'a>>(status: u16, body: &'a [u8]) -> Result<T, KeyFailure> {
    if status != 200 {
        return Err(KeyFailure::from_answer(status, body));
    }
    if body.len() > MAX_BODY_BYTES {
        return Err(KeyFailure::Garbage);
    }
    serde_json::from_slice(body).map_err(|_| KeyFailure::Garbage)
}

fn encode<T: Serialize>(answer: &T) -> Result<Vec<u8>, WireError> {
    let body = serde_json::to_vec(answer).map_err(|_| WireError::Shape)?;
    if body.len() > MAX_BODY_BYTES {
        Err(WireError::TooLarge)
    } else {
        Ok(body)
    }
}

fn labelled(ver: u32, fp: &str) -> bool {
    ver != 0
        && fp.len() == FINGERPRINT_CHARS
        && fp
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode_failure;

    const FP: &str = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";

    fn answer() -> UnwrapAnswer {
        UnwrapAnswer {
            cek: Zeroizing::new(vec![7; 32]),
            kid: "gw".into(),
            ver: 1,
            fp: FP.into(),
            cached: false,
        }
    }

    fn json(cek: &str, kid: &str, ver: &str, fp: &str) -> Vec<u8> {
        format!(r#"{{"cek":"{cek}","kid":"{kid}","ver":{ver},"fp":"{fp}","cached":false}}"#)
            .into_bytes()
    }

    const CEK: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";

    #[test]
    fn a_verification_says_which_version_it_asked() {
        let answer = VerifyAnswer {
            valid: false,
            ver: 2,
            fp: FP.into(),
        };
        let body = encode_verify_answer(&answer).unwrap();
        assert_eq!(decode_verify_answer(200, &body), Ok(answer));
        let unnamed = format!(r#"{{"valid":true,"ver":0,"fp":"{FP}"}}"#);
        assert_eq!(
            decode_verify_answer(200, unnamed.as_bytes()),
            Err(KeyFailure::Garbage)
        );
    }

    #[test]
    fn an_unwrap_answer_survives_the_round_trip() {
        let body = encode_unwrap_answer(&answer()).unwrap();
        assert_eq!(*body, json(CEK, "gw", "1", FP));
        assert!(body.capacity() <= 1024, "the buffer must not have grown");
        assert_eq!(decode_unwrap_answer(200, &body, "gw"), Ok(answer()));
    }

    #[test]
    fn a_200_that_is_odd_in_any_way_is_garbage() {
        let odd = [
            json(CEK, "other", "1", FP),
            json(CEK, "gw", "0", FP),
            json(CEK, "gw", "-1", FP),
            json(CEK, "gw", "4294967296", FP),
            json(CEK, "gw", "1", ""),
            json(CEK, "gw", "1", &FP.replace('_', "+")),
            json("", "gw", "1", FP),
            json("AAAA", "gw", "1", FP),
            json(&"A".repeat(88), "gw", "1", FP),
            json(&CEK.replace('B', "\\u0042"), "gw", "1", FP),
            b"{}".to_vec(),
            b"".to_vec(),
            vec![0xff; 64],
            vec![b' '; MAX_BODY_BYTES + 1],
            encode_failure(KeyFailure::NoKey),
        ];
        for body in odd {
            let shown = String::from_utf8_lossy(&body).into_owned();
            assert_eq!(
                decode_unwrap_answer(200, &body, "gw"),
                Err(KeyFailure::Garbage),
                "{shown}"
            );
        }
        for cut in 0..json(CEK, "gw", "1", FP).len() {
            let whole = json(CEK, "gw", "1", FP);
            assert_eq!(
                decode_unwrap_answer(200, &whole[..cut], "gw"),
                Err(KeyFailure::Garbage),
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn failures_come_through_and_successes_of_other_statuses_do_not() {
        let body = encode_failure(KeyFailure::CryptoFailed);
        assert_eq!(
            decode_unwrap_answer(422, &body, "gw"),
            Err(KeyFailure::CryptoFailed)
        );
        assert_eq!(decode_mac_answer(422, &body), Err(KeyFailure::CryptoFailed));
        assert_eq!(
            decode_sign_answer(503, b"upstream reset"),
            Err(KeyFailure::Unreachable)
        );
        let good = encode_unwrap_answer(&answer()).unwrap();
        for status in [0, 201, 204, 302, 500] {
            assert_eq!(
                decode_unwrap_answer(status, &good, "gw"),
                Err(KeyFailure::Garbage)
            );
        }
    }

    #[test]
    fn mac_and_sign_answers_survive_the_round_trip() {
        let mac = MacAnswer {
            mac: vec![1; 32],
            ver: 2,
            fp: FP.into(),
        };
        assert_eq!(
            decode_mac_answer(200, &encode_mac_answer(&mac).unwrap()),
            Ok(mac.clone())
        );
        let short = MacAnswer {
            mac: vec![1; 31],
            ..mac
        };
        let body = encode_mac_answer(&short).unwrap();
        assert_eq!(decode_mac_answer(200, &body), Err(KeyFailure::Garbage));
        let sig = SignAnswer {
            sig: vec![1; 64],
            ver: 2,
            fp: FP.into(),
        };
        assert_eq!(
            decode_sign_answer(200, &encode_sign_answer(&sig).unwrap()),
            Ok(sig)
        );
    }

    #[test]
    fn debug_does_not_show_the_key() {
        let shown = format!("{:?}", answer());
        assert!(
            shown.contains("[redacted]") && !shown.contains("7, 7"),
            "{shown}"
        );
    }
}
