//! The JWS protected header (RFC 7515 section 4).

use serde_json::{Map, Value, json};

use super::SignatureAlgorithm;
use crate::{JoseError, Limits, Malformed, Unsupported, json, members};

/// A checked protected header.
///
/// `crit` and `b64` are refused, but for the one pair of them that [`super::Detached::unencoded`]
/// demands; `jwk`, `jku`, `x5u` and `x5c` are refused, because keys come from the caller only.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Header {
    /// Signature algorithm.
    pub alg: SignatureAlgorithm,
    /// Key id as sent; untrusted text, compare it with configured ids only.
    pub kid: Option<String>,
    /// Type of the whole token.
    pub typ: Option<String>,
    /// Type of the payload.
    pub cty: Option<String>,
    members: Map<String, Value>,
}

impl Header {
    /// Any member as sent, authenticated only once the token has been verified.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// Parses the decoded octets of a protected header.
    pub(super) fn parse(octets: &[u8], limits: &Limits) -> Result<Self, JoseError> {
        let members = read(octets, limits)?;
        members::refuse_extensions(&members)?;
        Self::from_members(members)
    }

    /// Parses a header that says `b64: false`, and in `crit` nothing else (RFC 7797 section 6).
    pub(super) fn parse_unencoded(octets: &[u8], limits: &Limits) -> Result<Self, JoseError> {
        let mut members = read(octets, limits)?;
        if members.remove("b64") != Some(Value::Bool(false)) {
            return Err(Malformed::HeaderMember.into());
        }
        if members.remove("crit") != Some(json!(["b64"])) {
            return Err(Unsupported::CriticalHeader.into());
        }
        members::refuse_extensions(&members)?;
        Self::from_members(members)
    }

    /// The same header with the `kid` of an unprotected one (RFC 7515 section 7.2).
    pub(super) fn with_unprotected(
        mut self,
        unprotected: &Map<String, Value>,
    ) -> Result<Self, JoseError> {
        members::refuse_extensions(unprotected)?;
        if unprotected
            .keys()
            .any(|name| name == "alg" || self.members.contains_key(name))
        {
            return Err(Malformed::HeaderOverlap.into());
        }
        if let Some(kid) = members::optional(unprotected, "kid")? {
            self.kid = Some(kid);
        }
        Ok(self)
    }

    fn from_members(members: Map<String, Value>) -> Result<Self, JoseError> {
        Ok(Self {
            alg: SignatureAlgorithm::from_name(members::required(&members, "alg")?)
                .ok_or(Unsupported::Algorithm)?,
            kid: members::optional(&members, "kid")?,
            typ: members::optional(&members, "typ")?,
            cty: members::optional(&members, "cty")?,
            members,
        })
    }
}

fn read(octets: &[u8], limits: &Limits) -> Result<Map<String, Value>, JoseError> {
    let bounds = json::Bounds {
        max_bytes: limits.max_header_bytes,
        max_depth: limits.max_header_depth,
    };
    Ok(json::object(octets, bounds)?)
}
