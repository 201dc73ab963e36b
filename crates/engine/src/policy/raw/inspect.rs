//! The `inspect` section as written.

#[cfg(feature = "schema")]
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::Mode;

/// Injection scan of path, query, cookies, headers, claims and body, after decryption.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawInspect {
    /// `enforce` or `observe`.
    #[serde(default)]
    pub(crate) mode: Mode,
    /// Attack classes to look for: `sqli`, `xss`, `command`, `path`, `ssti`, `nosql`, `ldap`,
    /// `xpath`, `xxe`, `include`, `jndi`, `ssrf`, `crlf`, `prototype`, `deserialization`,
    /// `graphql`, `mass-assignment`, `prompt`. Default: all but `prompt`.
    #[serde(default)]
    pub(crate) classes: Option<Vec<String>>,
    /// How little evidence refuses, 1 to 4: 1 what has no innocent reading, 2 fragments that some
    /// texts contain, 3 the syntax an attack needs, 4 single marks. Default 1.
    #[serde(default = "default_paranoia")]
    pub(crate) paranoia: u32,
    /// Places where a class is expected and does not count.
    #[serde(default)]
    pub(crate) exclude: Vec<RawInspectExclusion>,
    /// Names of members and parameters that clients may not set, for `mass-assignment`; case, `-`
    /// and `_` do not matter.
    #[serde(default)]
    pub(crate) protected_names: Vec<String>,
    /// Names of further request headers to scan, lower case.
    #[serde(default)]
    pub(crate) headers: Vec<String>,
    /// An OpenAPI 3.1 document: operations it does not list, media types, and JSON bodies that its
    /// schemas do not allow are refused before the scan. Objects that list their members have no
    /// others. `{ file: api.yaml }` is read by the `sealgate` command; inside Envoy the document
    /// itself stands here.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<BTreeMap<String, Value>>"))]
    pub(crate) openapi: Option<Value>,
    /// Structural limits of the body.
    #[serde(default)]
    pub(crate) limits: RawInspectLimits,
}

/// A place where some classes are expected: a field for SQL, for markup, for a template.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawInspectExclusion {
    /// The place as the log names it: `json:/items/*/note`, `query:q`, `header:user-agent`. `*` is
    /// any run without a slash; a name itself is meant when ` (name)` is behind it.
    pub(crate) at: String,
    /// Classes that do not count there.
    pub(crate) classes: Vec<String>,
    /// Only for these exact values. Default: for all.
    #[serde(default)]
    pub(crate) values: Vec<String>,
}

/// Structural limits of an inspected body.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawInspectLimits {
    /// Deepest nesting of JSON and XML, 1 to 128. Default 32.
    pub(crate) json_depth: u32,
    /// Most members of all JSON objects, or XML elements and attributes, 1 to 1000000. Default
    /// 50000.
    pub(crate) json_keys: u32,
    /// Most elements of all JSON arrays, 1 to 1000000. Default 100000.
    pub(crate) json_elements: u32,
    /// Longest string, key or XML text in bytes, 1 to 16777216. Default 1048576.
    pub(crate) string_bytes: u32,
    /// Longest JSON number in bytes, 1 to 65536. Default 1024.
    pub(crate) number_bytes: u32,
    /// Whether a JSON object may have two members of one name. Default `false`.
    pub(crate) duplicate_keys: bool,
    /// Most parts of a multipart body, 1 to 10000. Default 256.
    pub(crate) parts: u32,
    /// Most containers inside values, one in the other (JSON in a string, parts in a part), 1 to
    /// 16. Default 4.
    pub(crate) nesting: u32,
    /// Deepest selection of a GraphQL document, 1 to 64. Default 20.
    pub(crate) graphql_depth: u32,
    /// Most aliases, and most directives, of a GraphQL document, 1 to 10000. Default 100.
    pub(crate) graphql_aliases: u32,
    /// Most GraphQL operations of one body, 1 to 10000. Default 20.
    pub(crate) graphql_batch: u32,
    /// How many times longer than its coded form a body of more than 64 KiB may become when its
    /// content coding is undone, 1 to 10000; `max_body_bytes` bounds it, too. Default 200.
    pub(crate) decoded_ratio: u32,
    /// Most fields of one request, 16 to 1000000. Default 20000.
    pub(crate) fields: u32,
}

impl Default for RawInspectLimits {
    fn default() -> Self {
        Self {
            json_depth: 32,
            json_keys: 50_000,
            json_elements: 100_000,
            string_bytes: 1 << 20,
            number_bytes: 1024,
            duplicate_keys: false,
            parts: 256,
            nesting: 4,
            graphql_depth: 20,
            graphql_aliases: 100,
            graphql_batch: 20,
            decoded_ratio: 200,
            fields: 20_000,
        }
    }
}

fn default_paranoia() -> u32 {
    1
}
