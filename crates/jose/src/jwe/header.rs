//! The JWE protected header (RFC 7516 section 4).

use serde_json::{Map, Value};

use super::{ContentEncryption, KeyManagement};
use crate::jwk::EcPublicJwk;
use crate::limits::MAX_PARTY_INFO_BYTES;
use crate::{JoseError, Limits, Malformed, Unsupported, base64url, json, members};

/// A checked protected header.
///
/// `jku`, `x5u`, `x5c` and `jwk` are never read: keys come from the caller only. `crit`, `zip` and
/// `b64` are refused. Other members (for example `iat`, `nonce`) are kept, see [`Header::member`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Header {
    /// Key management algorithm.
    pub alg: KeyManagement,
    /// Content encryption algorithm.
    pub enc: ContentEncryption,
    /// Key id as sent, unescaped; untrusted text, compare it with configured ids only.
    pub kid: Option<String>,
    /// Ephemeral public key, on its curve; present exactly when `alg` is an ECDH-ES one.
    pub epk: Option<EcPublicJwk>,
    /// Agreement PartyUInfo, decoded, at most 512 bytes; only for ECDH-ES.
    pub apu: Option<Vec<u8>>,
    /// Agreement PartyVInfo, decoded, at most 512 bytes; only for ECDH-ES.
    pub apv: Option<Vec<u8>>,
    /// Type of the whole token.
    pub typ: Option<String>,
    /// Type of the plaintext.
    pub cty: Option<String>,
    members: Map<String, Value>,
}

impl Header {
    /// Any member as sent, authenticated only once the token has been opened.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// Parses the decoded header octets.
    pub(super) fn parse(octets: &[u8], limits: &Limits) -> Result<Self, JoseError> {
        let members = json::object(
            octets,
            json::Bounds {
                max_bytes: limits.max_header_bytes,
                max_depth: limits.max_header_depth,
            },
        )?;
        members::refuse_extensions(&members)?;
        let alg = KeyManagement::from_name(members::required(&members, "alg")?)
            .ok_or(Unsupported::Algorithm)?;
        let enc = ContentEncryption::from_name(members::required(&members, "enc")?)
            .ok_or(Unsupported::Encryption)?;
        let agreement = alg.is_ecdh();
        Ok(Self {
            alg,
            enc,
            kid: members::optional(&members, "kid")?,
            epk: if agreement {
                Some(ephemeral_key(&members)?)
            } else {
                None
            },
            apu: if agreement {
                party_info(&members, "apu")?
            } else {
                None
            },
            apv: if agreement {
                party_info(&members, "apv")?
            } else {
                None
            },
            typ: members::optional(&members, "typ")?,
            cty: members::optional(&members, "cty")?,
            members,
        })
    }
}

/// The point is checked here, before any HSM is asked to multiply with it.
fn ephemeral_key(members: &Map<String, Value>) -> Result<EcPublicJwk, Malformed> {
    let epk = members.get("epk").ok_or(Malformed::HeaderMember)?;
    EcPublicJwk::from_value(epk).map_err(|_| Malformed::EphemeralKey)
}

fn party_info(members: &Map<String, Value>, name: &str) -> Result<Option<Vec<u8>>, Malformed> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => {
            let info = base64url::decode(text.as_bytes()).map_err(|_| Malformed::PartyInfo)?;
            if info.len() > MAX_PARTY_INFO_BYTES {
                return Err(Malformed::PartyInfo);
            }
            Ok(Some(info))
        }
        Some(_) => Err(Malformed::PartyInfo),
    }
}
