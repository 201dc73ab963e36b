//! Making one signature, for requests and responses.

use base64ct::{Base64, Encoding};
use sfv::{BareItem, InnerList, Integer, KeyRef};

use super::{Component, base};
use crate::structured::{self, StructuredType};
use crate::{Message, SignatureError, Signer};

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
    /// Types of structured fields beside the registered ones, for `sf`; lower-case names.
    pub structured: &'a [(String, StructuredType)],
}

/// The two header values of a signed message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHeaders {
    /// The value of `Signature-Input`.
    pub signature_input: String,
    /// The value of `Signature`.
    pub signature: String,
}

/// Signs `message`.
///
/// # Errors
/// [`SignatureError::InvalidSpec`] for a label or parameter that is not serialisable, and what
/// [`super::Presented::base`] may answer.
pub fn sign(
    message: &Message<'_>,
    spec: &SignSpec<'_>,
    signer: &dyn Signer,
) -> Result<SignedHeaders, SignatureError> {
    KeyRef::from_str(spec.label).map_err(|_| SignatureError::InvalidSpec)?;
    let params = structured::inner_list(&inner_list(spec)?)?;
    let base = base::build(message, spec.components, &params, spec.structured)?;
    let value = Base64::encode_string(&signer.sign(&[&base])?);
    Ok(SignedHeaders {
        signature_input: format!("{}={params}", spec.label),
        signature: format!("{}=:{value}:", spec.label),
    })
}

fn inner_list(spec: &SignSpec<'_>) -> Result<InnerList, SignatureError> {
    let repeated = |(at, component)| {
        let mut before = spec.components.iter().take(at);
        before.any(|earlier| earlier == component)
    };
    if spec.components.iter().enumerate().any(repeated) {
        return Err(SignatureError::DuplicateComponent);
    }
    let items = spec
        .components
        .iter()
        .map(|component| component.item().clone());
    let mut list = InnerList::new(items.collect());
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
