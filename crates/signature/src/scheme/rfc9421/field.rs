//! The value of a header or trailer field (RFC 9421 section 2.1).

use super::component::Parameters;
use crate::structured::{self, StructuredType};
use crate::text::base64;
use crate::{Message, SignatureError};

/// Appends the value of the field `name` (lower case) as the parameters want it.
///
/// Without parameters: all lines, each trimmed, obsolete folds made one space, joined by `, `.
pub(super) fn value(
    message: &Message<'_>,
    name: &str,
    parameters: &Parameters,
    known: &[(String, StructuredType)],
    out: &mut Vec<u8>,
) -> Result<(), SignatureError> {
    let name_bytes = name.as_bytes();
    if !parameters.structured && parameters.key.is_none() {
        return match parameters.trailers {
            true => joined(message.trailer_values(name_bytes), parameters.binary, out),
            false => joined(message.values(name_bytes), parameters.binary, out),
        };
    }
    let mut text = Vec::new();
    match parameters.trailers {
        true => joined(message.trailer_values(name_bytes), false, &mut text)?,
        false => joined(message.values(name_bytes), false, &mut text)?,
    }
    let kind = known
        .iter()
        .find(|(field, _)| field == name)
        .map(|(_, kind)| *kind)
        .or_else(|| structured::registered(name));
    let serialized = match (&parameters.key, kind) {
        // `key` says itself that the field is a dictionary (section 2.1.2).
        (Some(key), None | Some(StructuredType::Dictionary)) => structured::member(&text, key)?,
        (None, Some(kind)) => structured::reserialized(kind, &text)?,
        // A field of unknown type has no strict serialisation (section 2.1.1).
        _ => return Err(SignatureError::UnsupportedParameter),
    };
    out.extend_from_slice(serialized.as_bytes());
    Ok(())
}

/// All lines, plain or as byte sequences (section 2.1.3).
fn joined<'l>(
    lines: impl Iterator<Item = &'l [u8]>,
    binary: bool,
    out: &mut Vec<u8>,
) -> Result<(), SignatureError> {
    let mut first = true;
    for line in lines {
        if !first {
            out.extend_from_slice(b", ");
        }
        first = false;
        if binary {
            let mut octets = Vec::with_capacity(line.len());
            unfold(trim(line), &mut octets);
            out.push(b':');
            out.extend_from_slice(base64::encode(&octets).as_bytes());
            out.push(b':');
        } else {
            unfold(trim(line), out);
        }
    }
    if first {
        Err(SignatureError::AbsentComponent)
    } else {
        Ok(())
    }
}

/// Without the optional whitespace of RFC 9110 section 5.6.3 at either end.
fn trim(mut line: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = line {
        line = rest;
    }
    line
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
