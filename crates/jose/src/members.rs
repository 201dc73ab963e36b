//! Typed access to the members of a parsed protected header.

use serde_json::{Map, Value};

use crate::{JoseError, Malformed, Unsupported};

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
