//! Every key of a token, and where it comes from.

use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;

use super::Broken;

/// A private or secret key in the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenKey {
    /// Its label, as text.
    pub label: String,
    /// Its kind, for people: `ec`, `rsa`, `ml-kem`, `ml-dsa`, `aes`, `secret`, `other`.
    pub kind: &'static str,
    /// Whether the token will never hand it out.
    pub guarded: bool,
}

/// What a token says of where a key comes from; `None` where it does not tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Origin {
    /// Made in the token (CKA_LOCAL).
    pub local: Option<bool>,
    /// Never was readable (CKA_ALWAYS_SENSITIVE).
    pub always_sensitive: Option<bool>,
    /// Never could be taken out (CKA_NEVER_EXTRACTABLE).
    pub never_extractable: Option<bool>,
}

pub(super) fn origin(session: &Session, key: ObjectHandle) -> Result<Origin, Broken> {
    let wanted = [
        AttributeType::Local,
        AttributeType::AlwaysSensitive,
        AttributeType::NeverExtractable,
    ];
    let mut origin = Origin::default();
    for attribute in session.get_attributes(key, &wanted)? {
        match attribute {
            Attribute::Local(said) => origin.local = Some(said),
            Attribute::AlwaysSensitive(said) => origin.always_sensitive = Some(said),
            Attribute::NeverExtractable(said) => origin.never_extractable = Some(said),
            _ => {}
        }
    }
    Ok(origin)
}

/// Every private and secret key.
pub(super) fn keys(session: &Session) -> Result<Vec<TokenKey>, Broken> {
    let mut keys = Vec::new();
    for class in [ObjectClass::PRIVATE_KEY, ObjectClass::SECRET_KEY] {
        let wanted = [Attribute::Class(class), Attribute::Token(true)];
        for handle in session.find_objects(&wanted)? {
            let mut key = TokenKey {
                label: String::new(),
                kind: "other",
                guarded: true,
            };
            let read = [
                AttributeType::Label,
                AttributeType::KeyType,
                AttributeType::Sensitive,
                AttributeType::Extractable,
            ];
            for attribute in session.get_attributes(handle, &read)? {
                match attribute {
                    Attribute::Label(label) => {
                        key.label = String::from_utf8_lossy(&label).into_owned();
                    }
                    Attribute::KeyType(kind) => key.kind = kind_name(kind),
                    Attribute::Sensitive(sensitive) => key.guarded &= sensitive,
                    Attribute::Extractable(extractable) => key.guarded &= !extractable,
                    _ => {}
                }
            }
            keys.push(key);
        }
    }
    Ok(keys)
}

fn kind_name(kind: KeyType) -> &'static str {
    match kind {
        KeyType::EC | KeyType::EC_EDWARDS | KeyType::EC_MONTGOMERY => "ec",
        KeyType::RSA => "rsa",
        KeyType::ML_KEM => "ml-kem",
        KeyType::ML_DSA => "ml-dsa",
        KeyType::AES => "aes",
        KeyType::GENERIC_SECRET | KeyType::SHA256_HMAC => "secret",
        _ => "other",
    }
}
