//! What is wrong with a body: the rule and the place, never the value.

use core::fmt;

use crate::limits::MAX_PLACE_CHARS;

/// A rule of the document that a body broke.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// JSON pointer into the body, bounded, control characters replaced.
    pub pointer: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at json:{}", self.rule.name(), self.pointer)
    }
}

macro_rules! rules {
    ($($(#[$doc:meta])* $variant:ident = $name:literal;)+) => {
        /// What can be broken.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $($(#[$doc])* $variant,)+
        }

        impl Rule {
            /// A stable name: the keyword of JSON Schema where there is one.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

rules! {
    /// The media type is not one of the operation's.
    MediaType = "media-type";
    /// There is a body where the operation has none.
    BodyNotExpected = "body-not-expected";
    /// There is no body where the operation demands one.
    BodyMissing = "body-missing";
    /// The body is not JSON.
    NotJson = "not-json";
    /// A member that the schema does not know.
    UnknownMember = "unknown-member";
    /// `type`
    Type = "type";
    /// `enum`
    Enum = "enum";
    /// `const`
    Const = "const";
    /// `minimum`, `maximum` and their exclusive forms
    Range = "range";
    /// `multipleOf`
    MultipleOf = "multipleOf";
    /// `minLength`, `maxLength`
    Length = "length";
    /// `pattern`
    Pattern = "pattern";
    /// `format`
    Format = "format";
    /// `minItems`, `maxItems`
    Items = "items";
    /// `uniqueItems`
    UniqueItems = "uniqueItems";
    /// `contains`, `minContains`, `maxContains`
    Contains = "contains";
    /// `required`, `dependentRequired`
    Required = "required";
    /// `minProperties`, `maxProperties`
    Properties = "properties";
    /// `propertyNames`
    PropertyNames = "propertyNames";
    /// `anyOf`
    AnyOf = "anyOf";
    /// `oneOf`
    OneOf = "oneOf";
    /// `not`
    Not = "not";
    /// A schema that is `false`.
    Never = "never";
    /// The check would cost more than a body is worth.
    Budget = "budget";
}

impl Violation {
    pub(crate) fn new(rule: Rule, pointer: &str) -> Self {
        let printable = |c: char| {
            if c.is_control() {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        };
        Self {
            rule,
            pointer: pointer
                .chars()
                .take(MAX_PLACE_CHARS)
                .map(printable)
                .collect(),
        }
    }
}
