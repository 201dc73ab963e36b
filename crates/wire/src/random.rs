//! Random bytes of a token's generator.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::kid::{escape, unescape};
use crate::request::decode;
use crate::{KeyFailure, MAX_BODY_BYTES, VERSION, WireError, bytes, is_kid};

/// Most bytes one request gets.
pub const MAX_RANDOM_BYTES: u16 = 1024;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RandomRequest {
    bytes: u16,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RandomAnswer {
    #[serde(with = "bytes::secret")]
    random: Zeroizing<Vec<u8>>,
}

/// The request path of a token: `/v1/random/{token}`. A token is named as a key is ([`is_kid`]);
/// `None` for any other name.
#[must_use]
pub fn random_path(token: &str) -> Option<String> {
    is_kid(token).then(|| format!("/v{VERSION}/random/{}", escape(token)))
}

/// The token a request path of this version names; `None` for any other path.
#[must_use]
pub fn decode_random_path(path: &str) -> Option<String> {
    unescape(path.strip_prefix("/v1/random/")?)
}

/// The JSON body that asks for 1 to [`MAX_RANDOM_BYTES`] bytes.
///
/// # Errors
/// [`WireError::Shape`] for another number.
pub fn encode_random_request(bytes: u16) -> Result<Vec<u8>, WireError> {
    if !(1..=MAX_RANDOM_BYTES).contains(&bytes) {
        return Err(WireError::Shape);
    }
    serde_json::to_vec(&RandomRequest { bytes }).map_err(|_| WireError::Shape)
}

/// Reads how many bytes are asked for.
///
/// # Errors
/// [`KeyFailure::TooLarge`] over [`MAX_BODY_BYTES`], else [`KeyFailure::BadRequest`].
pub fn decode_random_request(body: &[u8]) -> Result<u16, KeyFailure> {
    let RandomRequest { bytes } = decode(body)?;
    if (1..=MAX_RANDOM_BYTES).contains(&bytes) {
        Ok(bytes)
    } else {
        Err(KeyFailure::BadRequest)
    }
}

/// Writes the answer into one buffer that is wiped when dropped.
///
/// # Errors
/// [`WireError::TooLarge`] over [`MAX_BODY_BYTES`].
pub fn encode_random_answer(random: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, WireError> {
    // Large enough from the start: a buffer that grows leaves copies behind.
    let mut body = Zeroizing::new(Vec::with_capacity(2048));
    serde_json::to_writer(&mut *body, &RandomAnswer { random }).map_err(|_| WireError::Shape)?;
    if body.len() > MAX_BODY_BYTES {
        Err(WireError::TooLarge)
    } else {
        Ok(body)
    }
}

/// Reads the answer to a request for `expected` bytes.
///
/// # Errors
/// The failure the bridge named; [`KeyFailure::Unreachable`] for a 503 or 504 that is not the
/// bridge's own; [`KeyFailure::Garbage`] for anything else, another number of bytes included.
pub fn decode_random_answer(
    status: u16,
    body: &[u8],
    expected: u16,
) -> Result<Zeroizing<Vec<u8>>, KeyFailure> {
    if status != 200 {
        return Err(KeyFailure::from_answer(status, body));
    }
    if body.len() > MAX_BODY_BYTES {
        return Err(KeyFailure::Garbage);
    }
    serde_json::from_slice::<RandomAnswer>(body)
        .ok()
        .map(|answer| answer.random)
        .filter(|random| random.len() == usize::from(expected))
        .ok_or(KeyFailure::Garbage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_bytes_as_were_asked_for_survive_the_round_trip() {
        let body = encode_random_request(16).unwrap();
        assert_eq!(decode_random_request(&body), Ok(16));
        let random = Zeroizing::new(vec![7; 16]);
        let answer = encode_random_answer(random.clone()).unwrap();
        assert_eq!(decode_random_answer(200, &answer, 16), Ok(random));
        assert_eq!(
            decode_random_answer(200, &answer, 17),
            Err(KeyFailure::Garbage)
        );
    }

    #[test]
    fn the_number_is_bounded() {
        for wrong in [0, MAX_RANDOM_BYTES + 1] {
            assert_eq!(encode_random_request(wrong), Err(WireError::Shape));
            let body = format!("{{\"bytes\":{wrong}}}");
            assert_eq!(
                decode_random_request(body.as_bytes()),
                Err(KeyFailure::BadRequest)
            );
        }
    }

    #[test]
    fn the_path_names_the_token() {
        assert_eq!(random_path("t#1").as_deref(), Some("/v1/random/t%231"));
        assert_eq!(
            decode_random_path("/v1/random/t%231").as_deref(),
            Some("t#1")
        );
        assert_eq!(decode_random_path("/v1/random/a/b"), None);
    }
}
