//! Responses.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use sealgate_wire::{KeyFailure, encode_failure};
use zeroize::Zeroizing;

use super::Body;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A JSON answer with status 200.
pub(super) fn json(body: impl Into<Bytes>) -> Response<Body> {
    typed(StatusCode::OK, JSON, body.into())
}

/// A JSON answer whose body is wiped once it was sent.
pub(super) fn secret(body: Zeroizing<Vec<u8>>) -> Response<Body> {
    json(Bytes::from_owner(body))
}

/// The answer of a failure.
pub(super) fn failure(failure: KeyFailure) -> Response<Body> {
    let status = StatusCode::from_u16(failure.http_status());
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = typed(status, JSON, encode_failure(failure).into());
    if failure.is_transient() {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// Any answer.
pub(super) fn typed(status: StatusCode, kind: HeaderValue, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
