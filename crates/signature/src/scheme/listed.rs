//! What the dialects of draft-cavage share: a credential in a header field, a list of names that
//! says what is signed, and the values those names stand for.

use super::Coverage;
use super::demand::Demand;
use crate::limits::{MAX_BASE_BYTES, MAX_COMPONENTS};
use crate::text::date;
use crate::{Algorithm, Message, SignatureError, Signer, digest};

/// The header field whose time is signed.
pub(super) const DATE: &str = "date";

/// The header field that carries a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// `Authorization`, behind the name of the authentication scheme.
    Authorization,
    /// `Proxy-Authorization`, behind the name of the authentication scheme.
    ProxyAuthorization,
    /// `Signature`, where the parameters are the whole value.
    Signature,
}

impl Carrier {
    /// The name of the header field, lower case.
    pub const fn header(self) -> &'static str {
        match self {
            Self::Authorization => "authorization",
            Self::ProxyAuthorization => "proxy-authorization",
            Self::Signature => "signature",
        }
    }
}

/// The parameters of the one credential of an authentication scheme.
///
/// # Errors
/// [`SignatureError::Missing`] when no carrier has one; [`SignatureError::Repeated`] when two have,
/// or when one carrier occurs twice.
pub(super) fn credential<'m>(
    message: &Message<'m>,
    carriers: &[Carrier],
    schemes: &[&str],
) -> Result<&'m [u8], SignatureError> {
    let mut found = None;
    for carrier in carriers {
        let mut lines = message.values(carrier.header().as_bytes());
        let Some(line) = lines.next() else { continue };
        if lines.next().is_some() {
            return Err(SignatureError::Repeated);
        }
        let parameters = match carrier {
            Carrier::Signature => Some(line),
            _ => schemes
                .iter()
                .find_map(|scheme| line.strip_prefix(scheme.as_bytes())?.strip_prefix(b" ")),
        };
        if let Some(parameters) = parameters
            && found.replace(parameters).is_some()
        {
            return Err(SignatureError::Repeated);
        }
    }
    found.ok_or(SignatureError::Missing)
}

/// The names in a list with one space between two: 1 to 64, none twice in whatever case.
///
/// # Errors
/// [`SignatureError::Malformed`], [`SignatureError::DuplicateComponent`],
/// [`SignatureError::TooLarge`].
pub(super) fn names(list: &str) -> Result<Vec<String>, SignatureError> {
    let mut names: Vec<String> = Vec::new();
    for name in list.split(' ') {
        if !is_name(name) {
            return Err(SignatureError::Malformed);
        }
        if super::demand::lists(&names, name) {
            return Err(SignatureError::DuplicateComponent);
        }
        if names.len() == MAX_COMPONENTS {
            return Err(SignatureError::TooLarge);
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

/// The value of a header field that occurs once at most; `host` is the authority of the request.
///
/// # Errors
/// [`SignatureError::Repeated`]: the gateways read the first line and forward all of them.
/// [`SignatureError::IllegalValue`] for control characters, which could end a signed line.
pub(super) fn value<'m>(
    message: &Message<'m>,
    name: &str,
) -> Result<Option<&'m [u8]>, SignatureError> {
    let name = name.to_ascii_lowercase();
    if name == "host" {
        return Ok(Some(message.authority).filter(|authority| !authority.is_empty()));
    }
    match message.single(&name) {
        Ok(value) if value.iter().all(|&byte| is_plain(byte)) => Ok(Some(value)),
        Ok(_) => Err(SignatureError::IllegalValue),
        Err(SignatureError::Missing) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The signed time in the first of the date fields that is listed and there.
///
/// # Errors
/// [`SignatureError::Malformed`] for what is no IMF-fixdate, and what [`value`] says.
pub(super) fn date_of(
    message: &Message<'_>,
    names: &[String],
    fields: &[&str],
) -> Result<Option<i64>, SignatureError> {
    for field in fields {
        if super::demand::lists(names, field)
            && let Some(value) = value(message, field)?
        {
            return date::imf_fixdate(value).map(Some);
        }
    }
    Ok(None)
}

/// The raw request target, which has to be a path with or without query.
///
/// # Errors
/// [`SignatureError::UnsupportedTarget`] for other forms and for spaces and control characters.
pub(super) fn target<'m>(message: &Message<'m>) -> Result<&'m [u8], SignatureError> {
    let plain = message
        .target
        .iter()
        .all(|&byte| byte != b' ' && byte != b'\t' && is_plain(byte));
    if message.target.starts_with(b"/") && plain {
        Ok(message.target)
    } else {
        Err(SignatureError::UnsupportedTarget)
    }
}

/// The method, a token (RFC 9110 section 9.1).
///
/// # Errors
/// [`SignatureError::IllegalValue`].
pub(super) fn method<'m>(message: &Message<'m>) -> Result<&'m [u8], SignatureError> {
    if !message.method.is_empty() && message.method.iter().all(|&byte| is_token(byte)) {
        Ok(message.method)
    } else {
        Err(SignatureError::IllegalValue)
    }
}

/// The method in lower case, as `(request-target)` has it. A method that has lower-case letters
/// would share its signed form with another one, so there is none.
///
/// # Errors
/// [`SignatureError::IllegalValue`].
pub(super) fn lower_method(message: &Message<'_>) -> Result<Vec<u8>, SignatureError> {
    let method = method(message)?;
    if method.iter().any(u8::is_ascii_lowercase) {
        return Err(SignatureError::IllegalValue);
    }
    Ok(method.to_ascii_lowercase())
}

/// What a signed request target covers.
pub(super) const TARGET: Coverage = Coverage::METHOD.with(Coverage::PATH).with(Coverage::QUERY);

const NAMES: [(&str, Algorithm); 5] = [
    ("hmac-sha1", Algorithm::HmacSha1),
    ("hmac-sha256", Algorithm::HmacSha256),
    ("hmac-sha384", Algorithm::HmacSha384),
    ("hmac-sha512", Algorithm::HmacSha512),
    ("rsa-sha256", Algorithm::RsaV15Sha256),
];

/// The algorithm of a name of these dialects.
///
/// # Errors
/// [`SignatureError::AlgorithmMismatch`] for a name that no key can have.
pub(super) fn algorithm(name: &str) -> Result<Algorithm, SignatureError> {
    NAMES
        .into_iter()
        .find(|(known, _)| *known == name)
        .map(|(_, algorithm)| algorithm)
        .ok_or(SignatureError::AlgorithmMismatch)
}

/// The name of the signer's algorithm.
///
/// # Errors
/// [`SignatureError::InvalidSpec`] when these dialects have no name for it.
pub(super) fn algorithm_name(signer: &dyn Signer) -> Result<&'static str, SignatureError> {
    NAMES
        .into_iter()
        .find(|(_, algorithm)| *algorithm == signer.algorithm())
        .map(|(name, _)| name)
        .ok_or(SignatureError::InvalidSpec)
}

/// A key id that can stand between quotes.
///
/// # Errors
/// [`SignatureError::InvalidSpec`].
pub(super) fn quotable(key_id: Option<&str>) -> Result<&str, SignatureError> {
    key_id
        .filter(|id| {
            let plain = |byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
            !id.is_empty() && id.bytes().all(plain)
        })
        .ok_or(SignatureError::InvalidSpec)
}

/// The message with header lines put in the place of those of the same name.
pub(super) fn with_lines(
    message: &Message<'_>,
    lines: &[(String, String)],
) -> Vec<crate::HeaderLine> {
    let replaced = |name: &[u8]| lines.iter().any(|(line, _)| line.as_bytes() == name);
    let kept = message.headers.iter().filter(|(name, _)| !replaced(name));
    let added = lines
        .iter()
        .map(|(name, value)| (name.clone().into_bytes(), value.clone().into_bytes()));
    kept.cloned().chain(added).collect()
}

/// Header lines that a signer adds: name and value.
type Lines = Vec<(String, String)>;

/// The header lines that a signer adds and the names that it lists before anything is demanded:
/// `first`, of which the date is one, and the digest of the body where there is one to be covered.
///
/// # Errors
/// [`SignatureError::InvalidSpec`] for a time that has no date.
pub(super) fn dated(
    first: [&str; 2],
    created: i64,
    body: &[u8],
) -> Result<(Lines, Vec<String>), SignatureError> {
    let mut added = vec![(DATE.to_owned(), date::to_imf_fixdate(created)?)];
    let mut names = first.map(str::to_owned).to_vec();
    if !body.is_empty() {
        added.push((digest::HEADER.to_owned(), digest::sha256(body)));
        names.push(digest::HEADER.to_owned());
    }
    Ok((added, names))
}

/// The algorithms of a dialect, of which the first is HMAC-SHA-1: only where it is wanted.
pub(super) fn algorithms(all: &'static [Algorithm], sha1: bool) -> &'static [Algorithm] {
    match all.split_first() {
        Some((_, without_sha1)) if !sha1 => without_sha1,
        _ => all,
    }
}

/// Adds the demanded header fields to the names that are to be signed.
pub(super) fn add_demanded(demand: &Demand, message: &Message<'_>, names: &mut Vec<String>) {
    let present = message
        .headers
        .iter()
        .filter_map(|(name, _)| core::str::from_utf8(name).ok())
        .filter(|name| demand.wants_when_present(name.as_bytes()));
    for name in demand.headers.iter().map(String::as_str).chain(present) {
        if !super::demand::lists(names, name) {
            names.push(name.to_owned());
        }
    }
}

/// The lines with one LF between two.
///
/// # Errors
/// [`SignatureError::TooLarge`] above 256 KiB.
pub(super) fn joined(lines: &[Vec<u8>]) -> Result<Vec<u8>, SignatureError> {
    let joined = lines.join(&b"\n"[..]);
    if joined.len() > MAX_BASE_BYTES {
        return Err(SignatureError::TooLarge);
    }
    Ok(joined)
}

fn is_name(name: &str) -> bool {
    let inner = name
        .strip_prefix('@')
        .or_else(|| name.strip_prefix('(')?.strip_suffix(')'))
        .unwrap_or(name);
    !inner.is_empty() && inner.bytes().all(is_token)
}

/// `tchar` of RFC 9110 section 5.6.2.
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

pub(super) fn is_plain(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;
    use SignatureError as E;

    #[test]
    fn lists_of_names() {
        assert_eq!(
            names("@request-target Date (created)").unwrap(),
            ["@request-target", "Date", "(created)"]
        );
        for (list, expected) in [
            ("", E::Malformed),
            ("date ", E::Malformed),
            ("date  host", E::Malformed),
            ("date,host", E::Malformed),
            ("da:te", E::Malformed),
            ("@", E::Malformed),
            ("(date", E::Malformed),
            ("date DATE", E::DuplicateComponent),
        ] {
            assert_eq!(names(list), Err(expected), "{list}");
        }
        let many: Vec<_> = (0..65).map(|n| format!("x{n}")).collect();
        assert_eq!(names(&many.join(" ")), Err(E::TooLarge));
    }

    #[test]
    fn one_credential_in_all_carriers() {
        let message = |lines: &[(&str, &str)]| -> Vec<crate::HeaderLine> {
            lines
                .iter()
                .map(|(n, v)| ((*n).into(), (*v).into()))
                .collect()
        };
        let all = [
            Carrier::Authorization,
            Carrier::ProxyAuthorization,
            Carrier::Signature,
        ];
        for (lines, expected) in [
            (vec![], Err(E::Missing)),
            (vec![("authorization", "Bearer a")], Err(E::Missing)),
            (vec![("authorization", "hmacx")], Err(E::Missing)),
            (vec![("authorization", "hmac a")], Ok(&b"a"[..])),
            (
                vec![
                    ("authorization", "Bearer a"),
                    ("proxy-authorization", "hmac b"),
                ],
                Ok(&b"b"[..]),
            ),
            (vec![("signature", "c")], Ok(&b"c"[..])),
            (
                vec![
                    ("authorization", "hmac a"),
                    ("proxy-authorization", "hmac b"),
                ],
                Err(E::Repeated),
            ),
            (
                vec![("authorization", "hmac a"), ("signature", "b")],
                Err(E::Repeated),
            ),
            (
                vec![("authorization", "Bearer a"), ("authorization", "hmac b")],
                Err(E::Repeated),
            ),
        ] {
            let headers = message(&lines);
            let message = Message {
                headers: &headers,
                ..Default::default()
            };
            assert_eq!(credential(&message, &all, &["hmac"]), expected, "{lines:?}");
        }
    }

    #[test]
    fn request_lines_that_cannot_be_signed() {
        let message = |method: &'static str, target: &'static str| Message {
            method: method.as_bytes(),
            target: target.as_bytes(),
            ..Default::default()
        };
        assert_eq!(lower_method(&message("POST", "/")), Ok(b"post".to_vec()));
        for text in ["", "post", "PoST", "x:", "GET /a", "GET\n"] {
            assert!(lower_method(&message(text, "/")).is_err(), "{text}");
        }
        assert_eq!(target(&message("GET", "/%2f?a+b")), Ok(&b"/%2f?a+b"[..]));
        for text in ["", "*", "http://a/", "/a b", "/a\n", "a", "/\u{7f}"] {
            assert_eq!(target(&message("GET", text)), Err(E::UnsupportedTarget));
        }
    }
}
