//! What the headers of a request say beside who may ask.

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use sealgate_wire::CLIENT_HEADER;

use crate::spans::TraceParent;

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

/// The `traceparent` (W3C Trace Context, section 3.2), which the gate passes on.
pub(super) fn trace_parent(headers: &HeaderMap) -> Option<TraceParent> {
    let mut parts = headers.get("traceparent")?.to_str().ok()?.split('-');
    let mut hex = |length: usize| {
        let part = parts.next()?;
        let right =
            part.len() == length && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        right.then(|| part.to_owned())
    };
    let (_version, trace_id, parent_id, flags) = (hex(2)?, hex(32)?, hex(16)?, hex(2)?);
    let named = |id: &str| id.bytes().any(|b| b != b'0');
    let sampled = u8::from_str_radix(&flags, 16).is_ok_and(|flags| flags & 1 == 1);
    (named(&trace_id) && named(&parent_id)).then_some(TraceParent {
        trace_id,
        parent_id,
        sampled,
    })
}

/// Whose request it is, as the gate says; empty when it does not.
pub(super) fn client(headers: &HeaderMap) -> String {
    let tag = headers
        .get(CLIENT)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    String::from_utf8_lossy(tag.get(..64).unwrap_or(tag)).into_owned()
}
