//! The two dictionaries, `Signature-Input` and `Signature`, read and written by crate `sfv`.

use sfv::{BareItem, Dictionary, InnerList, ListEntry, Parameters, Parser};

use super::Params;
use crate::limits::{MAX_FIELD_BYTES, MAX_PARAM_BYTES};
use crate::structured::{self, StructuredType, refuse_duplicates};
use crate::{Message, SignatureError};

/// All lines of a field joined as RFC 9651 section 4.2 asks; `None` when there is no line.
pub(super) fn joined(
    message: &Message<'_>,
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

/// The inner lists of `Signature-Input` or `Accept-Signature` by label, in order.
pub(super) fn inner_lists(text: &[u8]) -> Result<Vec<(String, InnerList)>, SignatureError> {
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
    let signatures: Vec<_> = members(text)?
        .into_iter()
        .map(|(label, member)| match member {
            ListEntry::Item(item) if item.params.is_empty() => match item.bare_item {
                BareItem::ByteSequence(bytes) => Ok((label.as_str().to_owned(), bytes)),
                _ => Err(SignatureError::Malformed),
            },
            _ => Err(SignatureError::Malformed),
        })
        .collect::<Result<_, _>>()?;
    // The parser is lenient about padding and the last character's spare bits; two spellings of
    // one signature would defeat whatever goes by the text. Only spaces between members are free.
    let each = signatures
        .iter()
        .map(|(label, bytes)| (label.as_str(), bytes.as_slice()));
    let strict = structured::byte_sequences(each);
    let without_spaces = |text: &[u8]| -> Vec<u8> {
        let kept = text.iter().filter(|b| !matches!(b, b' ' | b'\t'));
        kept.copied().collect()
    };
    if without_spaces(text) == without_spaces(strict.as_bytes()) {
        Ok(signatures)
    } else {
        Err(SignatureError::Malformed)
    }
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

fn members(text: &[u8]) -> Result<Dictionary, SignatureError> {
    refuse_duplicates(StructuredType::Dictionary, text)?;
    Parser::new(text)
        .parse()
        .map_err(|_| SignatureError::Malformed)
}

fn integer(value: &BareItem) -> Result<i64, SignatureError> {
    value
        .as_integer()
        .map(i64::from)
        .ok_or(SignatureError::Malformed)
}

pub(super) fn string(value: &BareItem) -> Result<String, SignatureError> {
    let text = value.as_string().ok_or(SignatureError::Malformed)?.as_str();
    if text.len() > MAX_PARAM_BYTES {
        return Err(SignatureError::TooLarge);
    }
    Ok(text.to_owned())
}
