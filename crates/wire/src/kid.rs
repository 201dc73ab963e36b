//! Key names and the paths that carry them.

use crate::{Operation, VERSION};

/// Longest key name, in bytes.
pub const MAX_KID_BYTES: usize = 64;

/// Whether `kid` may name a key: 1 to 64 of `A-Z a-z 0-9 . _ # -`, but not `.` or `..`, which a
/// proxy would normalise away.
#[must_use]
pub fn is_kid(kid: &str) -> bool {
    (1..=MAX_KID_BYTES).contains(&kid.len())
        && kid
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'#' | b'-'))
        && kid != "."
        && kid != ".."
}

/// The request path of an operation on a key: `/v1/keys/{kid}/{operation}`, with `#` written as
/// `%23`. `None` when `kid` cannot name a key.
#[must_use]
pub fn path(kid: &str, op: &Operation) -> Option<String> {
    is_kid(kid).then(|| format!("/v{VERSION}/keys/{}/{}", escape(kid), op.name()))
}

/// Splits a request path of this version into key name and action (`unwrap`, `mac`, `mac/verify`,
/// `sign`, `verify`, `public`). `None` for any other path, for a name that is no [`is_kid`], and for any escape but
/// `%23`. The action is not checked.
#[must_use]
pub fn decode_path(path: &str) -> Option<(String, &str)> {
    let rest = path.strip_prefix("/v1/keys/")?;
    let (kid, action) = rest.split_once('/')?;
    if action.is_empty() || (action.contains('/') && action != "mac/verify") {
        return None;
    }
    unescape(kid).map(|kid| (kid, action))
}

/// A name as a segment of a path.
pub(crate) fn escape(kid: &str) -> String {
    kid.replace('#', "%23")
}

/// The name a segment of a path stands for; `None` when it is none, or carries another escape.
pub(crate) fn unescape(segment: &str) -> Option<String> {
    if segment.contains('#') {
        return None;
    }
    let kid = segment.replace("%23", "#");
    is_kid(&kid).then_some(kid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MacRequest;

    fn mac() -> Operation {
        Operation::Mac(MacRequest {
            alg: "HS256".into(),
            data: Vec::new(),
        })
    }

    #[test]
    fn a_path_names_version_key_and_operation() {
        assert_eq!(
            path("gw-2026", &mac()).as_deref(),
            Some("/v1/keys/gw-2026/mac")
        );
        assert_eq!(path("gw#2", &mac()).as_deref(), Some("/v1/keys/gw%232/mac"));
    }

    #[test]
    fn a_name_that_could_change_the_path_is_refused() {
        let long = "k".repeat(65);
        for bad in [
            "", ".", "..", "a/b", "a%2fb", "a b", "a?b", "k\u{e9}", "a\r\nb", &long,
        ] {
            assert_eq!(path(bad, &mac()), None, "{bad:?}");
        }
        assert!(is_kid(&"k".repeat(64)));
    }

    #[test]
    fn what_path_writes_decode_path_reads() {
        for kid in ["a", "gw#2", "A.b_c-d", "..."] {
            let written = path(kid, &mac()).unwrap();
            assert_eq!(decode_path(&written), Some((kid.to_owned(), "mac")));
        }
        let verify = decode_path("/v1/keys/a/mac/verify");
        assert_eq!(verify, Some(("a".to_owned(), "mac/verify")));
        for bad in [
            "/v1/keys/a",
            "/v1/keys//mac",
            "/v2/keys/a/mac",
            "/v1/keys/a/mac/x",
            "/v1/keys/a#/mac",
            "/v1/keys/%41/mac",
            "/v1/keys/../mac",
            "",
        ] {
            assert_eq!(decode_path(bad), None, "{bad:?}");
        }
    }
}
