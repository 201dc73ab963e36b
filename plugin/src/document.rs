//! The plugin configuration as JSON, whichever message carried it.
//!
//! Envoy hands `StringValue` and `BytesValue` over without their wrapper, but everything else as the
//! bytes of the message: a policy written as `google.protobuf.Struct` arrives in protobuf encoding, not
//! as JSON (measured on 1.40, static and ECDS, against what its documentation says).

use serde_json::{Map, Number, Value};

/// Deepest nesting of a policy in protobuf form; more than the policy language has.
const MAX_DEPTH: usize = 32;

/// The configuration as JSON text: as it is when it already looks like JSON, else a `Struct` decoded.
/// What is neither comes back unchanged, for the policy compiler to refuse.
pub(crate) fn to_json(configuration: Vec<u8>) -> Vec<u8> {
    let is_json = configuration.trim_ascii_start().first() == Some(&b'{')
        && serde_json::from_slice::<serde::de::IgnoredAny>(&configuration).is_ok();
    if is_json {
        return configuration;
    }
    match object(&configuration, MAX_DEPTH) {
        Some(members) => Value::Object(members).to_string().into_bytes(),
        None => configuration,
    }
}

/// `Struct`: field 1, map entries of name and value.
fn object(bytes: &[u8], depth: usize) -> Option<Map<String, Value>> {
    let depth = depth.checked_sub(1)?;
    let mut members = Map::new();
    for field in fields(bytes) {
        let (1, Field::Bytes(entry)) = field? else {
            return None;
        };
        let (mut name, mut value) = (String::new(), Value::Null);
        for part in fields(entry) {
            match part? {
                (1, Field::Bytes(text)) => name = std::str::from_utf8(text).ok()?.to_owned(),
                (2, Field::Bytes(inner)) => value = self::value(inner, depth)?,
                _ => return None,
            }
        }
        if members.insert(name, value).is_some() {
            return None;
        }
    }
    Some(members)
}

/// `Value`: a oneof of null, number, string, bool, struct and list.
fn value(bytes: &[u8], depth: usize) -> Option<Value> {
    let mut value = Value::Null;
    for field in fields(bytes) {
        value = match field? {
            (1, Field::Varint(_)) => Value::Null,
            (2, Field::Fixed64(bits)) => number(f64::from_bits(bits))?,
            (3, Field::Bytes(text)) => Value::String(std::str::from_utf8(text).ok()?.to_owned()),
            (4, Field::Varint(truth)) => Value::Bool(truth != 0),
            (5, Field::Bytes(inner)) => Value::Object(object(inner, depth)?),
            (6, Field::Bytes(inner)) => list(inner, depth)?,
            _ => return None,
        };
    }
    Some(value)
}

fn list(bytes: &[u8], depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    let items = fields(bytes).map(|field| match field? {
        (1, Field::Bytes(inner)) => value(inner, depth),
        _ => None,
    });
    items.collect::<Option<Vec<_>>>().map(Value::Array)
}

/// Every number of a `Struct` is a double; whole ones become integers again.
fn number(number: f64) -> Option<Value> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() < EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
        return Some(Value::from(number as i64));
    }
    Number::from_f64(number).map(Value::Number)
}

enum Field<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
}

/// The fields of a message; ends with `None` inside when the bytes are not a message.
fn fields(mut bytes: &[u8]) -> impl Iterator<Item = Option<(u64, Field<'_>)>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let field = next_field(&mut bytes);
        if field.is_none() {
            bytes = &[];
        }
        Some(field)
    })
}

fn next_field<'a>(bytes: &mut &'a [u8]) -> Option<(u64, Field<'a>)> {
    let tag = varint(bytes)?;
    let field = match tag & 7 {
        0 => Field::Varint(varint(bytes)?),
        1 => {
            let (fixed, rest) = bytes.split_first_chunk::<8>()?;
            *bytes = rest;
            Field::Fixed64(u64::from_le_bytes(*fixed))
        }
        2 => {
            let length = usize::try_from(varint(bytes)?).ok()?;
            let (inner, rest) = bytes.split_at_checked(length)?;
            *bytes = rest;
            Field::Bytes(inner)
        }
        _ => return None,
    };
    Some((tag >> 3, field))
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_struct_becomes_json() {
        // {"a":[true,1.5],"v":1}
        let list = [
            &[0x0a, 2, 0x20, 1][..],
            &[0x0a, 9, 0x11],
            &1.5f64.to_le_bytes(),
        ]
        .concat();
        let value = [&[0x32, list.len() as u8][..], &list].concat();
        let a = [&[0x0a, 1, b'a', 0x12, value.len() as u8][..], &value].concat();
        let v = [&[0x0a, 1, b'v', 0x12, 9, 0x11][..], &1f64.to_le_bytes()].concat();
        let message = [&[0x0a, a.len() as u8][..], &a, &[0x0a, v.len() as u8], &v].concat();
        assert_eq!(to_json(message), br#"{"a":[true,1.5],"v":1}"#);
    }

    #[test]
    fn json_and_garbage_pass_through() {
        for text in [
            &b"\n {\"version\":1}"[..],
            b"",
            b"nonsense",
            b"\x0a\xff\xff",
            b"{\"a\":",
        ] {
            assert!(to_json(text.to_vec()) == text || text.is_empty());
        }
    }
}
