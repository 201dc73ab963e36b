//! From a document's schema objects to [`Schema`]s, each compiled once.

use std::collections::HashMap;

use regex_lite::{Regex, RegexBuilder};
use serde_json::{Map, Value};

use super::{ArrayRules, Id, NumberRules, ObjectRules, Schema, TextRules, Types};
use crate::fault::{Faults, below};
use crate::format::Format;
use crate::limits::{MAX_PATTERN_BYTES, MAX_SCHEMAS};

/// Keywords that constrain nothing.
const ANNOTATIONS: [&str; 19] = [
    "$comment",
    "$defs",
    "$schema",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "default",
    "definitions",
    "deprecated",
    "description",
    "discriminator",
    "example",
    "examples",
    "externalDocs",
    "readOnly",
    "title",
    "writeOnly",
    "xml",
    "summary",
];

/// Compiles the schemas of one document as they are asked for.
pub(crate) struct Compiler<'d> {
    document: &'d Value,
    known: HashMap<String, Id>,
    schemas: Vec<Schema>,
    pub(crate) faults: Faults,
}

impl<'d> Compiler<'d> {
    pub(crate) fn new(document: &'d Value) -> Self {
        Self {
            document,
            known: HashMap::new(),
            schemas: Vec::new(),
            faults: Faults::default(),
        }
    }

    /// All schemas, and every fault.
    pub(crate) fn finish(mut self) -> (Vec<Schema>, Faults) {
        self.find_circles();
        (self.schemas, self.faults)
    }

    /// What a `$ref` inside the document points at, followed to its end.
    pub(crate) fn resolved(&mut self, pointer: &str) -> Option<(String, &'d Value)> {
        let mut pointer = pointer.to_owned();
        // A document has fewer references than this in a row, or they go round.
        for _ in 0..32 {
            let value = self.document.pointer(&unfragment(&pointer))?;
            match value.get("$ref").and_then(Value::as_str) {
                Some(target) => pointer = self.target(&pointer, target)?,
                None => return Some((pointer, value)),
            }
        }
        self.faults.add(pointer, "refers to itself");
        None
    }

    /// The number of the schema at a pointer, compiled now if it was not yet.
    pub(crate) fn schema(&mut self, pointer: &str) -> Option<Id> {
        if let Some(id) = self.known.get(pointer) {
            return Some(*id);
        }
        let Some(value) = self.document.pointer(&unfragment(pointer)) else {
            self.faults.add(pointer, "is not in the document");
            return None;
        };
        if self.schemas.len() >= MAX_SCHEMAS {
            self.faults.add(pointer, "is one schema too many");
            return None;
        }
        // Known before it is compiled: what it refers to may refer to it.
        let id = self.schemas.len();
        self.schemas.push(Schema::default());
        self.known.insert(pointer.to_owned(), id);
        let schema = match value {
            Value::Bool(always) => Schema {
                never: !always,
                ..Schema::default()
            },
            Value::Object(members) => self.object(pointer, members),
            _ => {
                self.faults.add(pointer, "is not a schema");
                return None;
            }
        };
        if let Some(place) = self.schemas.get_mut(id) {
            *place = schema;
        }
        Some(id)
    }

    fn object(&mut self, pointer: &str, members: &'d Map<String, Value>) -> Schema {
        let mut schema = Schema::default();
        let mut nullable = false;
        for (keyword, value) in members {
            let place = below(pointer, keyword);
            let done = match keyword.as_str() {
                "$ref" => self.reference(pointer, value).map(|id| schema.all.push(id)),
                "type" => types(value).map(|types| schema.types = Some(types)),
                "nullable" => value.as_bool().map(|value| nullable = value),
                "const" => {
                    schema.constant = Some(value.clone());
                    Some(())
                }
                "enum" => value
                    .as_array()
                    .map(|all| schema.choices = Some(all.clone())),
                "format" => self.format(&place, value).map(|f| schema.format = Some(f)),
                "allOf" => self.list(&place, value).map(|all| schema.all.extend(all)),
                "anyOf" => self.list(&place, value).map(|any| schema.any = Some(any)),
                "oneOf" => self.list(&place, value).map(|one| schema.one = Some(one)),
                "not" => self.schema(&place).map(|id| schema.not = Some(id)),
                "if" => self
                    .condition(pointer, members)
                    .map(|c| schema.condition = Some(c)),
                "then" | "else" => Some(()),
                name if ANNOTATIONS.contains(&name) || name.starts_with("x-") => Some(()),
                name => self
                    .number(name, value, &mut schema)
                    .or_else(|| self.text(name, value, &mut schema))
                    .or_else(|| self.array(name, &place, value, &mut schema))
                    .or_else(|| self.members(name, &place, value, &mut schema)),
            };
            if done.is_none() {
                self.faults
                    .add(place, "is a keyword or value that is not enforced");
            }
        }
        if let (true, Some(types)) = (nullable, schema.types) {
            schema.types = Types::named("null").map(|null| types.with(null));
        }
        schema
    }

    fn number(&mut self, keyword: &str, value: &Value, schema: &mut Schema) -> Option<()> {
        let read = |rules: &mut NumberRules| {
            let place = match keyword {
                "minimum" => &mut rules.minimum,
                "maximum" => &mut rules.maximum,
                "exclusiveMinimum" => &mut rules.above,
                "exclusiveMaximum" => &mut rules.below,
                "multipleOf" => &mut rules.multiple_of,
                _ => return None,
            };
            *place = value.as_f64();
            let positive = keyword != "multipleOf" || value.as_f64().is_some_and(|n| n > 0.0);
            place.filter(|_| positive).map(|_| ())
        };
        known(&mut schema.number, read)
    }

    fn text(&mut self, keyword: &str, value: &Value, schema: &mut Schema) -> Option<()> {
        let read = |rules: &mut TextRules| {
            match keyword {
                "minLength" => rules.min = count(value)?,
                "maxLength" => rules.max = Some(count(value)?),
                "pattern" => rules.pattern = Some(pattern(value.as_str()?)?),
                _ => return None,
            }
            Some(())
        };
        known(&mut schema.text, read)
    }

    fn array(
        &mut self,
        keyword: &str,
        place: &str,
        value: &'d Value,
        schema: &mut Schema,
    ) -> Option<()> {
        let read = |rules: &mut ArrayRules| {
            match keyword {
                "minItems" => rules.min = count(value)?,
                "maxItems" => rules.max = Some(count(value)?),
                "uniqueItems" => rules.unique = value.as_bool()?,
                "prefixItems" => rules.prefix = self.list(place, value)?,
                "items" => rules.items = Some(self.schema(place)?),
                "contains" => rules.contains = Some(self.schema(place)?),
                "minContains" => rules.min_contains = Some(count(value)?),
                "maxContains" => rules.max_contains = Some(count(value)?),
                _ => return None,
            }
            Some(())
        };
        known(&mut schema.array, read)
    }

    fn members(
        &mut self,
        keyword: &str,
        place: &str,
        value: &'d Value,
        schema: &mut Schema,
    ) -> Option<()> {
        let read = |rules: &mut ObjectRules| {
            match keyword {
                "minProperties" => rules.min = count(value)?,
                "maxProperties" => rules.max = Some(count(value)?),
                "required" => rules.required = names(value)?,
                "dependentRequired" => {
                    for (name, others) in value.as_object()? {
                        rules.dependent.push((name.clone(), names(others)?));
                    }
                }
                "properties" => {
                    rules.lists_members = true;
                    for name in value.as_object()?.keys() {
                        let id = self.schema(&below(place, name))?;
                        rules.properties.push((name.clone(), id));
                    }
                    rules.properties.sort();
                }
                "patternProperties" => {
                    rules.lists_members = true;
                    for name in value.as_object()?.keys() {
                        let id = self.schema(&below(place, name))?;
                        rules.patterns.push((pattern(name)?, id));
                    }
                }
                "additionalProperties" => rules.additional = Some(self.schema(place)?),
                "unevaluatedProperties" => rules.unevaluated = Some(self.schema(place)?),
                "propertyNames" => rules.names = Some(self.schema(place)?),
                _ => return None,
            }
            Some(())
        };
        known(&mut schema.object, read)
    }

    fn condition(
        &mut self,
        pointer: &str,
        members: &Map<String, Value>,
    ) -> Option<(Id, Option<Id>, Option<Id>)> {
        let mut branch = |name: &str| {
            let written = members.contains_key(name);
            written.then(|| self.schema(&below(pointer, name)))
        };
        let (yes, no) = (branch("then"), branch("else"));
        Some((branch("if")??, yes.flatten(), no.flatten()))
    }

    fn format(&mut self, place: &str, value: &Value) -> Option<Format> {
        let name = value.as_str()?;
        let format = Format::named(name);
        if format.is_none() {
            self.faults.add(place, "is a format that is not enforced");
        }
        format.or(Some(Format::Free))
    }

    fn list(&mut self, place: &str, value: &Value) -> Option<Vec<Id>> {
        let count = value.as_array().filter(|all| !all.is_empty())?.len();
        (0..count)
            .map(|index| self.schema(&below(place, &index.to_string())))
            .collect()
    }

    fn reference(&mut self, pointer: &str, value: &Value) -> Option<Id> {
        let target = self.target(pointer, value.as_str()?)?;
        self.schema(&target)
    }

    /// The pointer of a reference inside this document.
    fn target(&mut self, pointer: &str, reference: &str) -> Option<String> {
        let inside = reference.strip_prefix('#').map(percent_decoded);
        if inside.is_none() {
            self.faults.add(
                below(pointer, "$ref"),
                "refers to another document; put it into this one",
            );
        }
        inside
    }

    /// A schema that applies itself to the same value would never come to an end.
    fn find_circles(&mut self) {
        #[derive(Clone, Copy, PartialEq)]
        enum Mark {
            New,
            Open,
            Done,
        }
        let mut marks = vec![Mark::New; self.schemas.len()];
        let mut circles = Vec::new();
        for start in 0..self.schemas.len() {
            let mut stack = vec![(start, false)];
            while let Some((id, leaving)) = stack.pop() {
                let Some(mark) = marks.get_mut(id) else {
                    continue;
                };
                match (*mark, leaving) {
                    (_, true) => *mark = Mark::Done,
                    (Mark::New, _) => {
                        *mark = Mark::Open;
                        stack.push((id, true));
                        let inner = self.schemas.get(id).into_iter().flat_map(Schema::in_place);
                        stack.extend(inner.map(|id| (id, false)));
                    }
                    (Mark::Open, _) => circles.push(id),
                    (Mark::Done, _) => {}
                }
            }
        }
        for (pointer, id) in &self.known {
            if circles.contains(id) {
                self.faults
                    .add(pointer.clone(), "applies itself to the same value");
            }
        }
    }
}

impl Schema {
    /// The schemas that apply to the same value.
    fn in_place(&self) -> impl Iterator<Item = Id> + '_ {
        let lists = [&self.any, &self.one]
            .into_iter()
            .flatten()
            .flatten()
            .copied();
        let condition = self.condition.into_iter();
        let condition = condition
            .flat_map(|(test, yes, no)| [Some(test), yes, no])
            .flatten();
        self.all
            .iter()
            .copied()
            .chain(lists)
            .chain(self.not)
            .chain(condition)
    }
}

/// Lets a reader try a keyword on a group of rules, which is kept when it was one of them.
fn known<R: Default>(
    rules: &mut Option<Box<R>>,
    read: impl FnOnce(&mut R) -> Option<()>,
) -> Option<()> {
    let mut group = rules.take().unwrap_or_default();
    let was_there = read(&mut group);
    // An empty group constrains nothing; one that is never filled stays away.
    *rules = Some(group);
    was_there
}

fn types(value: &Value) -> Option<Types> {
    match value {
        Value::String(name) => Types::named(name),
        Value::Array(names) if !names.is_empty() => {
            names.iter().try_fold(Types::default(), |all, name| {
                Some(all.with(Types::named(name.as_str()?)?))
            })
        }
        _ => None,
    }
}

fn count(value: &Value) -> Option<usize> {
    let whole = value
        .as_f64()
        .filter(|n| n.fract() == 0.0 && (0.0..=9e15).contains(n));
    value
        .as_u64()
        .or(whole.map(|n| n as u64))
        .and_then(|n| usize::try_from(n).ok())
}

fn names(value: &Value) -> Option<Vec<String>> {
    let names = value.as_array()?.iter();
    names.map(|name| name.as_str().map(str::to_owned)).collect()
}

/// A pattern of ECMA 262 as far as it means the same here: no look-around, no back references.
fn pattern(text: &str) -> Option<Regex> {
    RegexBuilder::new(text)
        .size_limit(MAX_PATTERN_BYTES)
        .build()
        .ok()
}

fn unfragment(pointer: &str) -> String {
    pointer.strip_prefix('#').unwrap_or(pointer).to_owned()
}

/// References are URI fragments.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, next)) = rest.split_first() {
        let coded = next.get(..2).and_then(|hex| core::str::from_utf8(hex).ok());
        let coded = coded.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (byte, coded) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = next.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*byte);
                rest = next;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
