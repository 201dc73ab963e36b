//! The values of derived components (RFC 9421 section 2.2).

use crate::{Message, SignatureError};

/// Appends the value of `@method`, `@path`, ... from the request line or the status.
///
/// # Errors
/// [`SignatureError::UnsupportedComponent`] for a part of a request in a response, and the other
/// way round.
pub(super) fn value(
    message: &Message<'_>,
    name: &str,
    query_parameter: Option<&str>,
    out: &mut Vec<u8>,
) -> Result<(), SignatureError> {
    match (name, message.status) {
        // Three digits, as in a status line.
        ("@status", Some(status)) => out.extend_from_slice(format!("{status:03}").as_bytes()),
        (_, Some(_)) | ("@status", None) => return Err(SignatureError::UnsupportedComponent),
        ("@method", None) => out.extend_from_slice(nonempty(message.method)?),
        ("@scheme", None) => out.extend(nonempty(message.scheme)?.to_ascii_lowercase()),
        ("@authority", None) => authority(message, out)?,
        ("@request-target", None) => out.extend_from_slice(nonempty(message.target)?),
        ("@target-uri", None) => {
            out.extend(nonempty(message.scheme)?.to_ascii_lowercase());
            out.extend_from_slice(b"://");
            authority(message, out)?;
            if message.target != b"*" {
                out.extend_from_slice(origin_form(message)?);
            }
        }
        ("@path", None) => {
            origin_form(message)?;
            out.extend_from_slice(message.path());
        }
        ("@query", None) => {
            origin_form(message)?;
            out.push(b'?');
            out.extend_from_slice(message.query().unwrap_or_default());
        }
        ("@query-param", None) => {
            origin_form(message)?;
            query_param(message, query_parameter.unwrap_or_default(), out)?;
        }
        _ => return Err(SignatureError::UnsupportedComponent),
    }
    Ok(())
}

/// The authority in normal form: lower case, the scheme's default port left out (section 2.2.3).
fn authority(message: &Message<'_>, out: &mut Vec<u8>) -> Result<(), SignatureError> {
    let whole = nonempty(message.authority)?.to_ascii_lowercase();
    let default_port: &[u8] = match message.scheme.to_ascii_lowercase().as_slice() {
        b"https" => b":443",
        b"http" => b":80",
        _ => b"",
    };
    let kept = whole.strip_suffix(default_port).unwrap_or(&whole);
    let kept = kept.strip_suffix(b":").unwrap_or(kept);
    out.extend_from_slice(kept);
    Ok(())
}

/// One query parameter, decoded as a form field and percent-encoded again (section 2.2.8).
fn query_param(
    message: &Message<'_>,
    wanted: &str,
    out: &mut Vec<u8>,
) -> Result<(), SignatureError> {
    let mut found = false;
    let query = message.query().unwrap_or_default();
    for pair in query.split(|&b| b == b'&').filter(|pair| !pair.is_empty()) {
        let mut halves = pair.splitn(2, |&b| b == b'=');
        let name = reencoded(halves.next().unwrap_or_default())?;
        if name != wanted.as_bytes() {
            continue;
        }
        if found {
            return Err(SignatureError::AmbiguousComponent);
        }
        found = true;
        out.extend(reencoded(halves.next().unwrap_or_default())?);
    }
    if found {
        Ok(())
    } else {
        Err(SignatureError::AbsentComponent)
    }
}

/// Form-decodes, then percent-encodes every byte outside `A-Z a-z 0-9 * - . _`.
///
/// The form decoder of the URL standard replaces what is not UTF-8 by U+FFFD, which would let
/// different raw bytes share one signed value; such a query is refused instead.
fn reencoded(raw: &[u8]) -> Result<Vec<u8>, SignatureError> {
    let mut decoded = Vec::with_capacity(raw.len());
    let mut rest = raw.iter();
    while let Some(&byte) = rest.next() {
        decoded.push(match (byte, rest.as_slice()) {
            (b'+', _) => b' ',
            (b'%', [high, low, ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    rest.nth(1);
                    (high << 4) | low
                }
                _ => b'%',
            },
            _ => byte,
        });
    }
    if core::str::from_utf8(&decoded).is_err() {
        return Err(SignatureError::IllegalValue);
    }
    let mut encoded = Vec::with_capacity(decoded.len());
    for byte in decoded {
        if byte.is_ascii_alphanumeric() || b"*-._".contains(&byte) {
            encoded.push(byte);
        } else {
            encoded.extend([b'%', upper_hex(byte >> 4), upper_hex(byte & 15)]);
        }
    }
    Ok(encoded)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|d| u8::try_from(d).ok())
}

fn upper_hex(nibble: u8) -> u8 {
    if nibble < 10 {
        b'0' + nibble
    } else {
        b'A' + (nibble - 10)
    }
}

fn nonempty(value: &[u8]) -> Result<&[u8], SignatureError> {
    if value.is_empty() {
        Err(SignatureError::AbsentComponent)
    } else {
        Ok(value)
    }
}

fn origin_form<'m>(message: &Message<'m>) -> Result<&'m [u8], SignatureError> {
    if message.target.starts_with(b"/") {
        Ok(message.target)
    } else {
        Err(SignatureError::UnsupportedTarget)
    }
}
