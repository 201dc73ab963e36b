//! The two dictionaries, `Signature-Input` and `Signature`, read and written by crate `sfv`.

use core::cell::Cell;
use core::convert::Infallible;

use base64ct::{Base64, Encoding};
use sfv::visitor::{
    DictionaryVisitor, EntryVisitor, InnerListVisitor, ItemVisitor, ParameterVisitor,
};
use sfv::{
    BareItem, BareItemFromInput, Dictionary, InnerList, KeyRef, ListEntry, ListSerializer,
    Parameters, Parser,
};

use super::Params;
use crate::limits::{MAX_FIELD_BYTES, MAX_PARAM_BYTES};
use crate::{Message, SignatureError};

/// All lines of a field joined as RFC 9651 section 4.2 asks; `None` when there is no line.
pub(super) fn joined<H: AsRef<[u8]>>(
    message: &Message<'_, H>,
    name: &[u8],
) -> Result<Option<Vec<u8>>, SignatureError> {
    let mut joined: Option<Vec<u8>> = None;
    for value in message.values(name) {
        let all = joined.get_or_insert_default();
        if !all.is_empty() {
            all.extend_from_slice(b", ");
        }
        all.extend_from_slice(value);
        if all.len() > MAX_FIELD_BYTES {
            return Err(SignatureError::TooLarge);
        }
    }
    Ok(joined)
}

/// The inner lists of `Signature-Input` by label, in order.
pub(super) fn inputs(text: &[u8]) -> Result<Vec<(String, InnerList)>, SignatureError> {
    members(text)?
        .into_iter()
        .map(|(label, member)| match member {
            ListEntry::InnerList(list) => Ok((label.as_str().to_owned(), list)),
            ListEntry::Item(_) => Err(SignatureError::Malformed),
        })
        .collect()
}

/// The values of `Signature` by label; each has to be canonical base64 without parameters.
pub(super) fn signatures(text: &[u8]) -> Result<Vec<(String, Vec<u8>)>, SignatureError> {
    members(text)?
        .into_iter()
        .map(|(label, member)| match member {
            ListEntry::Item(item) if item.params.is_empty() => {
                let BareItem::ByteSequence(bytes) = item.bare_item else {
                    return Err(SignatureError::Malformed);
                };
                // The parser is lenient about padding and the last character's spare bits; two
                // spellings of one signature would defeat a replay guard keyed by the text.
                let spelled = format!("{}=:{}:", label.as_str(), Base64::encode_string(&bytes));
                if !contains(text, spelled.as_bytes()) {
                    return Err(SignatureError::Malformed);
                }
                Ok((label.as_str().to_owned(), bytes))
            }
            _ => Err(SignatureError::Malformed),
        })
        .collect()
}

/// The parameters we know, typed; unknown ones are signed along but mean nothing to us.
pub(super) fn params(list: &Parameters) -> Result<Params, SignatureError> {
    let mut params = Params::default();
    for (key, value) in list {
        match key.as_str() {
            "created" => params.created = Some(integer(value)?),
            "expires" => params.expires = Some(integer(value)?),
            "nonce" => params.nonce = Some(string(value)?),
            "alg" => params.alg = Some(string(value)?),
            "keyid" => params.keyid = Some(string(value)?),
            "tag" => params.tag = Some(string(value)?),
            _ => {}
        }
    }
    Ok(params)
}

/// The strict serialisation of one inner list with its parameters.
pub(super) fn inner_list_text(list: &InnerList) -> String {
    let mut serializer = ListSerializer::new();
    {
        let mut inner = serializer.inner_list();
        inner.items(&list.items);
        inner.finish().parameters(&list.params);
    }
    serializer.finish().unwrap_or_default()
}

/// Refuses a dictionary that names a member twice, or a parameter of one member or item twice.
///
/// Structured fields let the last one win; here, what one reader sees and another does not is an
/// attack.
pub(crate) fn refuse_duplicates(text: &[u8]) -> Result<(), SignatureError> {
    let found = Cell::new(None);
    Parser::new(text)
        .parse_dictionary_with_visitor(Unique::new(&found, SignatureError::DuplicateLabel))
        .map_err(|_| SignatureError::Malformed)?;
    found.get().map_or(Ok(()), Err)
}

fn members(text: &[u8]) -> Result<Dictionary, SignatureError> {
    refuse_duplicates(text)?;
    Parser::new(text)
        .parse()
        .map_err(|_| SignatureError::Malformed)
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

fn integer(value: &BareItem) -> Result<i64, SignatureError> {
    value
        .as_integer()
        .map(i64::from)
        .ok_or(SignatureError::Malformed)
}

fn string(value: &BareItem) -> Result<String, SignatureError> {
    let text = value.as_string().ok_or(SignatureError::Malformed)?.as_str();
    if text.len() > MAX_PARAM_BYTES {
        return Err(SignatureError::TooLarge);
    }
    Ok(text.to_owned())
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
