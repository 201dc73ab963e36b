//! The document: its paths, operations and request bodies.

use serde_json::Value;

use crate::fault::{Fault, below};
use crate::media_type::MediaRange;
use crate::schema::{Checker, Compiler, Id, Place, Schema};
use crate::violation::{Rule, Violation};

const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// A compiled document.
#[derive(Debug)]
pub struct Contract {
    operations: Vec<Described>,
    /// Paths of the servers, without a slash at the end; at least one.
    bases: Vec<String>,
    schemas: Vec<Schema>,
}

#[derive(Debug)]
struct Described {
    method: String,
    segments: Vec<Segment>,
    body: Option<Body>,
}

#[derive(Debug)]
enum Segment {
    Literal(String),
    /// Text around one or more parameters: `{id}`, `{name}.json`.
    Template {
        before: String,
        after: String,
    },
}

#[derive(Debug)]
struct Body {
    required: bool,
    content: Vec<(MediaRange, Option<Id>)>,
}

/// One operation of a contract.
#[derive(Debug, Clone, Copy)]
pub struct Operation<'c> {
    described: &'c Described,
    schemas: &'c [Schema],
}

impl Contract {
    /// Compiles an OpenAPI 3.1 document (3.0 as far as the two agree).
    ///
    /// # Errors
    /// Every fault: what is no OpenAPI, references out of the document, keywords and formats that
    /// would not be enforced.
    pub fn compile(document: &Value) -> Result<Self, Vec<Fault>> {
        let mut compiler = Compiler::new(document);
        let version = document
            .get("openapi")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !version.starts_with("3.1") && !version.starts_with("3.0") {
            compiler
                .faults
                .add("/openapi", "is not a version that is read: 3.1 or 3.0");
        }
        let bases = bases(document, &mut compiler);
        let mut operations = Vec::new();
        match document.get("paths").and_then(Value::as_object) {
            None => compiler.faults.add("/paths", "is missing"),
            Some(paths) => {
                for path in paths.keys().filter(|path| !path.starts_with("x-")) {
                    described(&below("/paths", path), path, &mut compiler, &mut operations);
                }
            }
        }
        let (schemas, faults) = compiler.finish();
        if !faults.0.is_empty() {
            return Err(faults.0);
        }
        Ok(Self {
            operations,
            bases,
            schemas,
        })
    }

    /// How many operations the document lists.
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Whether it lists none.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// The operation of a method (upper case) and a path (no query, as on the wire); of several
    /// templates the one with the longest literal start.
    pub fn operation(&self, method: &str, path: &str) -> Option<Operation<'_>> {
        let mut best: Option<(&Described, Vec<bool>)> = None;
        for base in &self.bases {
            let Some(rest) = path.strip_prefix(base.as_str()) else {
                continue;
            };
            let Some(rest) = rest.strip_prefix('/') else {
                continue;
            };
            let segments: Vec<&str> = rest.split('/').collect();
            for described in &self.operations {
                let Some(literal) = described.matches(&segments) else {
                    continue;
                };
                let closer = best.as_ref().is_none_or(|(_, other)| literal > *other);
                if described.method == method && closer {
                    best = Some((described, literal));
                }
            }
        }
        best.map(|(described, _)| Operation {
            described,
            schemas: &self.schemas,
        })
    }
}

impl Operation<'_> {
    /// Checks a request body, decoded and decrypted; an empty one is no body.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn check(&self, content_type: &str, body: &[u8]) -> Result<(), Violation> {
        let root = Place::root();
        let violation = |rule: Rule| Err(Violation::new(rule, ""));
        let Some(expected) = &self.described.body else {
            return if body.is_empty() {
                Ok(())
            } else {
                violation(Rule::BodyNotExpected)
            };
        };
        if body.is_empty() {
            return if expected.required {
                violation(Rule::BodyMissing)
            } else {
                Ok(())
            };
        }
        let Some(sent) = MediaRange::parse(content_type) else {
            return violation(Rule::MediaType);
        };
        let ranges = expected.content.iter();
        let closest = ranges.filter_map(|(range, id)| Some((range.matches(&sent)?, *id)));
        let Some((_, schema)) = closest.max_by_key(|(closeness, _)| *closeness) else {
            return violation(Rule::MediaType);
        };
        let Some(schema) = schema.filter(|_| sent.is_json()) else {
            return Ok(());
        };
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => Checker::new(self.schemas, body.len()).value(schema, &value, &root),
            Err(_) => violation(Rule::NotJson),
        }
    }
}

impl Described {
    /// Which segments are literal, when all of them fit.
    fn matches(&self, path: &[&str]) -> Option<Vec<bool>> {
        if path.len() != self.segments.len() {
            return None;
        }
        let each = self
            .segments
            .iter()
            .zip(path)
            .map(|(segment, text)| match segment {
                Segment::Literal(literal) => (literal == text).then_some(true),
                Segment::Template { before, after } => {
                    let inner = text
                        .strip_prefix(before.as_str())?
                        .strip_suffix(after.as_str())?;
                    (!inner.is_empty()).then_some(false)
                }
            });
        each.collect()
    }
}

/// Adds the operations of one path.
fn described(
    pointer: &str,
    path: &str,
    compiler: &mut Compiler<'_>,
    operations: &mut Vec<Described>,
) {
    let Some((pointer, item)) = compiler.resolved(pointer) else {
        compiler.faults.add(pointer, "is not in the document");
        return;
    };
    let Some(rest) = path.strip_prefix('/') else {
        compiler
            .faults
            .add(pointer, "is a path that does not begin with a slash");
        return;
    };
    for method in METHODS {
        let Some(operation) = item.get(method) else {
            continue;
        };
        let place = below(&pointer, method);
        let body = operation
            .get("requestBody")
            .and_then(|_| body(&below(&place, "requestBody"), compiler));
        operations.push(Described {
            method: method.to_ascii_uppercase(),
            segments: rest.split('/').map(segment).collect(),
            body,
        });
    }
}

fn segment(text: &str) -> Segment {
    match (text.find('{'), text.rfind('}')) {
        (Some(open), Some(close)) if open < close => Segment::Template {
            before: text.get(..open).unwrap_or_default().to_owned(),
            after: text
                .get(close.saturating_add(1)..)
                .unwrap_or_default()
                .to_owned(),
        },
        _ => Segment::Literal(text.to_owned()),
    }
}

fn body(pointer: &str, compiler: &mut Compiler<'_>) -> Option<Body> {
    let Some((pointer, value)) = compiler.resolved(pointer) else {
        compiler
            .faults
            .add(pointer, "refers to nothing in the document");
        return None;
    };
    let required = value
        .get("required")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let place = below(&pointer, "content");
    let Some(types) = value.get("content").and_then(Value::as_object) else {
        compiler.faults.add(place, "is missing");
        return None;
    };
    let mut content = Vec::new();
    for (name, media) in types {
        let place = below(&place, name);
        let Some(range) = MediaRange::parse(name) else {
            compiler.faults.add(place, "is not a media type");
            continue;
        };
        let schema = media
            .get("schema")
            .and_then(|_| compiler.schema(&below(&place, "schema")));
        content.push((range, schema));
    }
    Some(Body { required, content })
}

/// The paths of `servers`; the root when there are none.
fn bases(document: &Value, compiler: &mut Compiler<'_>) -> Vec<String> {
    let servers = document.get("servers").and_then(Value::as_array);
    let mut bases = Vec::new();
    for (index, server) in servers.into_iter().flatten().enumerate() {
        let url = server
            .get("url")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let path = match url.split_once("://") {
            Some((_, rest)) => rest
                .find('/')
                .and_then(|at| rest.get(at..))
                .unwrap_or_default(),
            None => url,
        };
        let base = path.trim_end_matches('/');
        if base.contains('{') || !(base.is_empty() || base.starts_with('/')) {
            let place = format!("/servers/{index}/url");
            compiler
                .faults
                .add(place, "has a path with variables, or none from the root");
        } else if !bases.iter().any(|other| other == base) {
            bases.push(base.to_owned());
        }
    }
    if bases.is_empty() {
        bases.push(String::new());
    }
    bases
}
