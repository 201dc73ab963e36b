//! Component identifiers (RFC 9421 section 2): a name and, for query parameters, a `name`.

use sfv::{BareItem, Item, StringRef};

use crate::SignatureError;
use crate::limits::MAX_COMPONENTS;

/// The derived components of a request that need no parameter (section 2.2).
const DERIVED: [&str; 7] = [
    "@method",
    "@target-uri",
    "@authority",
    "@scheme",
    "@request-target",
    "@path",
    "@query",
];
/// The derived component that names one query parameter (section 2.2.8).
const QUERY_PARAM: &str = "@query-param";

/// One component identifier; equal identifiers have equal serialisations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    name: String,
    query_param: Option<String>,
}

impl Component {
    /// A derived component (`@method`) or a header field by its lower-case name.
    ///
    /// # Errors
    /// [`SignatureError::UnsupportedComponent`] for an unknown derived component, for
    /// `@query-param`, which needs [`Component::query_param`], and for what is no field name.
    pub fn new(name: &str) -> Result<Self, SignatureError> {
        let known = match name.strip_prefix('@') {
            Some(_) => DERIVED.contains(&name),
            None => is_field_name(name),
        };
        if !known {
            return Err(SignatureError::UnsupportedComponent);
        }
        Ok(Self {
            name: name.to_owned(),
            query_param: None,
        })
    }

    /// One query parameter, by its name as it is signed: decoded, then percent-encoded again.
    ///
    /// # Errors
    /// [`SignatureError::UnsupportedComponent`] when the name is not ASCII text.
    pub fn query_param(name: &str) -> Result<Self, SignatureError> {
        StringRef::from_str(name).map_err(|_| SignatureError::UnsupportedComponent)?;
        Ok(Self {
            name: QUERY_PARAM.to_owned(),
            query_param: Some(name.to_owned()),
        })
    }

    /// The component's name: `@method`, `content-digest`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The `name` parameter of a `@query-param`.
    pub fn query_param_name(&self) -> Option<&str> {
        self.query_param.as_deref()
    }

    /// Whether this is the identifier written as `name` or `name;name="value"`.
    pub(super) fn is(&self, identifier: &str) -> bool {
        match &self.query_param {
            None => self.name == identifier,
            Some(_) => self.serialized().replacen('"', "", 2) == identifier,
        }
    }

    /// The identifier as it starts a line of the signature base, with its quotes.
    pub(super) fn serialized(&self) -> String {
        match &self.query_param {
            None => format!("\"{}\"", self.name),
            Some(name) => {
                let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
                format!("\"{}\";name=\"{escaped}\"", self.name)
            }
        }
    }

    /// The identifier as an item of the covered components list.
    pub(super) fn to_item(&self) -> Result<Item, SignatureError> {
        let string = |text: &str| {
            sfv::String::from_string(text.to_owned()).map_err(|_| SignatureError::InvalidSpec)
        };
        let mut item = Item::new(string(&self.name)?);
        if let Some(name) = &self.query_param {
            item.params.insert(
                sfv::key_ref("name").to_owned(),
                BareItem::String(string(name)?),
            );
        }
        Ok(item)
    }
}

/// Reads the covered components; one listed twice is refused (section 2.5).
pub(super) fn read_all(items: &[Item]) -> Result<Vec<Component>, SignatureError> {
    if items.len() > MAX_COMPONENTS {
        return Err(SignatureError::TooLarge);
    }
    let mut components = Vec::with_capacity(items.len());
    for item in items {
        let component = read(item)?;
        if components.contains(&component) {
            return Err(SignatureError::DuplicateComponent);
        }
        components.push(component);
    }
    Ok(components)
}

fn read(item: &Item) -> Result<Component, SignatureError> {
    let name = item
        .bare_item
        .as_string()
        .ok_or(SignatureError::Malformed)?
        .as_str();
    if name != QUERY_PARAM {
        return match item.params.is_empty() {
            true => Component::new(name),
            false => Err(SignatureError::UnsupportedParameter),
        };
    }
    let mut params = item.params.iter();
    match (params.next(), params.next()) {
        (Some((key, BareItem::String(value))), None) if key.as_str() == "name" => {
            Component::query_param(value.as_str())
        }
        (None, _) => Err(SignatureError::UnsupportedComponent),
        _ => Err(SignatureError::UnsupportedParameter),
    }
}

/// A field name as a component name has it: a token (RFC 9110 section 5.6.2) in lower case.
fn is_field_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9') || b"!#$%&'*+-.^_`|~".contains(&b))
}
