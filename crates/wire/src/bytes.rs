//! Binary fields: base64url without padding (RFC 4648 section 5), decoded strictly.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::de::{Deserializer, Error, Visitor};
use serde::ser::Serializer;
use zeroize::Zeroizing;

/// For `#[serde(with)]` on `Vec<u8>`.
pub(crate) mod plain {
    use super::{Base64UrlUnpadded, Deserializer, Encoding, Error, Serializer, StrVisitor};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&Base64UrlUnpadded::encode_string(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = from.deserialize_str(StrVisitor)?;
        Base64UrlUnpadded::decode_vec(&text).map_err(|_| D::Error::custom("not base64url"))
    }
}

/// For `#[serde(with)]` on `Option<Vec<u8>>`, with `default` and `skip_serializing_if`.
pub(crate) mod optional {
    use super::{Deserializer, Serializer, plain};

    pub(crate) fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => plain::serialize(bytes, to),
            None => to.serialize_none(),
        }
    }

    // A field that is there must hold a string: `null` is refused, absence is the only None.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        plain::deserialize(from).map(Some)
    }
}

/// For `#[serde(with)]` on `Zeroizing<Vec<u8>>`: no copy of the decoded bytes survives.
pub(crate) mod secret {
    use super::{Base64UrlUnpadded, Deserializer, Encoding, SecretVisitor, Serializer, Zeroizing};

    pub(crate) fn serialize<S: Serializer>(
        bytes: &Zeroizing<Vec<u8>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_str(&Zeroizing::new(Base64UrlUnpadded::encode_string(bytes)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Zeroizing<Vec<u8>>, D::Error> {
        from.deserialize_str(SecretVisitor)
    }
}

struct StrVisitor;

impl Visitor<'_> for StrVisitor {
    type Value = String;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a base64url string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
}

struct SecretVisitor;

impl<'de> Visitor<'de> for SecretVisitor {
    type Value = Zeroizing<Vec<u8>>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a base64url string without escapes")
    }

    // Only borrowed text: an escaped string would be unescaped into a buffer nobody wipes, and
    // base64url never needs an escape.
    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Base64UrlUnpadded::decode_vec(text)
            .map(Zeroizing::new)
            .map_err(|_| E::custom("not base64url"))
    }
}
