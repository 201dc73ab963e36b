//! Every call into the host, each with a `Result` of ours. No other file names
//! `proxy_wasm::hostcalls`; `clippy.toml` sees to it.
//!
//! Only calls that take and give bytes are used: the SDK's `String` twins trap on one header byte
//! that is not UTF-8. The SDK traps on statuses it does not know; a trap refuses the request in
//! every host of ours, and the callers below keep to the phases in which a call cannot fail.
#![expect(
    clippy::disallowed_methods,
    reason = "this file is the host layer that the ban points to"
)]

use std::time::{Duration, UNIX_EPOCH};

use proxy_wasm::hostcalls;
use proxy_wasm::types::{BufferType, LogLevel, MapType, MetricType, Status};
use sealgate_engine::telemetry::MetricKind;
use sealgate_engine::{
    HeaderEdit, HeaderLine, KeyQuestion, KeySetQuestion, SharedAnswer, SharedRequest,
};
use zeroize::Zeroizing;

/// A host call did not work. Which one goes to the log; what to do is always the same: refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HostFault {
    /// Name of the host call.
    pub(crate) call: &'static str,
}

type HostResult<T> = Result<T, HostFault>;

/// Version that no stored value has: the host counts up from 1. A write with it succeeds only
/// where the key is absent, while version 0 would overwrite what another worker just wrote.
const ABSENT_VERSION: u32 = u32::MAX;

fn fault<T>(call: &'static str) -> impl FnOnce(Status) -> HostResult<T> {
    move |_| Err(HostFault { call })
}

/// A moment of the host's clock, as the time since 1970.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moment(Duration);

impl Moment {
    /// Seconds since 1970.
    pub(crate) fn seconds(self) -> i64 {
        i64::try_from(self.0.as_secs()).unwrap_or(i64::MAX)
    }

    /// Milliseconds from an earlier moment to this one.
    pub(crate) fn millis_since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0).as_millis()).unwrap_or(u64::MAX)
    }
}

/// The time now.
pub(crate) fn now() -> HostResult<Moment> {
    let call = "get_current_time";
    let time = hostcalls::get_current_time().or_else(fault(call))?;
    let elapsed = time.duration_since(UNIX_EPOCH);
    elapsed.map(Moment).map_err(|_| HostFault { call })
}

/// The plugin configuration.
pub(crate) fn configuration() -> HostResult<Vec<u8>> {
    let read = hostcalls::get_buffer(BufferType::PluginConfiguration, 0, usize::MAX);
    Ok(read.or_else(fault("get_buffer"))?.unwrap_or_default())
}

/// All request header lines in wire order; names in lower case.
pub(crate) fn request_headers() -> HostResult<Vec<HeaderLine>> {
    header_lines(MapType::HttpRequestHeaders)
}

/// All response header lines in wire order; names in lower case.
pub(crate) fn response_headers() -> HostResult<Vec<HeaderLine>> {
    header_lines(MapType::HttpResponseHeaders)
}

fn header_lines(map: MapType) -> HostResult<Vec<HeaderLine>> {
    let lines = hostcalls::get_map_bytes(map).or_else(fault("get_header_map_pairs"))?;
    Ok(lines
        .into_iter()
        .map(|(name, value)| (name.to_ascii_lowercase().into_bytes(), value))
        .collect())
}

/// Applies changes to the request head. Only while the head is held.
pub(crate) fn edit_request_headers(edits: &[HeaderEdit]) -> HostResult<()> {
    edit_headers(MapType::HttpRequestHeaders, edits)
}

/// Applies changes to the response head. Only while the head is held.
pub(crate) fn edit_response_headers(edits: &[HeaderEdit]) -> HostResult<()> {
    edit_headers(MapType::HttpResponseHeaders, edits)
}

fn edit_headers(map: MapType, edits: &[HeaderEdit]) -> HostResult<()> {
    for edit in edits {
        let (name, value) = match edit {
            HeaderEdit::Remove(name) => (name, None),
            HeaderEdit::Set(name, value) => (name, Some(value.as_slice())),
        };
        let name = std::str::from_utf8(name).map_err(|_| HostFault {
            call: "replace_header",
        })?;
        hostcalls::remove_map_value(map, name).or_else(fault("remove_header"))?;
        if value.is_some() {
            hostcalls::set_map_value_bytes(map, name, value).or_else(fault("replace_header"))?;
        }
    }
    Ok(())
}

/// Names of the request trailers. Only after they arrived and while they are held.
pub(crate) fn request_trailer_names() -> HostResult<Vec<String>> {
    let lines = hostcalls::get_map_bytes(MapType::HttpRequestTrailers);
    let lines = lines.or_else(fault("get_header_map_pairs"))?;
    Ok(lines.into_iter().map(|(name, _)| name).collect())
}

/// Removes a request trailer. Only after trailers arrived and while they are held.
pub(crate) fn remove_request_trailer(name: &str) -> HostResult<()> {
    hostcalls::remove_map_value(MapType::HttpRequestTrailers, name).or_else(fault("remove_header"))
}

/// The whole buffered request body.
pub(crate) fn request_body(max_bytes: usize) -> HostResult<Vec<u8>> {
    // One byte more than allowed, so that the engine sees a body that is too large as such.
    let read = hostcalls::get_buffer(BufferType::HttpRequestBody, 0, max_bytes.saturating_add(1));
    Ok(read.or_else(fault("get_buffer"))?.unwrap_or_default())
}

/// The whole buffered response body.
pub(crate) fn response_body() -> HostResult<Vec<u8>> {
    let read = hostcalls::get_buffer(BufferType::HttpResponseBody, 0, usize::MAX);
    Ok(read.or_else(fault("get_buffer"))?.unwrap_or_default())
}

/// Replaces the whole buffered request body.
pub(crate) fn replace_request_body(body: &[u8]) -> HostResult<()> {
    hostcalls::set_buffer(BufferType::HttpRequestBody, 0, usize::MAX, body)
        .or_else(fault("set_buffer"))
}

/// A text property of the host, such as `connection.tls_version`.
pub(crate) fn property_text(path: &[&str]) -> Option<String> {
    let bytes = hostcalls::get_property(path.to_vec()).ok().flatten()?;
    String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.is_empty())
}

/// A number property of the host: eight bytes, little endian.
pub(crate) fn property_number(path: &[&str]) -> Option<u64> {
    let bytes = hostcalls::get_property(path.to_vec()).ok().flatten()?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}

/// A truth property of the host: one byte.
pub(crate) fn property_bool(path: &[&str]) -> Option<bool> {
    match hostcalls::get_property(path.to_vec())
        .ok()
        .flatten()?
        .as_slice()
    {
        [byte] => Some(*byte != 0),
        _ => None,
    }
}

/// Leaves a value for the access log: `%FILTER_STATE(wasm.<name>:PLAIN)%` in Envoy.
pub(crate) fn publish(name: &str, value: &str) -> HostResult<()> {
    hostcalls::set_property(vec![name], Some(value.as_bytes())).or_else(fault("set_property"))
}

/// One operation on the data that all workers share.
pub(crate) fn shared(request: &SharedRequest) -> SharedAnswer {
    match request {
        SharedRequest::Get { key } => match hostcalls::get_shared_data(key) {
            Ok((Some(value), Some(version))) => SharedAnswer::Value { value, version },
            Ok((None, None)) => SharedAnswer::Absent,
            _ => SharedAnswer::Failed,
        },
        SharedRequest::CompareAndSwap {
            key,
            value,
            version,
        } => {
            let version = version.unwrap_or(ABSENT_VERSION);
            match hostcalls::set_shared_data(key, Some(value), Some(version)) {
                Ok(()) => SharedAnswer::Stored,
                Err(Status::CasMismatch) => SharedAnswer::Conflict,
                Err(_) => SharedAnswer::Failed,
            }
        }
    }
}

/// Sends a question to the key service; the answer comes in `on_http_call_response`.
/// With the request's `traceparent` (W3C Trace Context), so that the key service's log tells for whom.
pub(crate) fn ask_key_service(question: &KeyQuestion, traceparent: &str) -> HostResult<u32> {
    let client = client_tag();
    let mut headers = vec![
        (":method", "POST"),
        (":path", question.path.as_str()),
        (":authority", "hsm-bridge"),
        ("content-type", "application/json"),
        (sealgate_wire::TOKEN_HEADER, question.token.as_str()),
        (sealgate_wire::CLIENT_HEADER, client.as_str()),
    ];
    if !traceparent.is_empty() {
        headers.push(("traceparent", traceparent));
    }
    let timeout = Duration::from_millis(u64::from(question.timeout_ms));
    hostcalls::dispatch_http_call(
        &question.cluster,
        headers,
        Some(&question.body),
        vec![],
        timeout,
    )
    .or_else(fault("http_call"))
}

/// Fetches an issuer's key set; the answer comes in `on_http_call_response`.
pub(crate) fn fetch_key_set(question: &KeySetQuestion) -> HostResult<u32> {
    let headers = vec![
        (":method", "GET"),
        (":path", question.path.as_str()),
        (":authority", question.authority.as_str()),
        ("accept", "application/jwk-set+json, application/json"),
    ];
    let timeout = Duration::from_millis(u64::from(question.timeout_ms));
    hostcalls::dispatch_http_call(&question.cluster, headers, None, vec![], timeout)
        .or_else(fault("http_call"))
}

/// Who asks, for the key service's budget of failures: the client certificate, else the address.
fn client_tag() -> String {
    let tag = property_text(&["connection", "sha256_peer_certificate_digest"])
        .or_else(|| {
            Some(
                property_text(&["source", "address"])?
                    .rsplit_once(':')?
                    .0
                    .to_owned(),
            )
        })
        .unwrap_or_default();
    tag.chars()
        .filter(char::is_ascii_graphic)
        .take(64)
        .collect()
}

/// Status and body of the answer, inside `on_http_call_response`. Status 0 when there is none.
pub(crate) fn call_answer(body_bytes: usize, max_bytes: usize) -> (u16, Zeroizing<Vec<u8>>) {
    let status = hostcalls::get_map_value_bytes(MapType::HttpCallResponseHeaders, ":status");
    let status = status
        .ok()
        .flatten()
        .and_then(|value| String::from_utf8(value).ok())
        .and_then(|text| text.parse().ok());
    let Some(status) = status else {
        return (0, Zeroizing::default());
    };
    if body_bytes > max_bytes {
        return (0, Zeroizing::default());
    }
    let body = hostcalls::get_buffer(BufferType::HttpCallResponseBody, 0, body_bytes);
    (
        status,
        Zeroizing::new(body.ok().flatten().unwrap_or_default()),
    )
}

/// Lets a held request go on.
pub(crate) fn resume_request() -> HostResult<()> {
    hostcalls::resume_http_request().or_else(fault("continue_stream"))
}

/// Lets a held response go on.
pub(crate) fn resume_response() -> HostResult<()> {
    hostcalls::resume_http_response().or_else(fault("continue_stream"))
}

/// Bytes nobody can predict, from the host.
pub(crate) fn entropy() -> HostResult<[u8; 16]> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| HostFault { call: "random_get" })?;
    Ok(bytes)
}

/// Answers the client; the request goes nowhere.
pub(crate) fn send_response(status: u16, headers: &[(&str, &str)], body: &[u8]) -> HostResult<()> {
    hostcalls::send_http_response(u32::from(status), headers.to_vec(), Some(body))
        .or_else(fault("send_local_response"))
}

/// Makes a stream the one that host calls act on, inside a tick.
pub(crate) fn act_on(context_id: u32) -> HostResult<()> {
    hostcalls::set_effective_context(context_id).or_else(fault("set_effective_context"))
}

/// Calls `on_tick` every so often.
pub(crate) fn tick_every(period: Duration) -> HostResult<()> {
    hostcalls::set_tick_period(period).or_else(fault("set_tick_period"))
}

/// Defines a metric, or finds it again.
pub(crate) fn metric(kind: MetricKind, name: &str) -> HostResult<u32> {
    let kind = match kind {
        MetricKind::Counter => MetricType::Counter,
        MetricKind::Gauge => MetricType::Gauge,
        MetricKind::Histogram => MetricType::Histogram,
    };
    hostcalls::define_metric(kind, name).or_else(fault("define_metric"))
}

/// Sets a gauge, or records a value in a histogram.
pub(crate) fn record(metric: u32, value: u64) -> HostResult<()> {
    hostcalls::record_metric(metric, value).or_else(fault("record_metric"))
}

/// Adds to a counter.
pub(crate) fn count(metric: u32, more: u64) -> HostResult<()> {
    let more = i64::try_from(more).unwrap_or(i64::MAX);
    hostcalls::increment_metric(metric, more).or_else(fault("increment_metric"))
}

/// Writes a line to the host's log. A host that does not take it changes nothing.
pub(crate) fn log(level: LogLevel, line: &str) {
    let _ = hostcalls::log(level, line);
}
