//! JWK Sets (RFC 7517 section 5) of public keys.

use serde_json::Value;

use super::PublicJwk;
use crate::{KeyFault, base64url, json};

/// Most keys in one set.
const MAX_KEYS: usize = 64;
/// Bounds of a set: that many keys of the largest kind, certificates beside them.
const BOUNDS: json::Bounds = json::Bounds {
    max_bytes: 256 * 1024,
    max_depth: 6,
};

/// The usable public keys of a set, each found by `kid` or by thumbprint.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct JwkSet {
    keys: Vec<PublicJwk>,
}

impl JwkSet {
    /// Reads a set from JSON text. Keys of a type or curve that is not understood are left out, as
    /// RFC 7517 section 5 wants it; every other fault of a key refuses the whole set, for it
    /// cannot be told what its maker meant.
    ///
    /// # Errors
    /// [`KeyFault`]: [`KeyFault::PrivateMember`] for a set that gives secrets away,
    /// [`KeyFault::DuplicateKeyId`] when one `kid` names two keys.
    pub fn from_slice(text: &[u8]) -> Result<Self, KeyFault> {
        let members = json::object(text, BOUNDS).map_err(|_| KeyFault::Malformed)?;
        let Some(Value::Array(entries)) = members.get("keys") else {
            return Err(KeyFault::Malformed);
        };
        if entries.len() > MAX_KEYS {
            return Err(KeyFault::Length);
        }
        let mut set = Self::default();
        for entry in entries {
            match PublicJwk::from_value(entry) {
                Ok(key) => set.add(key)?,
                Err(KeyFault::UnsupportedType) => super::refuse_private(entry)?,
                Err(fault) => return Err(fault),
            }
        }
        Ok(set)
    }

    /// The usable keys, in the order of the set.
    #[must_use]
    pub fn keys(&self) -> &[PublicJwk] {
        &self.keys
    }

    /// The key of this `kid`; where no key has it, the key whose SHA-256 thumbprint it is, in
    /// base64url (RFC 7638). Never another key.
    #[must_use]
    pub fn find(&self, kid: &str) -> Option<&PublicJwk> {
        let named = |key: &&PublicJwk| key.metadata.kid.as_deref() == Some(kid);
        let printed = |key: &&PublicJwk| base64url::encode(&key.thumbprint()) == kid;
        self.keys
            .iter()
            .find(named)
            .or_else(|| self.keys.iter().find(printed))
    }

    fn add(&mut self, key: PublicJwk) -> Result<(), KeyFault> {
        let kid = key.metadata.kid.as_deref();
        if kid.is_some()
            && self
                .keys
                .iter()
                .any(|other| other.metadata.kid.as_deref() == kid)
        {
            return Err(KeyFault::DuplicateKeyId);
        }
        self.keys.push(key);
        Ok(())
    }
}
