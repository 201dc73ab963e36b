//! Between hyper's heads and the header maps that guests see. Nothing is normalised: the `:path`
//! is what stood in the request.

use crate::headers::Headers;
use crate::net::OutBody;
use hyper::body::Bytes;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Uri, Version};

/// Headers that belong to one connection only (RFC 9110 section 7.6.1).
const HOP_BY_HOP: [&str; 6] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// The request head for the guest; `None` when it is ambiguous: two framings, two hosts, no host.
pub(super) fn request_headers<B>(request: &Request<B>, scheme: &str, id: &str) -> Option<Headers> {
    let map = request.headers();
    let http1 = request.version() < Version::HTTP_2;
    if map.contains_key("transfer-encoding")
        && (map.contains_key("content-length") || !http1 || request.version() < Version::HTTP_11)
    {
        return None;
    }
    if map.get_all("content-length").iter().count() > 1 {
        return None;
    }
    let authority = authority(request)?;
    let target = request
        .uri()
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let mut headers = Headers::new();
    headers.add(b":authority", &authority);
    headers.add(b":path", target.as_bytes());
    headers.add(b":method", request.method().as_str().as_bytes());
    headers.add(b":scheme", scheme.as_bytes());
    let nominated = nominated(map);
    for (name, value) in map {
        let name = name.as_str();
        // The guest may see the framing; every other header of the connection goes.
        let own = name == "host" || (HOP_BY_HOP.contains(&name) && name != "transfer-encoding");
        if !own && !nominated.iter().any(|gone| gone == name) {
            headers.add(name.as_bytes(), value.as_bytes());
        }
    }
    headers.set(b"x-request-id", id.as_bytes());
    Some(headers)
}

/// The host: from the target or from exactly one `host` header; both must agree.
fn authority<B>(request: &Request<B>) -> Option<Vec<u8>> {
    let mut hosts = request.headers().get_all("host").iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return None;
    }
    match (request.uri().authority(), host) {
        (Some(target), None) => Some(target.as_str().as_bytes().to_vec()),
        (Some(target), Some(host)) => {
            let target = target.as_str().as_bytes();
            target
                .eq_ignore_ascii_case(host.as_bytes())
                .then(|| target.to_vec())
        }
        (None, Some(host)) if !host.is_empty() => Some(host.as_bytes().to_vec()),
        (None, _) => None,
    }
}

/// The client takes trailers after a response.
pub(super) fn wants_trailers(map: &HeaderMap) -> bool {
    let codings = map
        .get_all("te")
        .iter()
        .filter_map(|value| value.to_str().ok());
    codings.flat_map(|value| value.split(',')).any(|coding| {
        coding
            .split(';')
            .next()
            .is_some_and(|name| name.trim().eq_ignore_ascii_case("trailers"))
    })
}

/// Names listed in `connection`.
fn nominated(map: &HeaderMap) -> Vec<String> {
    map.get_all("connection")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        // Framing and routing cannot be nominated away.
        .filter(|name| !matches!(name.as_str(), "" | "content-length" | "host"))
        .collect()
}

/// A client's request id if it is plain and short, else a new one.
pub(super) fn request_id(map: &HeaderMap) -> String {
    let given = map
        .get("x-request-id")
        .and_then(|value| value.to_str().ok())
        .filter(|id| {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            (1..=64).contains(&id.len()) && id.chars().all(plain)
        });
    if let Some(given) = given {
        return given.to_owned();
    }
    let mut random = [0u8; 16];
    // Without randomness the id is only less unique; it protects nothing.
    let _ = getrandom::fill(&mut random);
    random.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The response head for the guest.
pub(super) fn response_headers(status: StatusCode, map: &HeaderMap) -> Headers {
    let mut headers = Headers::from_pairs([(":status", status.as_str())]);
    let nominated = nominated(map);
    for (name, value) in map {
        let name = name.as_str();
        if !HOP_BY_HOP.contains(&name) && !nominated.iter().any(|gone| gone == name) {
            headers.add(name.as_bytes(), value.as_bytes());
        }
    }
    headers
}

/// A plain map for the guest.
pub(super) fn trailers(map: &HeaderMap) -> Headers {
    Headers::from_pairs(
        map.iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes())),
    )
}

/// A map for hyper; `None` when a name or value is not HTTP.
pub(super) fn header_map(headers: &Headers) -> Option<HeaderMap> {
    let mut map = HeaderMap::new();
    for (name, value) in headers.iter() {
        if name.starts_with(b":") {
            continue;
        }
        map.append(
            HeaderName::from_bytes(name).ok()?,
            HeaderValue::from_bytes(value).ok()?,
        );
    }
    Some(map)
}

/// The request for the upstream, HTTP/1.1 in origin form. `None` when the guest made a head that
/// HTTP cannot carry.
pub(super) fn upstream_request(
    headers: &Headers,
    body: OutBody,
    trailers: Option<&Headers>,
    wants_trailers: bool,
) -> Option<Request<OutBody>> {
    let method = Method::from_bytes(headers.first(b":method")?).ok()?;
    let target = Uri::try_from(headers.first(b":path")?).ok()?;
    let mut map = header_map(headers)?;
    strip(&mut map, trailers);
    map.remove("expect");
    if wants_trailers {
        map.insert("te", HeaderValue::from_static("trailers"));
        map.insert("connection", HeaderValue::from_static("te"));
    }
    map.insert(
        "host",
        HeaderValue::from_bytes(headers.first(b":authority")?).ok()?,
    );
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = target;
    *request.headers_mut() = map;
    Some(request)
}

/// The response for the client; `None` when the guest made a head that HTTP cannot carry.
pub(super) fn client_response(
    headers: &Headers,
    body: OutBody,
    trailers: Option<&Headers>,
) -> Option<Response<OutBody>> {
    let status = StatusCode::from_bytes(headers.first(b":status")?).ok()?;
    let mut map = header_map(headers)?;
    strip(&mut map, trailers);
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = map;
    Some(response)
}

/// Removes framing of the other connection; announces trailers, which HTTP/1.1 needs and which
/// cannot follow a declared length.
fn strip(map: &mut HeaderMap, trailers: Option<&Headers>) {
    for name in HOP_BY_HOP {
        map.remove(name);
    }
    if let Some(trailers) = trailers {
        map.remove("content-length");
        let names: Vec<String> = trailers
            .iter()
            .map(|(name, _)| String::from_utf8_lossy(name).into_owned())
            .collect();
        if let Ok(value) = HeaderValue::try_from(names.join(", ")) {
            map.insert("trailer", value);
        }
    }
}

/// A complete body for hyper.
pub(super) fn complete(bytes: Vec<u8>, trailers: Option<&Headers>) -> OutBody {
    OutBody::complete(Bytes::from(bytes), trailers.and_then(header_map))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(pairs: &[(&str, &str)]) -> Request<()> {
        let mut builder = Request::builder().uri("/a/../b//c%2fd?x=%41");
        for (name, value) in pairs {
            builder = builder.header(*name, *value);
        }
        builder.body(()).unwrap()
    }

    fn seen(pairs: &[(&str, &str)]) -> Option<Headers> {
        request_headers(&request(pairs), "https", "id")
    }

    #[test]
    fn the_path_is_raw() {
        let headers = seen(&[("host", "api.test")]).unwrap();
        assert_eq!(headers.text(":path"), Some("/a/../b//c%2fd?x=%41"));
        assert_eq!(headers.text(":authority"), Some("api.test"));
    }

    #[test]
    fn two_framings_or_two_hosts_are_refused() {
        let both = [
            ("host", "a"),
            ("content-length", "1"),
            ("transfer-encoding", "chunked"),
        ];
        assert_eq!(seen(&both), None);
        assert_eq!(seen(&[("host", "a"), ("host", "b")]), None);
        assert_eq!(seen(&[]), None);
        assert_eq!(
            seen(&[
                ("host", "a"),
                ("content-length", "1"),
                ("content-length", "2")
            ]),
            None
        );
    }

    #[test]
    fn nominated_headers_go_but_not_the_framing() {
        let headers = seen(&[
            ("host", "a"),
            ("connection", "close, X-Gone, content-length"),
            ("x-gone", "1"),
            ("content-length", "3"),
            ("te", "trailers"),
        ])
        .unwrap();
        assert!(!headers.contains("x-gone"));
        assert!(!headers.contains("te"));
        assert!(!headers.contains("connection"));
        assert_eq!(headers.content_length(), Some(3));
    }

    #[test]
    fn a_strange_request_id_is_replaced() {
        let mut map = HeaderMap::new();
        map.insert("x-request-id", HeaderValue::from_static("abc-1.2"));
        assert_eq!(request_id(&map), "abc-1.2");
        map.insert("x-request-id", HeaderValue::from_static("a\"b"));
        assert_eq!(request_id(&map).len(), 32);
    }
}
