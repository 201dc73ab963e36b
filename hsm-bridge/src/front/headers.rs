//! What the headers of a request say beside who may ask.

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use sealgate_wire::CLIENT_HEADER;

/// The header of request ids.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CLIENT: HeaderName = HeaderName::from_static(CLIENT_HEADER);
/// Longest request id that is echoed, in bytes.
const MAX_REQUEST_ID_BYTES: usize = 128;

/// The caller's id of a request, when it can be echoed safely.
pub(super) fn request_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let id = headers.get(REQUEST_ID)?;
    let fits = id.len() <= MAX_REQUEST_ID_BYTES && id.as_bytes().iter().all(u8::is_ascii_graphic);
    fits.then(|| id.clone())
}

/// The trace id of a `traceparent` (W3C Trace Context, section 3.2), which the gate passes on.
pub(super) fn trace_id(headers: &HeaderMap) -> Option<String> {
    let mut parts = headers.get("traceparent")?.to_str().ok()?.split('-');
    let (version, id) = (parts.next()?, parts.next()?);
    let hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let right = version.len() == 2 && id.len() == 32 && hex(id) && id.bytes().any(|b| b != b'0');
    right.then(|| id.to_owned())
}

/// Whose request it is, as the gate says; empty when it does not.
pub(super) fn client(headers: &HeaderMap) -> String {
    let tag = headers
        .get(CLIENT)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    String::from_utf8_lossy(tag.get(..64).unwrap_or(tag)).into_owned()
}
