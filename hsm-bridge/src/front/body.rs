//! Reading a request's body, as much as may be and as long as it may take.

use std::time::Instant;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::Request;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use sealgate_wire::{KeyFailure, MAX_BODY_BYTES};

/// The body, which must be JSON by its type.
pub(super) async fn read(
    request: Request<Incoming>,
    deadline: Instant,
) -> Result<Bytes, KeyFailure> {
    let kind = request
        .headers()
        .get(CONTENT_TYPE)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    let essence = kind
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii();
    if !essence.eq_ignore_ascii_case(b"application/json") {
        return Err(KeyFailure::BadMedia);
    }
    let body = request.into_body();
    // A length that is told beforehand is refused before it is read.
    if body.size_hint().lower() > MAX_BODY_BYTES as u64 {
        return Err(KeyFailure::TooLarge);
    }
    let read = Limited::new(body, MAX_BODY_BYTES).collect();
    match tokio::time::timeout_at(deadline.into(), read).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(KeyFailure::TooLarge),
        // Cut short, or sent too slowly.
        Ok(Err(_)) | Err(_) => Err(KeyFailure::BadRequest),
    }
}
