//! The signature base (RFC 9421 section 2.5), from the raw request line and header fields.

use super::Component;
use crate::limits::MAX_BASE_BYTES;
use crate::{Message, SignatureError};

/// One line per component, then the `@signature-params` line without a line feed behind it.
pub(super) fn build<H: AsRef<[u8]>>(
    message: &Message<'_, H>,
    components: &[Component],
    signature_params: &str,
) -> Result<Vec<u8>, SignatureError> {
    let mut base = Vec::with_capacity(512);
    for component in components {
        base.extend_from_slice(component.serialized().as_bytes());
        base.extend_from_slice(b": ");
        let start = base.len();
        value(message, component, &mut base)?;
        // A line feed inside a value would let one covered value forge the next line; bytes above
        // ASCII have no agreed meaning without the `bs` parameter (section 2.5, ABNF).
        let written = base.get(start..).unwrap_or_default();
        if !written
            .iter()
            .all(|&b| b == b'\t' || (b' '..=b'~').contains(&b))
        {
            return Err(SignatureError::IllegalValue);
        }
        base.push(b'\n');
        if base.len() > MAX_BASE_BYTES {
            return Err(SignatureError::TooLarge);
        }
    }
    base.extend_from_slice(b"\"@signature-params\": ");
    base.extend_from_slice(signature_params.as_bytes());
    Ok(base)
}

/// Appends the component's value. Derived values come from the request line only, never from a
/// header field of that name.
fn value<H: AsRef<[u8]>>(
    message: &Message<'_, H>,
    component: &Component,
    out: &mut Vec<u8>,
) -> Result<(), SignatureError> {
    match component.name() {
        "@method" => out.extend_from_slice(nonempty(message.method)?),
        "@scheme" => out.extend(nonempty(message.scheme)?.to_ascii_lowercase()),
        "@authority" => authority(message, out)?,
        "@request-target" => out.extend_from_slice(nonempty(message.target)?),
        "@target-uri" => {
            out.extend(nonempty(message.scheme)?.to_ascii_lowercase());
            out.extend_from_slice(b"://");
            authority(message, out)?;
            if message.target != b"*" {
                out.extend_from_slice(origin_form(message)?);
            }
        }
        "@path" => {
            origin_form(message)?;
            out.extend_from_slice(message.path());
        }
        "@query" => {
            origin_form(message)?;
            out.push(b'?');
            out.extend_from_slice(message.query().unwrap_or_default());
        }
        "@query-param" => {
            origin_form(message)?;
            query_param(
                message,
                component.query_param_name().unwrap_or_default(),
                out,
            )?;
        }
        name if name.starts_with('@') => return Err(SignatureError::UnsupportedComponent),
        name => field(message, name, out)?,
    }
    Ok(())
}

/// All lines of a header field: each trimmed, obsolete folds made one space, joined by `, `
/// (section 2.1).
fn field<H: AsRef<[u8]>>(
    message: &Message<'_, H>,
    name: &str,
    out: &mut Vec<u8>,
) -> Result<(), SignatureError> {
    let mut lines = 0usize;
    for line in message.values(name.as_bytes()) {
        if lines > 0 {
            out.extend_from_slice(b", ");
        }
        lines = lines.saturating_add(1);
        unfold(line.trim_ascii(), out);
    }
    if lines == 0 {
        Err(SignatureError::AbsentComponent)
    } else {
        Ok(())
    }
}

/// Replaces each obsolete line fold, with the whitespace around it, by one space.
fn unfold(line: &[u8], out: &mut Vec<u8>) {
    if !line.contains(&b'\n') {
        return out.extend_from_slice(line);
    }
    for (i, part) in line.split(|&b| b == b'\n').enumerate() {
        if i == 0 {
            out.extend_from_slice(part.trim_ascii_end());
        } else if part.first().is_some_and(|b| matches!(b, b' ' | b'\t')) {
            out.push(b' ');
            out.extend_from_slice(part.trim_ascii());
        } else {
            // No fold but a bare line feed: kept, and refused by the caller.
            out.push(b'\n');
            out.extend_from_slice(part);
        }
    }
}

/// The authority in normal form: lower case, the scheme's default port left out (section 2.2.3).
fn authority<H: AsRef<[u8]>>(
    message: &Message<'_, H>,
    out: &mut Vec<u8>,
) -> Result<(), SignatureError> {
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
fn query_param<H: AsRef<[u8]>>(
    message: &Message<'_, H>,
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

fn origin_form<'m, H: AsRef<[u8]>>(message: &Message<'m, H>) -> Result<&'m [u8], SignatureError> {
    if message.target.starts_with(b"/") {
        Ok(message.target)
    } else {
        Err(SignatureError::UnsupportedTarget)
    }
}
