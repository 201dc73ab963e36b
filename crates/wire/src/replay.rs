//! The replay store behind the bridge: one question, whether a value is seen for the first time.

use serde::{Deserialize, Serialize};

use crate::kid::{escape, unescape};
use crate::request::decode;
use crate::{KeyFailure, MAX_BODY_BYTES, VERSION, WireError, is_kid};

/// Shortest digest that is recorded, in bytes.
pub const MIN_REPLAY_DIGEST_BYTES: usize = 16;
/// Longest digest that is recorded, in bytes.
pub const MAX_REPLAY_DIGEST_BYTES: usize = 32;
/// Longest time a digest is remembered, in milliseconds: seven days.
pub const MAX_REPLAY_TTL_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// Body of a replay record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayRequest {
    /// What may not repeat, hashed: [`MIN_REPLAY_DIGEST_BYTES`] to [`MAX_REPLAY_DIGEST_BYTES`]
    /// bytes. The caller separates tenants and keys by hashing them in.
    #[serde(with = "crate::bytes::plain")]
    pub digest: Vec<u8>,
    /// How long it is remembered, 1 to [`MAX_REPLAY_TTL_MS`] milliseconds.
    pub ttl_ms: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplayAnswer {
    fresh: bool,
}

impl ReplayRequest {
    fn fits(&self) -> bool {
        (MIN_REPLAY_DIGEST_BYTES..=MAX_REPLAY_DIGEST_BYTES).contains(&self.digest.len())
            && (1..=MAX_REPLAY_TTL_MS).contains(&self.ttl_ms)
    }
}

/// The request path of a store: `/v1/replay/{store}`. A store is named as a key is ([`is_kid`]);
/// `None` for any other name.
#[must_use]
pub fn replay_path(store: &str) -> Option<String> {
    is_kid(store).then(|| format!("/v{VERSION}/replay/{}", escape(store)))
}

/// The store a request path of this version names; `None` for any other path.
#[must_use]
pub fn decode_replay_path(path: &str) -> Option<String> {
    unescape(path.strip_prefix("/v1/replay/")?)
}

/// The JSON body of a record.
///
/// # Errors
/// [`WireError::Shape`] for a digest or a time outside the bounds.
pub fn encode_replay_request(request: &ReplayRequest) -> Result<Vec<u8>, WireError> {
    if !request.fits() {
        return Err(WireError::Shape);
    }
    serde_json::to_vec(request).map_err(|_| WireError::Shape)
}

/// Reads the body of a record.
///
/// # Errors
/// [`KeyFailure::TooLarge`] over [`MAX_BODY_BYTES`], else [`KeyFailure::BadRequest`].
pub fn decode_replay_request(body: &[u8]) -> Result<ReplayRequest, KeyFailure> {
    let request: ReplayRequest = decode(body)?;
    if request.fits() {
        Ok(request)
    } else {
        Err(KeyFailure::BadRequest)
    }
}

/// Writes the answer: `fresh` is true for the one caller that recorded the digest.
#[must_use]
pub fn encode_replay_answer(fresh: bool) -> Vec<u8> {
    serde_json::to_vec(&ReplayAnswer { fresh }).unwrap_or_default()
}

/// Reads the answer: whether the digest was seen for the first time. An error means that nobody
/// knows, and the caller must refuse.
///
/// # Errors
/// The failure the bridge named ([`KeyFailure::StoreDown`] when its store does not answer);
/// [`KeyFailure::Unreachable`] for a 503 or 504 that is not the bridge's own;
/// [`KeyFailure::Garbage`] for anything else.
pub fn decode_replay_answer(status: u16, body: &[u8]) -> Result<bool, KeyFailure> {
    if status != 200 {
        return Err(KeyFailure::from_answer(status, body));
    }
    if body.len() > MAX_BODY_BYTES {
        return Err(KeyFailure::Garbage);
    }
    serde_json::from_slice::<ReplayAnswer>(body)
        .map(|answer| answer.fresh)
        .map_err(|_| KeyFailure::Garbage)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode_failure;

    fn request(digest: usize, ttl_ms: u64) -> ReplayRequest {
        ReplayRequest {
            digest: vec![7; digest],
            ttl_ms,
        }
    }

    #[test]
    fn a_record_survives_the_round_trip_and_is_the_documented_json() {
        let body = encode_replay_request(&request(16, 300_000)).unwrap();
        assert_eq!(
            String::from_utf8(body.clone()).unwrap(),
            r#"{"digest":"BwcHBwcHBwcHBwcHBwcHBw","ttl_ms":300000}"#
        );
        assert_eq!(decode_replay_request(&body), Ok(request(16, 300_000)));
    }

    #[test]
    fn what_is_out_of_bounds_is_neither_written_nor_read() {
        for (digest, ttl_ms) in [
            (15, 1),
            (33, 1),
            (0, 1),
            (32, 0),
            (32, MAX_REPLAY_TTL_MS + 1),
            (32, u64::MAX),
        ] {
            let request = request(digest, ttl_ms);
            assert_eq!(encode_replay_request(&request), Err(WireError::Shape));
            let body = serde_json::to_vec(&request).unwrap();
            assert_eq!(decode_replay_request(&body), Err(KeyFailure::BadRequest));
        }
        for body in [
            &b"{}"[..],
            br#"{"digest":"BwcHBwcHBwcHBwcHBwcHBw","ttl_ms":-1}"#,
            br#"{"digest":"BwcHBwcHBwcHBwcHBwcHBw","ttl_ms":1.5}"#,
            br#"{"digest":"BwcHBwcHBwcHBwcHBwcHBw","ttl_ms":1,"nx":false}"#,
        ] {
            assert_eq!(decode_replay_request(body), Err(KeyFailure::BadRequest));
        }
    }

    #[test]
    fn only_a_clear_answer_counts() {
        assert_eq!(
            decode_replay_answer(200, &encode_replay_answer(true)),
            Ok(true)
        );
        assert_eq!(
            decode_replay_answer(200, &encode_replay_answer(false)),
            Ok(false)
        );
        let down = encode_failure(KeyFailure::StoreDown);
        assert_eq!(decode_replay_answer(503, &down), Err(KeyFailure::StoreDown));
        assert_eq!(
            decode_replay_answer(503, b"no healthy upstream"),
            Err(KeyFailure::Unreachable)
        );
        for body in [
            &b""[..],
            b"true",
            b"{}",
            b"{\"fresh\":1}",
            b"{\"fresh\":true",
            b"{\"fresh\":true,\"x\":1}",
        ] {
            assert_eq!(decode_replay_answer(200, body), Err(KeyFailure::Garbage));
        }
        for status in [0, 201, 204, 302, 500] {
            let answer = decode_replay_answer(status, &encode_replay_answer(true));
            assert_eq!(answer, Err(KeyFailure::Garbage));
        }
    }

    #[test]
    fn a_path_names_one_store() {
        assert_eq!(replay_path("pay#1").as_deref(), Some("/v1/replay/pay%231"));
        assert_eq!(
            decode_replay_path("/v1/replay/pay%231").as_deref(),
            Some("pay#1")
        );
        for bad in [
            "/v1/replay/",
            "/v1/replay/a/b",
            "/v1/replay/..",
            "/v1/replay/a#",
            "/v2/replay/a",
            "/v1/keys/a/mac",
        ] {
            assert_eq!(decode_replay_path(bad), None, "{bad}");
        }
        assert_eq!(replay_path("a/b"), None);
    }
}
