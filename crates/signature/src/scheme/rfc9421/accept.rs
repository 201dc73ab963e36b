//! `Accept-Signature` (RFC 9421 section 5): asking for a signature.

use sfv::{BareItem, FieldType, InnerList, KeyRef, ListEntry};

use super::{Component, component, fields};
use crate::limits::MAX_LABELS;
use crate::{Message, SignatureError};

/// The field that asks for signatures, lower case.
pub const ACCEPT_SIGNATURE: &str = "accept-signature";

/// One signature that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptSignature {
    /// The label that the signature should have.
    pub label: String,
    /// The components that it should cover, in order.
    pub components: Vec<Component>,
    /// Whether a creation time is asked for.
    pub created: bool,
    /// Whether an expiry is asked for.
    pub expires: bool,
    /// The nonce to sign, chosen by whoever asks; the text has no way to ask for just any.
    pub nonce: Option<String>,
    /// The registered name of the algorithm to use.
    pub alg: Option<String>,
    /// The key to use.
    pub keyid: Option<String>,
    /// The `tag` to give.
    pub tag: Option<String>,
}

impl AcceptSignature {
    /// Reads every request for a signature of the message, in order; none without the field.
    ///
    /// # Errors
    /// The faults of the field's grammar, and components that we do not know.
    pub fn parse(message: &Message<'_>) -> Result<Vec<Self>, SignatureError> {
        let Some(text) = fields::joined(message, ACCEPT_SIGNATURE.as_bytes())? else {
            return Ok(Vec::new());
        };
        let lists = fields::inner_lists(&text)?;
        if lists.len() > MAX_LABELS {
            return Err(SignatureError::TooLarge);
        }
        lists
            .into_iter()
            .map(|(label, list)| Self::read(label, list))
            .collect()
    }

    /// The member of the field's dictionary.
    ///
    /// # Errors
    /// [`SignatureError::InvalidSpec`] for a label or parameter that is not serialisable.
    pub fn to_field(&self) -> Result<String, SignatureError> {
        let key = |name| {
            KeyRef::from_str(name)
                .map(ToOwned::to_owned)
                .map_err(|_| SignatureError::InvalidSpec)
        };
        let items = self.components.iter().map(|one| one.item().clone());
        let mut list = InnerList::new(items.collect());
        for (name, asked) in [("created", self.created), ("expires", self.expires)] {
            if asked {
                list.params.insert(key(name)?, BareItem::Boolean(true));
            }
        }
        for (name, value) in [
            ("nonce", &self.nonce),
            ("alg", &self.alg),
            ("keyid", &self.keyid),
            ("tag", &self.tag),
        ] {
            let Some(value) = value else { continue };
            let value =
                sfv::String::from_string(value.clone()).map_err(|_| SignatureError::InvalidSpec)?;
            list.params.insert(key(name)?, BareItem::String(value));
        }
        let mut dictionary = sfv::Dictionary::new();
        dictionary.insert(key(&self.label)?, ListEntry::InnerList(list));
        dictionary.serialize().ok_or(SignatureError::InvalidSpec)
    }

    fn read(label: String, list: InnerList) -> Result<Self, SignatureError> {
        let mut asked = Self {
            label,
            components: component::read_all(list.items)?,
            created: false,
            expires: false,
            nonce: None,
            alg: None,
            keyid: None,
            tag: None,
        };
        for (key, value) in &list.params {
            match (key.as_str(), value) {
                ("created", BareItem::Boolean(true)) => asked.created = true,
                ("expires", BareItem::Boolean(true)) => asked.expires = true,
                ("created" | "expires", _) => return Err(SignatureError::Malformed),
                ("nonce", value) => asked.nonce = Some(fields::string(value)?),
                ("alg", value) => asked.alg = Some(fields::string(value)?),
                ("keyid", value) => asked.keyid = Some(fields::string(value)?),
                ("tag", value) => asked.tag = Some(fields::string(value)?),
                _ => {}
            }
        }
        Ok(asked)
    }
}
