//! The request head as received, with the few readings of it that stages share.

use crate::refusal::Reason;

/// One header line: lower-case name, raw value.
pub type HeaderLine = (Vec<u8>, Vec<u8>);

/// A request head as the host gives it, and what the host says of its route.
#[derive(Clone, Debug, Default)]
pub struct RequestHead {
    /// All header lines in wire order, pseudo headers (`:method`, `:path`, `:scheme`,
    /// `:authority`) among them; names in lower case, values as received.
    pub headers: Vec<HeaderLine>,
    /// Whether the request has no body at all.
    pub end_of_stream: bool,
    /// Name of the host's route, if it has one.
    pub route_name: Option<String>,
    /// Policy named by route metadata, if any.
    pub metadata_policy: Option<String>,
}

/// The TLS connection as the host describes it.
#[derive(Clone, Debug, Default)]
pub struct Channel {
    /// Such as `TLSv1.3`; absent on plain connections.
    pub tls_version: Option<String>,
    /// Whether the client presented a certificate that the host verified.
    pub client_certificate: bool,
    /// URI and DNS names of that certificate.
    pub san: Vec<String>,
}

/// Headers of which a second line is an attack or a bug: every stage reads one value. Signature
/// schemes say themselves which of their fields may have several lines.
const SINGLE: [&[u8]; 8] = [
    b"authorization",
    b"content-encoding",
    b"content-length",
    b"content-type",
    b"host",
    b"sealgate-key",
    b"transfer-encoding",
    b"x-request-id",
];

/// A head whose request line is complete and whose deciding headers occur once.
pub(crate) struct Request {
    pub(crate) headers: Vec<HeaderLine>,
    pub(crate) method: Vec<u8>,
    pub(crate) scheme: Vec<u8>,
    pub(crate) authority: Vec<u8>,
    /// Path and query exactly as on the wire.
    pub(crate) target: Vec<u8>,
    pub(crate) end_of_stream: bool,
}

impl Request {
    /// Checks the shape of a head.
    pub(crate) fn new(head: RequestHead) -> Result<Self, Reason> {
        let mut request = Self {
            method: pseudo(&head.headers, b":method")?,
            scheme: pseudo(&head.headers, b":scheme")?,
            authority: pseudo(&head.headers, b":authority")?,
            target: pseudo(&head.headers, b":path")?,
            end_of_stream: head.end_of_stream,
            headers: head.headers,
        };
        let target_is_plain = request.target.starts_with(b"/")
            && request
                .target
                .iter()
                .all(|byte| (0x21..0x7f).contains(byte) && *byte != b'#');
        if !target_is_plain || request.method.is_empty() || request.authority.is_empty() {
            return Err(Reason::BadRequestLine);
        }
        if !path_has_one_reading(request.path()) {
            return Err(Reason::AmbiguousPath);
        }
        if SINGLE
            .iter()
            .any(|name| request.values(name).nth(1).is_some())
        {
            return Err(Reason::DuplicateHeader);
        }
        if request.method == b"CONNECT" || request.has(b"upgrade") {
            return Err(Reason::UpgradeNotSupported);
        }
        let framed_twice = request.has(b"content-length") && request.has(b"transfer-encoding");
        if framed_twice || request.content_length().is_err() {
            return Err(Reason::BadFraming);
        }
        request.headers.retain(|(name, _)| !name.starts_with(b":"));
        Ok(request)
    }

    /// Values of all lines of a header, in wire order.
    pub(crate) fn values<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.headers
            .iter()
            .filter(move |(line, _)| line == name)
            .map(|(_, value)| value.as_slice())
    }

    /// First value of a header; callers use it for names in [`SINGLE`] or check for a second.
    pub(crate) fn value<'a>(&'a self, name: &'a [u8]) -> Option<&'a [u8]> {
        self.values(name).next()
    }

    /// The value of a header that has exactly one line.
    pub(crate) fn only(&self, name: &str) -> Option<&[u8]> {
        let mut lines = self.headers.iter();
        let mut next = || lines.find(|(line, _)| line == name.as_bytes());
        match (next(), next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn has(&self, name: &[u8]) -> bool {
        self.headers.iter().any(|(line, _)| line == name)
    }

    /// Declared length of the body.
    pub(crate) fn content_length(&self) -> Result<Option<usize>, Reason> {
        let Some(value) = self.value(b"content-length") else {
            return Ok(None);
        };
        let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        std::str::from_utf8(value)
            .ok()
            .filter(|_| digits)
            .and_then(|text| text.parse().ok())
            .map(Some)
            .ok_or(Reason::BadFraming)
    }

    /// Target without its query.
    pub(crate) fn path(&self) -> &[u8] {
        self.target
            .split(|byte| *byte == b'?')
            .next()
            .unwrap_or_default()
    }

    /// Query without its question mark.
    pub(crate) fn query(&self) -> Option<&[u8]> {
        self.target.splitn(2, |byte| *byte == b'?').nth(1)
    }

    /// Host without port.
    pub(crate) fn host(&self) -> &[u8] {
        without_port(&self.authority)
    }

    /// The view that signature schemes read.
    pub(crate) fn message(&self) -> sealgate_signature::Message<'_> {
        sealgate_signature::Message {
            method: &self.method,
            scheme: &self.scheme,
            authority: &self.authority,
            target: &self.target,
            headers: &self.headers,
            ..Default::default()
        }
    }
}

/// The host of an authority.
pub(crate) fn without_port(authority: &[u8]) -> &[u8] {
    if authority.starts_with(b"[") {
        return authority
            .split_inclusive(|byte| *byte == b']')
            .next()
            .unwrap_or_default();
    }
    authority
        .split(|byte| *byte == b':')
        .next()
        .unwrap_or_default()
}

/// Whether every server behind the gate reads this path as the same one.
///
/// Routes and signatures go by the raw path. A path that another server would shorten or split
/// differently (dot segments, empty segments, encoded slashes, path parameters on dots) could be
/// judged by one policy and served by the resource of another.
pub fn path_has_one_reading(path: &[u8]) -> bool {
    let lower = path.to_ascii_lowercase();
    let has = |needle: &[u8]| lower.windows(needle.len()).any(|window| window == needle);
    if [b"//".as_slice(), b"\\", b"%2f", b"%5c", b"%00"]
        .iter()
        .any(|needle| has(needle))
    {
        return false;
    }
    lower.split(|byte| *byte == b'/').all(|segment| {
        let name = segment
            .split(|byte| *byte == b';')
            .next()
            .unwrap_or_default();
        let dots = name
            .strip_prefix(b"%2e")
            .or_else(|| name.strip_prefix(b"."));
        !matches!(dots, Some(b"" | b"." | b"%2e"))
    })
}

fn pseudo(headers: &[HeaderLine], name: &[u8]) -> Result<Vec<u8>, Reason> {
    let mut lines = headers.iter().filter(|(line, _)| line == name);
    match (lines.next(), lines.next()) {
        (Some((_, value)), None) => Ok(value.clone()),
        _ => Err(Reason::BadRequestLine),
    }
}

#[cfg(test)]
mod tests {
    use super::path_has_one_reading;

    #[test]
    fn a_path_that_servers_read_differently_is_told_apart() {
        for path in [
            "/",
            "/a/b",
            "/a.b/..c/...",
            "/a;v=1/b",
            "/%41",
            "/.well-known/x",
            "/a/",
        ] {
            assert!(path_has_one_reading(path.as_bytes()), "{path}");
        }
        let ambiguous = [
            "/a/../b",
            "/a/..",
            "/./a",
            "/a//b",
            "//a",
            "/a/%2e%2e/b",
            "/a/.%2E/b",
            "/a/%2e./b",
            "/a%2fb",
            "/a/..%2fb",
            "/a%5Cb",
            "/a\\b",
            "/a/..;/b",
            "/a/.;x/b",
            "/a%00",
        ];
        for path in ambiguous {
            assert!(!path_has_one_reading(path.as_bytes()), "{path}");
        }
    }
}
