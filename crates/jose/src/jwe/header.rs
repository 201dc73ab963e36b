//! The JOSE header of one recipient of a JWE (RFC 7516 section 4).

use serde_json::{Map, Value};

use super::algorithm::Family;
use super::{ContentEncryption, KeyManagement};
use crate::jwk::AgreementKey;
use crate::limits::MAX_PARTY_INFO_BYTES;
use crate::{JoseError, Limits, Malformed, Unsupported, base64url, json, members};

/// A checked header.
///
/// `crit`, `zip` and `b64` are refused, and so are `jwk`, `jku`, `x5u` and `x5c`: keys come from
/// the caller only. Other members (for example `iat`, `nonce`) are kept, see [`Header::member`].
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
    pub epk: Option<AgreementKey>,
    /// Agreement PartyUInfo, decoded, at most 512 bytes; only for ECDH-ES.
    pub apu: Option<Vec<u8>>,
    /// Agreement PartyVInfo, decoded, at most 512 bytes; only for ECDH-ES.
    pub apv: Option<Vec<u8>>,
    /// IV and tag of the encrypted key; present exactly when `alg` is an `A*GCMKW`.
    pub key_wrap: Option<([u8; 12], [u8; 16])>,
    /// The encapsulated key; present exactly when `alg` is an `HPKE-n-KE`, as long as its KEM has it.
    #[cfg(feature = "pq")]
    pub encapsulated_key: Option<Vec<u8>>,
    /// Type of the whole token; protected.
    pub typ: Option<String>,
    /// Type of the plaintext; protected.
    pub cty: Option<String>,
    protected: Map<String, Value>,
}

/// The two headers of the JSON serialization that no tag protects.
#[derive(Clone, Copy)]
pub(super) struct Unprotected<'a> {
    pub(super) shared: &'a Map<String, Value>,
    pub(super) of_recipient: &'a Map<String, Value>,
    /// Whether `alg` may stand in `of_recipient`: only where several recipients share one
    /// protected header. The key decides the algorithm all the same.
    pub(super) alg_of_recipient: bool,
}

impl Header {
    /// Any member of the protected header as sent, authentic once the token has been opened.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.protected.get(name)
    }

    /// Parses the decoded octets of a protected header that is the whole header.
    pub(super) fn parse(octets: &[u8], limits: &Limits) -> Result<Self, JoseError> {
        Self::join(protected(octets, limits)?, None)
    }

    /// The header of one recipient: protected members and, of the unprotected ones, those that
    /// concern this recipient's key.
    ///
    /// # Errors
    /// [`JoseError::Malformed`], [`JoseError::Unsupported`].
    pub(super) fn join(
        protected: Map<String, Value>,
        unprotected: Option<Unprotected<'_>>,
    ) -> Result<Self, JoseError> {
        members::refuse_extensions(&protected)?;
        let mut all = protected.clone();
        let alg_is_protected = protected.contains_key("alg");
        if let Some(unprotected) = unprotected {
            for members in [unprotected.shared, unprotected.of_recipient] {
                members::refuse_extensions(members)?;
                for (name, value) in members {
                    if all.insert(name.clone(), value.clone()).is_some() {
                        return Err(Malformed::HeaderOverlap.into());
                    }
                }
            }
            let elsewhere = unprotected.of_recipient.contains_key("alg");
            if !(alg_is_protected || unprotected.alg_of_recipient && elsewhere) {
                return Err(Malformed::HeaderMember.into());
            }
        }
        let alg = KeyManagement::from_name(members::required(&all, "alg")?)
            .ok_or(Unsupported::Algorithm)?;
        let enc = content_encryption(alg, &protected, &all)?;
        let agreement = alg.is_ecdh();
        let party_info = |name| match agreement {
            true => party_info(&all, name),
            false => Ok(None),
        };
        Ok(Self {
            alg,
            enc,
            kid: members::optional(&all, "kid")?,
            epk: agreement.then(|| ephemeral_key(&all)).transpose()?,
            apu: party_info("apu")?,
            apv: party_info("apv")?,
            key_wrap: match alg.family() {
                Family::GcmWrap(_) => Some((
                    key_wrap_parameter(&all, "iv")?,
                    key_wrap_parameter(&all, "tag")?,
                )),
                _ => None,
            },
            #[cfg(feature = "pq")]
            encapsulated_key: encapsulated_key(alg, &all)?,
            typ: members::optional(&protected, "typ")?,
            cty: members::optional(&protected, "cty")?,
            protected,
        })
    }
}

/// `enc`, which must be protected; `HPKE-n` has none.
fn content_encryption(
    alg: KeyManagement,
    protected: &Map<String, Value>,
    all: &Map<String, Value>,
) -> Result<ContentEncryption, JoseError> {
    if alg.is_hpke() && all.contains_key("psk_id") {
        return Err(Unsupported::PreSharedKey.into());
    }
    #[cfg(feature = "pq")]
    if matches!(alg, KeyManagement::Hpke(_)) {
        return match all.contains_key("enc") || all.contains_key("ek") {
            true => Err(Malformed::HeaderMember.into()),
            false => Ok(ContentEncryption::Integrated),
        };
    }
    let name = members::required(protected, "enc")?;
    Ok(ContentEncryption::from_name(name).ok_or(Unsupported::Encryption)?)
}

#[cfg(feature = "pq")]
fn encapsulated_key(
    alg: KeyManagement,
    all: &Map<String, Value>,
) -> Result<Option<Vec<u8>>, Malformed> {
    let KeyManagement::HpkeKe(suite) = alg else {
        return Ok(None);
    };
    let encapsulated = base64url::decode(members::required(all, "ek")?.as_bytes())?;
    if encapsulated.len() == suite.encapsulated_bytes() {
        Ok(Some(encapsulated))
    } else {
        Err(Malformed::EncryptedKeyLength)
    }
}

/// The members of a protected header from its decoded octets.
pub(super) fn protected(octets: &[u8], limits: &Limits) -> Result<Map<String, Value>, JoseError> {
    let bounds = json::Bounds {
        max_bytes: limits.max_header_bytes,
        max_depth: limits.max_header_depth,
    };
    Ok(json::object(octets, bounds)?)
}

/// The point is checked here, before any HSM is asked to multiply with it.
fn ephemeral_key(members: &Map<String, Value>) -> Result<AgreementKey, Malformed> {
    let epk = members.get("epk").ok_or(Malformed::HeaderMember)?;
    AgreementKey::from_value(epk).map_err(|_| Malformed::EphemeralKey)
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

fn key_wrap_parameter<const BYTES: usize>(
    members: &Map<String, Value>,
    name: &str,
) -> Result<[u8; BYTES], Malformed> {
    members
        .get(name)
        .and_then(Value::as_str)
        .and_then(base64url::decode_array)
        .ok_or(Malformed::KeyWrapParameter)
}
