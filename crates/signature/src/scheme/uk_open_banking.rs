//! `x-jws-signature` of the UK Open Banking Read/Write API: a detached JWS over the body.
//!
//! The field is `<header>..<signature>` (RFC 7515 appendix F), the signature over
//! `<header>.<payload>`. Since version 3.1.4 the payload is base64url of the body; before, it was
//! the body itself, with `"b64": false` (RFC 7797). A gate is configured for one of the two
//! ([`Payload`]): a signature must not choose how it is read.
//!
//! The JOSE header has `alg` `PS256`, `kid`, optional `typ` (`JOSE`) and `cty`, and the private
//! members `http://openbanking.org.uk/iat` (seconds), `/iss` and `/tan`, all listed in `crit`. Before
//! 3.1.4 `crit` lists `b64`, `iat` and `iss`, and `tan` when it is there.
//!
//! Covered: body, time. Not covered: method, path, query, other headers.
//!
//! Confirmed against the payload signing pages that banks publish (Bank of Ireland's, for both
//! forms), and against signatures of npm `jose`. Chosen where the text is silent, always the strict
//! way: a header member that the text does not name is refused, as is one that is there twice;
//! `crit` is exactly the list above, in any order; `iat` is an integer; base64url has one spelling.
//! `iss` is compared with the configured one as text; that it is the subject of the certificate is
//! for whoever enters the key into a policy to check.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Coverage, Detail, Presented, Scheme, SignOrder, SignedOctets};
use crate::limits::{MAX_JOSE_HEADER_BYTES, MAX_PARAM_BYTES, MAX_SIGNATURE_BYTES};
use crate::text::base64url;
use crate::{Algorithm, Message, SignatureError, Signer};

/// The header field, lower case.
pub const HEADER: &str = "x-jws-signature";
/// The trust anchor of the Open Banking Directory.
pub const DIRECTORY: &str = "openbanking.org.uk";

const B64: &str = "b64";
const IAT: &str = "http://openbanking.org.uk/iat";
const ISS: &str = "http://openbanking.org.uk/iss";
const TAN: &str = "http://openbanking.org.uk/tan";

/// How the body stands in the signed text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload {
    /// As base64url: version 3.1.4 and later.
    Encoded,
    /// As it is, with `"b64": false`: before 3.1.4.
    Unencoded,
}

/// UK Open Banking message signatures.
#[derive(Debug, Clone)]
pub struct UkOpenBanking {
    /// The form of the payload.
    pub payload: Payload,
    /// What `tan` has to be where it is there; it may be absent before 3.1.4 only.
    pub trust_anchor: String,
    /// What `iss` has to be; any with `None`. Needed to sign.
    pub issuer: Option<String>,
}

impl Default for UkOpenBanking {
    /// Version 3.1.4 and later, keys of the Open Banking Directory, any issuer.
    fn default() -> Self {
        Self {
            payload: Payload::Encoded,
            trust_anchor: DIRECTORY.into(),
            issuer: None,
        }
    }
}

/// The JOSE header. Members twice or unknown do not parse.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct JoseHeader<'a> {
    #[serde(borrow)]
    alg: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    typ: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    cty: Option<Cow<'a, str>>,
    #[serde(borrow)]
    kid: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    b64: Option<bool>,
    #[serde(rename = "http://openbanking.org.uk/iat")]
    iat: i64,
    #[serde(rename = "http://openbanking.org.uk/iss", borrow)]
    iss: Cow<'a, str>,
    #[serde(
        rename = "http://openbanking.org.uk/tan",
        borrow,
        default,
        skip_serializing_if = "Option::is_none"
    )]
    tan: Option<Cow<'a, str>>,
    #[serde(borrow)]
    crit: Vec<Cow<'a, str>>,
}

impl UkOpenBanking {
    /// Whether the header says what the text and this configuration have it say.
    fn accepts(&self, header: &JoseHeader<'_>) -> bool {
        let tan = header.tan.as_deref();
        let form = match self.payload {
            Payload::Encoded => header.b64.is_none() && tan.is_some(),
            Payload::Unencoded => header.b64 == Some(false),
        };
        let mut critical = self.critical(tan.is_some());
        let listed = header.crit.len() == critical.len()
            && header.crit.iter().all(|name| {
                let at = critical.iter().position(|one| one == name);
                // Each once: what was found is not looked for again.
                at.map(|at| critical.swap_remove(at)).is_some()
            });
        form && listed
            && header.typ.as_deref().is_none_or(|typ| typ == "JOSE")
            && tan.is_none_or(|tan| tan == self.trust_anchor)
            && (1..=MAX_PARAM_BYTES).contains(&header.kid.len())
            && !header.iss.is_empty()
            && self
                .issuer
                .as_ref()
                .is_none_or(|issuer| *issuer == header.iss)
    }

    fn critical(&self, with_anchor: bool) -> Vec<&'static str> {
        let mut names = vec![IAT, ISS];
        if with_anchor {
            names.push(TAN);
        }
        if self.payload == Payload::Unencoded {
            names.push(B64);
        }
        names
    }

    fn octets<'m>(&self, header: String, body: &'m [u8]) -> SignedOctets<'m> {
        let head = SignedOctets::default().owned(format!("{header}.").into_bytes());
        match self.payload {
            Payload::Encoded => head.owned(base64url::encode(body).into_bytes()),
            Payload::Unencoded => head.borrowed(body),
        }
    }
}

impl Scheme for UkOpenBanking {
    fn name(&self) -> &'static str {
        "uk-open-banking"
    }

    fn guarantees(&self) -> Coverage {
        Coverage::BODY.with(Coverage::FRESHNESS)
    }

    fn algorithms(&self) -> &'static [Algorithm] {
        &[Algorithm::RsaPssSha256]
    }

    fn headers(&self) -> Vec<&str> {
        vec![HEADER]
    }

    fn present(&self, message: &Message<'_>) -> Result<Vec<Presented>, SignatureError> {
        let value = message.single(HEADER)?;
        let mut parts = value.split(|&byte| byte == b'.');
        let (Some(header), Some([]), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(SignatureError::Malformed);
        };
        if header.len() > MAX_JOSE_HEADER_BYTES {
            return Err(SignatureError::TooLarge);
        }
        let json = base64url::decode(header)?;
        let jose: JoseHeader<'_> =
            serde_json::from_slice(&json).map_err(|_| SignatureError::Malformed)?;
        if jose.alg != Algorithm::RsaPssSha256.name() {
            return Err(SignatureError::AlgorithmMismatch);
        }
        let signature = base64url::decode(signature)?;
        let length = 1..=MAX_SIGNATURE_BYTES;
        if !self.accepts(&jose) || !length.contains(&signature.len()) {
            return Err(SignatureError::Malformed);
        }
        let header = String::from_utf8(header.to_vec()).map_err(|_| SignatureError::Malformed)?;
        Ok(vec![Presented {
            key_id: Some(jose.kid.into_owned()),
            algorithm: Some(Algorithm::RsaPssSha256),
            created: Some(jose.iat),
            signatures: vec![signature],
            needs_body: true,
            covered: vec![HEADER.into(), "body".into()],
            detail: Detail::Texts(vec![header]),
            ..Default::default()
        }])
    }

    fn signed_octets<'m>(
        &self,
        _message: &Message<'m>,
        presented: &'m Presented,
        body: &'m [u8],
    ) -> Result<SignedOctets<'m>, SignatureError> {
        match &presented.detail {
            Detail::Texts(texts) => match texts.as_slice() {
                [header] => Ok(self.octets(header.clone(), body)),
                _ => Err(SignatureError::Malformed),
            },
            _ => Err(SignatureError::Malformed),
        }
    }

    fn sign(
        &self,
        _message: &Message<'_>,
        body: &[u8],
        order: &SignOrder<'_>,
        signer: &dyn Signer,
    ) -> Result<Vec<(String, String)>, SignatureError> {
        let (Some(kid), Some(issuer)) = (order.key_id, &self.issuer) else {
            return Err(SignatureError::InvalidSpec);
        };
        let jose = JoseHeader {
            alg: Algorithm::RsaPssSha256.name().into(),
            typ: None,
            cty: None,
            kid: kid.into(),
            b64: (self.payload == Payload::Unencoded).then_some(false),
            iat: order.created,
            iss: issuer.into(),
            tan: Some(self.trust_anchor.as_str().into()),
            crit: self.critical(true).into_iter().map(Cow::from).collect(),
        };
        if !self.accepts(&jose) {
            return Err(SignatureError::InvalidSpec);
        }
        let json = serde_json::to_vec(&jose).map_err(|_| SignatureError::InvalidSpec)?;
        let header = base64url::encode(&json);
        let octets = self.octets(header.clone(), body);
        let signature = super::signed_by(self, signer, &octets.parts())?;
        let value = format!("{header}..{}", base64url::encode(&signature));
        Ok(vec![(HEADER.to_owned(), value)])
    }
}

#[cfg(test)]
mod tests;
