//! A strict reader of JSON objects: UTF-8, no duplicate member at any depth, bounded.
//!
//! Two readers that disagree about which of two equal members counts is the classic way past a
//! gate, so duplicates are refused after unescaping (`"\u0061lg"` equals `"alg"`), as RFC 7515
//! section 4 and RFC 7516 section 4 require. The engine reads claims and bodies through it too.

use core::cell::Cell;
use core::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Why bytes were refused as a JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonFault {
    /// Longer than the bound.
    TooLong,
    /// Nested deeper than the bound.
    TooDeep,
    /// A member name occurs twice in one object.
    DuplicateMember,
    /// Not JSON (RFC 8259), not UTF-8, a byte order mark, or bytes after the value.
    Syntax,
    /// JSON, but not an object.
    NotAnObject,
}

impl JsonFault {
    /// Stable identifier for logs and metrics, kebab-case.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLong => "json-too-long",
            Self::TooDeep => "json-too-deep",
            Self::DuplicateMember => "json-duplicate-member",
            Self::Syntax => "json-syntax",
            Self::NotAnObject => "json-not-an-object",
        }
    }
}

impl fmt::Display for JsonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl core::error::Error for JsonFault {}

/// Bounds for [`object`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Longest text in bytes.
    pub max_bytes: usize,
    /// Deepest nesting; the outermost object is level 1. Values above 127 act as 127.
    pub max_depth: usize,
}

/// Reads `text` as one JSON object.
///
/// # Errors
/// [`JsonFault`], the first one met.
pub fn object(text: &[u8], bounds: Bounds) -> Result<Map<String, Value>, JsonFault> {
    if text.len() > bounds.max_bytes {
        return Err(JsonFault::TooLong);
    }
    let fault = Cell::new(JsonFault::Syntax);
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Strict {
        depth_left: bounds.max_depth,
        fault: &fault,
    }
    .deserialize(&mut reader)
    .map_err(|error| {
        if error.is_data() {
            fault.get()
        } else {
            syntax_or_depth(&error)
        }
    })?;
    reader.end().map_err(|_| JsonFault::Syntax)?;
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(JsonFault::NotAnObject),
    }
}

/// The library stops at 128 levels with a syntax-class error of its own.
fn syntax_or_depth(error: &serde_json::Error) -> JsonFault {
    if error.to_string().starts_with("recursion limit") {
        JsonFault::TooDeep
    } else {
        JsonFault::Syntax
    }
}

/// Builds a [`Value`] while counting depth and refusing duplicates; `fault` carries our reason
/// past the library's error type, which only holds text.
#[derive(Clone, Copy)]
struct Strict<'f> {
    depth_left: usize,
    fault: &'f Cell<JsonFault>,
}

impl Strict<'_> {
    fn fail<E: serde::de::Error>(self, fault: JsonFault) -> E {
        self.fault.set(fault);
        E::custom(fault)
    }

    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.depth_left.checked_sub(1) {
            Some(depth_left) => Ok(Self { depth_left, ..self }),
            None => Err(self.fail(JsonFault::TooDeep)),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| self.fail(JsonFault::Syntax))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut members = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(inner)?;
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom(
                    self.fail::<A::Error>(JsonFault::DuplicateMember),
                ));
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        max_bytes: 64 * 1024,
        max_depth: 4,
    };

    #[test]
    fn reads_every_kind_of_value() {
        let text = br#" {"a":null,"b":true,"c":-1,"d":1.5,"e":"\u00e9","f":[1,{"g":[]}]} "#;
        let expected: Value = serde_json::from_slice(text).unwrap();
        assert_eq!(Value::Object(object(text, BOUNDS).unwrap()), expected);
    }

    #[test]
    fn refusals() {
        let deep = [b"{\"a\":".as_slice(), &[b'['; 5000], &[b']'; 5000], b"}"].concat();
        let wide = Bounds {
            max_depth: 1_000_000,
            ..BOUNDS
        };
        let long = [b"{\"a\":\"".as_slice(), &[b'x'; 64 * 1024], b"\"}"].concat();
        let cases: &[(&str, &[u8], Bounds, JsonFault)] = &[
            ("empty", b"", BOUNDS, JsonFault::Syntax),
            (
                "duplicate",
                br#"{"a":1,"a":1}"#,
                BOUNDS,
                JsonFault::DuplicateMember,
            ),
            (
                "escaped duplicate",
                br#"{"\u0061":1,"a":1}"#,
                BOUNDS,
                JsonFault::DuplicateMember,
            ),
            (
                "inner duplicate",
                br#"{"b":[{"a":1,"a":2}]}"#,
                BOUNDS,
                JsonFault::DuplicateMember,
            ),
            (
                "byte order mark",
                b"\xef\xbb\xbf{}",
                BOUNDS,
                JsonFault::Syntax,
            ),
            ("trailing bytes", b"{} {}", BOUNDS, JsonFault::Syntax),
            ("trailing NUL", b"{}\0", BOUNDS, JsonFault::Syntax),
            ("trailing comma", br#"{"a":1,}"#, BOUNDS, JsonFault::Syntax),
            ("bad UTF-8", b"{\"a\":\"\xff\"}", BOUNDS, JsonFault::Syntax),
            (
                "bad UTF-8 in a name",
                b"{\"\xff\":1}",
                BOUNDS,
                JsonFault::Syntax,
            ),
            (
                "lone surrogate",
                br#"{"a":"\ud800"}"#,
                BOUNDS,
                JsonFault::Syntax,
            ),
            (
                "raw control character",
                b"{\"a\":\"\n\"}",
                BOUNDS,
                JsonFault::Syntax,
            ),
            (
                "number out of range",
                br#"{"a":1e999}"#,
                BOUNDS,
                JsonFault::Syntax,
            ),
            ("leading zero", br#"{"a":01}"#, BOUNDS, JsonFault::Syntax),
            ("comment", b"{/**/}", BOUNDS, JsonFault::Syntax),
            ("array", b"[]", BOUNDS, JsonFault::NotAnObject),
            ("string", b"\"{}\"", BOUNDS, JsonFault::NotAnObject),
            (
                "one level too deep",
                br#"{"a":[[[[]]]]}"#,
                BOUNDS,
                JsonFault::TooDeep,
            ),
            ("5000 levels", &deep, BOUNDS, JsonFault::TooDeep),
            (
                "5000 levels, bound far away",
                &deep,
                wide,
                JsonFault::TooDeep,
            ),
            ("one byte too long", &long, BOUNDS, JsonFault::TooLong),
        ];
        for (name, text, bounds, fault) in cases {
            assert_eq!(object(text, *bounds), Err(*fault), "{name}");
        }
    }
}
