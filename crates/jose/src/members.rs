//! Typed access to the members of a parsed header, and of a message in the JSON serialization.

use serde_json::{Map, Value};

use crate::limits::JSON_LEVELS_ABOVE_HEADER;
use crate::{JoseError, Limits, Malformed, Unsupported, json};

/// The members of a message in the JSON serialization (RFC 7515 section 7.2, RFC 7516 section 7.2).
pub(crate) fn of_serialization(
    text: &[u8],
    limits: &Limits,
) -> Result<Map<String, Value>, JoseError> {
    if text.len() > limits.max_token_bytes {
        return Err(Malformed::TokenTooLong.into());
    }
    let bounds = json::Bounds {
        max_bytes: limits.max_token_bytes,
        max_depth: limits
            .max_header_depth
            .saturating_add(JSON_LEVELS_ABOVE_HEADER),
    };
    Ok(json::object(text, bounds)?)
}

/// A string member that must be there.
pub(crate) fn required<'a>(
    members: &'a Map<String, Value>,
    name: &str,
) -> Result<&'a str, Malformed> {
    members
        .get(name)
        .and_then(Value::as_str)
        .ok_or(Malformed::HeaderMember)
}

/// A string member that may be absent, but not of another type.
pub(crate) fn optional(
    members: &Map<String, Value>,
    name: &str,
) -> Result<Option<String>, Malformed> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Malformed::HeaderMember),
    }
}

/// Refuses the members that change how the rest is read, and those that bring a key: no extension
/// is understood, so `crit` in any shape is refused (RFC 7515 section 4.1.11), and so are `zip` and
/// `b64`; keys come from the caller only (RFC 8725 section 3.10).
pub(crate) fn refuse_extensions(members: &Map<String, Value>) -> Result<(), JoseError> {
    for (name, refusal) in [
        ("crit", Unsupported::CriticalHeader),
        ("zip", Unsupported::Compression),
        ("b64", Unsupported::UnencodedPayload),
        ("jwk", Unsupported::KeyInHeader),
        ("jku", Unsupported::KeyInHeader),
        ("x5u", Unsupported::KeyInHeader),
        ("x5c", Unsupported::KeyInHeader),
    ] {
        if members.contains_key(name) {
            return Err(refusal.into());
        }
    }
    Ok(())
}
