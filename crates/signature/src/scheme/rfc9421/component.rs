//! Component identifiers (RFC 9421 section 2): a name and the parameters that select its value.

use sfv::{BareItem, FieldType, Item, Parser};

use crate::SignatureError;
use crate::limits::MAX_COMPONENTS;
use crate::structured::{StructuredType, refuse_duplicates};

/// The derived components of a request that need no parameter (section 2.2).
const OF_REQUESTS: [&str; 7] = [
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
/// The derived component of a response (section 2.2.9).
const STATUS: &str = "@status";

/// One component identifier.
///
/// Two are equal when they name the same component, whatever the order of their parameters; the
/// order as sent is kept for the signature base, as section 2 asks.
#[derive(Debug, Clone)]
pub struct Component {
    item: Item,
    serialized: String,
    parameters: Parameters,
}

/// The parameters of one identifier (sections 2.1, 2.2.8 and 2.4).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Parameters {
    /// `sf`: the strict serialisation of a structured field.
    pub(super) structured: bool,
    /// `bs`: each line as a byte sequence.
    pub(super) binary: bool,
    /// `req`: of the request that this response answers.
    pub(super) request: bool,
    /// `tr`: of the trailer section.
    pub(super) trailers: bool,
    /// `key`: one member of a dictionary.
    pub(super) key: Option<String>,
    /// `name`: of a query parameter, decoded and percent-encoded again.
    pub(super) name: Option<String>,
}

impl Parameters {
    /// Of the same field, or member of it, as it stands on the wire.
    fn plain(&self) -> Self {
        Self {
            structured: false,
            binary: false,
            ..self.clone()
        }
    }
}

impl PartialEq for Component {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name() && self.parameters == other.parameters
    }
}

impl Eq for Component {}

impl Component {
    /// Reads an identifier: a derived component or a lower-case field name, then its parameters,
    /// as in `@method`, `content-digest`, `@query-param;name="id"`, `signature;req;key="sig1"`.
    /// The quotes that a name has in a signature base may be there or not.
    ///
    /// # Errors
    /// [`SignatureError::UnsupportedComponent`] for an unknown derived component and for what is
    /// no field name; [`SignatureError::UnsupportedParameter`] for parameters that are unknown or
    /// do not go together; [`SignatureError::DuplicateParameter`].
    pub fn new(identifier: &str) -> Result<Self, SignatureError> {
        let end = identifier.find(';').unwrap_or(identifier.len());
        let (name, parameters) = identifier.split_at(end);
        let bare = name
            .strip_prefix('"')
            .and_then(|name| name.strip_suffix('"'))
            .unwrap_or(name);
        if !bare.starts_with('@') && !is_field_name(bare) {
            return Err(SignatureError::UnsupportedComponent);
        }
        let text = format!("\"{bare}\"{parameters}");
        refuse_duplicates(StructuredType::Item, text.as_bytes())?;
        let item = Parser::new(&text)
            .parse()
            .map_err(|_| SignatureError::UnsupportedComponent)?;
        Self::read(item)
    }

    /// The component's name: `@method`, `content-digest`.
    pub fn name(&self) -> &str {
        self.item
            .bare_item
            .as_string()
            .map_or("", |name| name.as_str())
    }

    /// The identifier as it starts a line of the signature base, with its quotes.
    pub fn serialized(&self) -> &str {
        &self.serialized
    }

    /// Whether a signature over this one fulfils the demand for `wanted`: the same component, or
    /// the same field in another serialisation of all its lines (`sf`, `bs`).
    pub(super) fn fulfils(&self, wanted: &Self) -> bool {
        self.name() == wanted.name()
            && (self.parameters == wanted.parameters
                || self.parameters.plain() == wanted.parameters)
    }

    /// Whether this is one of these derived components, of the message itself.
    pub(super) fn is_derived(&self, names: &[&str]) -> bool {
        names.contains(&self.name()) && !self.parameters.request
    }

    pub(super) fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    pub(super) fn item(&self) -> &Item {
        &self.item
    }

    fn read(item: Item) -> Result<Self, SignatureError> {
        let mut parameters = Parameters::default();
        for (key, value) in &item.params {
            match (key.as_str(), value) {
                ("sf", BareItem::Boolean(true)) => parameters.structured = true,
                ("bs", BareItem::Boolean(true)) => parameters.binary = true,
                ("req", BareItem::Boolean(true)) => parameters.request = true,
                ("tr", BareItem::Boolean(true)) => parameters.trailers = true,
                ("key", BareItem::String(key)) => parameters.key = Some(key.as_str().to_owned()),
                ("name", BareItem::String(name)) => {
                    parameters.name = Some(name.as_str().to_owned());
                }
                _ => return Err(SignatureError::UnsupportedParameter),
            }
        }
        let component = Self {
            serialized: item.serialize(),
            item,
            parameters,
        };
        component.check()?;
        Ok(component)
    }

    /// Whether the name is known and its parameters go together.
    fn check(&self) -> Result<(), SignatureError> {
        let Parameters {
            structured,
            binary,
            request,
            trailers,
            key,
            name,
        } = &self.parameters;
        let of_fields = *structured || *binary || *trailers || key.is_some();
        let fits = match self.name() {
            QUERY_PARAM => match name {
                Some(_) => !of_fields,
                None => return Err(SignatureError::UnsupportedComponent),
            },
            STATUS => !of_fields && !request && name.is_none(),
            derived if OF_REQUESTS.contains(&derived) => !of_fields && name.is_none(),
            // `bs` takes the lines as they are; the other two parse them (section 2.1.3).
            field if is_field_name(field) => {
                name.is_none() && !(*binary && (*structured || key.is_some()))
            }
            _ => return Err(SignatureError::UnsupportedComponent),
        };
        if fits {
            Ok(())
        } else {
            Err(SignatureError::UnsupportedParameter)
        }
    }
}

/// Reads the covered components; one listed twice is refused (section 2.5).
pub(super) fn read_all(items: Vec<Item>) -> Result<Vec<Component>, SignatureError> {
    if items.len() > MAX_COMPONENTS {
        return Err(SignatureError::TooLarge);
    }
    let mut components: Vec<Component> = Vec::with_capacity(items.len());
    for item in items {
        if item.bare_item.as_string().is_none() {
            return Err(SignatureError::Malformed);
        }
        let component = Component::read(item)?;
        if components.contains(&component) {
            return Err(SignatureError::DuplicateComponent);
        }
        components.push(component);
    }
    Ok(components)
}

/// A field name as a component name has it: a token (RFC 9110 section 5.6.2) in lower case.
fn is_field_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9') || b"!#$%&'*+-.^_`|~".contains(&b))
}
