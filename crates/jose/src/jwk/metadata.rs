//! What a JWK says about the use of its key (RFC 7517 section 4).

use serde_json::Value;

use crate::KeyFault;

/// What a caller wants to do with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// Verify a signature or MAC.
    Verify,
    /// Make a signature or MAC.
    Sign,
    /// Encrypt to it, by agreement or by encryption of a content key.
    Encrypt,
    /// Decrypt with it.
    Decrypt,
}

/// `kid`, `alg`, `use` and `key_ops`, each absent or well-formed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// Key id.
    pub kid: Option<String>,
    /// The only algorithm this key may be used with.
    pub alg: Option<String>,
    /// `use`: `sig` or `enc`.
    pub key_use: Option<String>,
    /// `key_ops`.
    pub key_ops: Option<Vec<String>>,
}

impl Metadata {
    /// Reads the four members.
    ///
    /// # Errors
    /// [`KeyFault::Malformed`] when one has the wrong type.
    pub(crate) fn from_value(jwk: &Value) -> Result<Self, KeyFault> {
        let text = |name| match jwk.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(KeyFault::Malformed),
        };
        let key_ops = match jwk.get("key_ops") {
            None => None,
            Some(Value::Array(ops)) => Some(
                ops.iter()
                    .map(|op| op.as_str().map(str::to_owned).ok_or(KeyFault::Malformed))
                    .collect::<Result<_, _>>()?,
            ),
            Some(_) => return Err(KeyFault::Malformed),
        };
        Ok(Self {
            kid: text("kid")?,
            alg: text("alg")?,
            key_use: text("use")?,
            key_ops,
        })
    }

    /// Checks that this key may be used for `purpose` with `alg`.
    ///
    /// # Errors
    /// [`KeyFault::Purpose`].
    pub fn allow(&self, purpose: Purpose, alg: &str) -> Result<(), KeyFault> {
        let (wanted_use, wanted_ops): (_, &[&str]) = match purpose {
            Purpose::Verify => ("sig", &["verify"]),
            Purpose::Sign => ("sig", &["sign"]),
            Purpose::Encrypt => ("enc", &["encrypt", "wrapKey", "deriveKey", "deriveBits"]),
            Purpose::Decrypt => ("enc", &["decrypt", "unwrapKey", "deriveKey", "deriveBits"]),
        };
        let alg_fits = self.alg.as_deref().is_none_or(|own| own == alg);
        let use_fits = self.key_use.as_deref().is_none_or(|own| own == wanted_use);
        let ops_fit = self
            .key_ops
            .as_deref()
            .is_none_or(|own| own.iter().any(|op| wanted_ops.contains(&op.as_str())));
        if alg_fits && use_fits && ops_fit {
            Ok(())
        } else {
            Err(KeyFault::Purpose)
        }
    }
}
