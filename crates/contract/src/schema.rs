//! JSON Schema (2020-12, as OpenAPI 3.1 uses it), compiled to a list of schemas that name each
//! other by number: references may go round in circles, and cost nothing when they do.

mod check;
mod compile;

use regex_lite::Regex;
use serde_json::Value;

use crate::format::Format;

pub(crate) use check::{Checker, Place};
pub(crate) use compile::Compiler;

/// Place of a schema in the list.
pub(crate) type Id = usize;

/// One compiled schema object. What is absent does not constrain.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    /// `false`
    never: bool,
    types: Option<Types>,
    constant: Option<Value>,
    choices: Option<Vec<Value>>,
    number: Option<Box<NumberRules>>,
    text: Option<Box<TextRules>>,
    array: Option<Box<ArrayRules>>,
    object: Option<Box<ObjectRules>>,
    format: Option<Format>,
    /// `$ref` and `allOf`: every one must hold, on the same value.
    all: Vec<Id>,
    any: Option<Vec<Id>>,
    one: Option<Vec<Id>>,
    not: Option<Id>,
    /// `if`, with `then` and `else`.
    condition: Option<(Id, Option<Id>, Option<Id>)>,
}

#[derive(Debug, Default)]
struct NumberRules {
    minimum: Option<f64>,
    maximum: Option<f64>,
    above: Option<f64>,
    below: Option<f64>,
    multiple_of: Option<f64>,
}

#[derive(Debug, Default)]
struct TextRules {
    /// In characters.
    min: usize,
    max: Option<usize>,
    pattern: Option<Regex>,
}

#[derive(Debug, Default)]
struct ArrayRules {
    min: usize,
    max: Option<usize>,
    unique: bool,
    prefix: Vec<Id>,
    items: Option<Id>,
    contains: Option<Id>,
    min_contains: Option<usize>,
    max_contains: Option<usize>,
}

#[derive(Debug, Default)]
struct ObjectRules {
    min: usize,
    max: Option<usize>,
    required: Vec<String>,
    dependent: Vec<(String, Vec<String>)>,
    /// Whether `properties` or `patternProperties` is written.
    lists_members: bool,
    /// Sorted by name.
    properties: Vec<(String, Id)>,
    patterns: Vec<(Regex, Id)>,
    additional: Option<Id>,
    unevaluated: Option<Id>,
    names: Option<Id>,
}

/// A set of the types of JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Types(u8);

impl Types {
    const INTEGER: u8 = 8;
    const NUMBER: u8 = 16;

    fn named(name: &str) -> Option<Self> {
        Some(Self(match name {
            "null" => 1,
            "boolean" => 2,
            "string" => 4,
            "integer" => Self::INTEGER,
            "number" => Self::NUMBER,
            "array" => 32,
            "object" => 64,
            _ => return None,
        }))
    }

    fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// An integer is any number without a fraction (section 4.2.3 of the core).
    fn contain(self, value: &Value) -> bool {
        let bit = match value {
            Value::Null => 1,
            Value::Bool(_) => 2,
            Value::String(_) => 4,
            Value::Number(number) => {
                let whole = number.is_i64()
                    || number.is_u64()
                    || number.as_f64().is_some_and(|n| n.fract() == 0.0);
                if whole {
                    Self::INTEGER | Self::NUMBER
                } else {
                    Self::NUMBER
                }
            }
            Value::Array(_) => 32,
            Value::Object(_) => 64,
        };
        self.0 & bit != 0
    }
}
