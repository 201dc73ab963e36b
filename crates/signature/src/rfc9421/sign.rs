//! Making a signature: for the CLI, for tests, and for signed responses later.

use base64ct::{Base64, Encoding};
use sfv::{BareItem, InnerList, Integer, Item, KeyRef};

use super::{Component, base, component, fields};
use crate::{MacKey, Message, SignatureError, mac};

/// What to sign and with which parameters; they are written in the order of the fields here.
#[derive(Debug, Clone, Copy)]
pub struct SignSpec<'a> {
    /// The label of the signature: lower-case letters, digits, `_ - . *`.
    pub label: &'a str,
    /// The covered components in order.
    pub components: &'a [Component],
    /// Creation time in seconds since the Unix epoch.
    pub created: Option<i64>,
    /// Expiry in seconds since the Unix epoch.
    pub expires: Option<i64>,
    /// A value never used before with this key.
    pub nonce: Option<&'a str>,
    /// The key's name.
    pub keyid: Option<&'a str>,
    /// The registered algorithm name.
    pub alg: Option<&'a str>,
    /// The application.
    pub tag: Option<&'a str>,
}

/// The two header values of a signed message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHeaders {
    /// The value of `Signature-Input`.
    pub signature_input: String,
    /// The value of `Signature`.
    pub signature: String,
}

/// Signs `message` with HMAC-SHA-256.
///
/// # Errors
/// [`SignatureError::InvalidSpec`] for a label or parameter that is not serialisable, and what
/// [`super::Presented::base`] may answer.
pub fn sign<H: AsRef<[u8]>>(
    message: &Message<'_, H>,
    spec: &SignSpec<'_>,
    key: &MacKey,
) -> Result<SignedHeaders, SignatureError> {
    KeyRef::from_str(spec.label).map_err(|_| SignatureError::InvalidSpec)?;
    let list = inner_list(spec)?;
    component::read_all(&list.items)?;
    let params = fields::inner_list_text(&list);
    let base = base::build(message, spec.components, &params)?;
    let value = Base64::encode_string(&mac::hs256(key, &base));
    Ok(SignedHeaders {
        signature_input: format!("{}={params}", spec.label),
        signature: format!("{}=:{value}:", spec.label),
    })
}

fn inner_list(spec: &SignSpec<'_>) -> Result<InnerList, SignatureError> {
    let items: Result<Vec<Item>, _> = spec.components.iter().map(Component::to_item).collect();
    let mut list = InnerList::new(items?);
    let integers = [("created", spec.created), ("expires", spec.expires)];
    for (name, value) in integers {
        let Some(value) = value else { continue };
        let value = Integer::try_from(value).map_err(|_| SignatureError::InvalidSpec)?;
        list.params
            .insert(param_key(name)?, BareItem::Integer(value));
    }
    let strings = [
        ("nonce", spec.nonce),
        ("keyid", spec.keyid),
        ("alg", spec.alg),
        ("tag", spec.tag),
    ];
    for (name, value) in strings {
        let Some(value) = value else { continue };
        let value =
            sfv::String::from_string(value.to_owned()).map_err(|_| SignatureError::InvalidSpec)?;
        list.params
            .insert(param_key(name)?, BareItem::String(value));
    }
    Ok(list)
}

fn param_key(name: &str) -> Result<sfv::Key, SignatureError> {
    KeyRef::from_str(name)
        .map(ToOwned::to_owned)
        .map_err(|_| SignatureError::InvalidSpec)
}
