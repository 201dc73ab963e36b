//! Structured fields (RFC 9651): the types that fields have, one meaning per value.

use core::cell::Cell;
use core::convert::Infallible;

use sfv::visitor::{
    DictionaryVisitor, EntryVisitor, InnerListVisitor, ItemVisitor, ListVisitor, ParameterVisitor,
};
use sfv::{
    BareItemFromInput, DictSerializer, Dictionary, FieldType, Item, KeyRef, List, ListEntry, Parser,
};

use crate::SignatureError;

/// The top-level type of a structured field (RFC 9651 section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StructuredType {
    /// Members with names.
    Dictionary,
    /// Members in order.
    List,
    /// One member.
    Item,
}

/// Fields with a structured type in the HTTP field name registry, lower case.
const REGISTERED: [(&str, StructuredType); 25] = [
    ("accept-ch", StructuredType::List),
    ("accept-signature", StructuredType::Dictionary),
    ("available-dictionary", StructuredType::Item),
    ("cache-group-invalidation", StructuredType::List),
    ("cache-groups", StructuredType::List),
    ("cache-status", StructuredType::List),
    ("capsule-protocol", StructuredType::Item),
    ("cdn-cache-control", StructuredType::Dictionary),
    ("client-cert", StructuredType::Item),
    ("client-cert-chain", StructuredType::List),
    ("content-digest", StructuredType::Dictionary),
    ("cross-origin-embedder-policy", StructuredType::Item),
    ("cross-origin-opener-policy", StructuredType::Item),
    ("deprecation", StructuredType::Item),
    ("origin-agent-cluster", StructuredType::Item),
    ("permissions-policy", StructuredType::Dictionary),
    ("priority", StructuredType::Dictionary),
    ("proxy-status", StructuredType::List),
    ("reporting-endpoints", StructuredType::Dictionary),
    ("repr-digest", StructuredType::Dictionary),
    ("signature", StructuredType::Dictionary),
    ("signature-input", StructuredType::Dictionary),
    ("use-as-dictionary", StructuredType::Dictionary),
    ("want-content-digest", StructuredType::Dictionary),
    ("want-repr-digest", StructuredType::Dictionary),
];

/// The type that the registry gives a field (lower case), if it gives one.
pub(crate) fn registered(field: &str) -> Option<StructuredType> {
    REGISTERED
        .iter()
        .find(|(name, _)| *name == field)
        .map(|(_, kind)| *kind)
}

/// The strict serialisation of a field value: spaces, case of numbers and the like made one.
///
/// # Errors
/// [`SignatureError::IllegalValue`] for what is not of this type, what is empty, and what names a
/// member or parameter twice: dropping one of two would leave it unsigned.
pub(crate) fn reserialized(kind: StructuredType, text: &[u8]) -> Result<String, SignatureError> {
    refuse_duplicates(kind, text).map_err(|_| SignatureError::IllegalValue)?;
    let parser = Parser::new(text);
    match kind {
        StructuredType::Dictionary => parser
            .parse::<Dictionary>()
            .ok()
            .and_then(|dictionary| dictionary.serialize()),
        StructuredType::List => parser
            .parse::<List>()
            .ok()
            .and_then(|list| list.serialize()),
        StructuredType::Item => parser.parse::<Item>().ok().map(|item| item.serialize()),
    }
    .ok_or(SignatureError::IllegalValue)
}

/// The strict serialisation of one member of a dictionary: its value with its parameters.
///
/// # Errors
/// [`SignatureError::IllegalValue`] as [`reserialized`]; [`SignatureError::AbsentComponent`]
/// without that member.
pub(crate) fn member(text: &[u8], key: &str) -> Result<String, SignatureError> {
    let kind = StructuredType::Dictionary;
    refuse_duplicates(kind, text).map_err(|_| SignatureError::IllegalValue)?;
    let dictionary: Dictionary = Parser::new(text)
        .parse()
        .map_err(|_| SignatureError::IllegalValue)?;
    match dictionary.get(key).ok_or(SignatureError::AbsentComponent)? {
        ListEntry::Item(item) => Ok(item.serialize()),
        ListEntry::InnerList(list) => inner_list(list),
    }
}

/// The strict serialisation of one inner list with its parameters.
pub(crate) fn inner_list(list: &sfv::InnerList) -> Result<String, SignatureError> {
    let mut serializer = sfv::ListSerializer::new();
    {
        let mut inner = serializer.inner_list();
        inner.items(&list.items);
        inner.finish().parameters(&list.params);
    }
    serializer.finish().ok_or(SignatureError::IllegalValue)
}

/// A dictionary with byte sequences as members, as `Signature` and the digests are.
pub(crate) fn byte_sequences<'m>(members: impl IntoIterator<Item = (&'m str, &'m [u8])>) -> String {
    let mut serializer = DictSerializer::new();
    for (key, value) in members {
        if let Ok(key) = KeyRef::from_str(key) {
            let _ = serializer.bare_item(key, value);
        }
    }
    serializer.finish().unwrap_or_default()
}

/// Refuses a value that names a member twice, or a parameter of one member or item twice.
///
/// Structured fields let the last one win; here, what one reader sees and another does not is an
/// attack.
///
/// # Errors
/// [`SignatureError::Malformed`], [`SignatureError::DuplicateLabel`],
/// [`SignatureError::DuplicateParameter`].
pub(crate) fn refuse_duplicates(kind: StructuredType, text: &[u8]) -> Result<(), SignatureError> {
    let found = Cell::new(None);
    let unique = Unique::new(&found, SignatureError::DuplicateLabel);
    let parser = Parser::new(text);
    match kind {
        StructuredType::Dictionary => parser.parse_dictionary_with_visitor(unique),
        StructuredType::List => parser.parse_list_with_visitor(unique),
        StructuredType::Item => parser.parse_item_with_visitor(unique.params()),
    }
    .map_err(|_| SignatureError::Malformed)?;
    found.get().map_or(Ok(()), Err)
}

/// Collects the keys of one dictionary or parameter list and notes a repetition in `found`.
struct Unique<'f, 'de> {
    found: &'f Cell<Option<SignatureError>>,
    error: SignatureError,
    keys: Vec<&'de KeyRef>,
}

impl<'f, 'de> Unique<'f, 'de> {
    fn new(found: &'f Cell<Option<SignatureError>>, error: SignatureError) -> Self {
        Self {
            found,
            error,
            keys: Vec::new(),
        }
    }

    fn params(&self) -> Self {
        Self::new(self.found, SignatureError::DuplicateParameter)
    }

    fn note(&mut self, key: &'de KeyRef) {
        if self.keys.contains(&key) {
            self.found.set(self.found.get().or(Some(self.error)));
        } else {
            self.keys.push(key);
        }
    }
}

impl<'de> DictionaryVisitor<'de> for Unique<'_, 'de> {
    type Out = ();
    type Error = Infallible;

    fn entry(&mut self, key: &'de KeyRef) -> Result<impl EntryVisitor<'de>, Infallible> {
        self.note(key);
        Ok(self.params())
    }

    fn finish(self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl<'de> ListVisitor<'de> for Unique<'_, 'de> {
    type Out = ();
    type Error = Infallible;

    fn entry(&mut self) -> Result<impl EntryVisitor<'de>, Infallible> {
        Ok(self.params())
    }

    fn finish(self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl<'de> EntryVisitor<'de> for Unique<'_, 'de> {
    type Error = Infallible;

    fn item(self) -> Result<impl ItemVisitor<'de>, Infallible> {
        Ok(self)
    }

    fn inner_list(self) -> Result<impl InnerListVisitor<'de>, Infallible> {
        Ok(self)
    }
}

impl<'de> InnerListVisitor<'de> for Unique<'_, 'de> {
    type Error = Infallible;

    fn item(&mut self) -> Result<impl ItemVisitor<'de>, Infallible> {
        Ok(self.params())
    }

    fn finish(self) -> Result<impl ParameterVisitor<'de>, Infallible> {
        Ok(self)
    }
}

impl<'de> ItemVisitor<'de> for Unique<'_, 'de> {
    type Out = ();
    type Error = Infallible;

    fn bare_item(
        self,
        _: BareItemFromInput<'de>,
    ) -> Result<impl ParameterVisitor<'de, Out = ()>, Infallible> {
        Ok(self)
    }
}

impl<'de> ParameterVisitor<'de> for Unique<'_, 'de> {
    type Out = ();
    type Error = Infallible;

    fn parameter(&mut self, key: &'de KeyRef, _: BareItemFromInput<'de>) -> Result<(), Infallible> {
        self.note(key);
        Ok(())
    }

    fn finish(self) -> Result<(), Infallible> {
        Ok(())
    }
}
