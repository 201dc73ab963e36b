//! NAVER Cloud's API gateway signature, version 2.
//!
//! `x-ncp-apigw-timestamp` (milliseconds), `x-ncp-iam-access-key` and `x-ncp-apigw-signature-v2`
//! (base64). HMAC-SHA-256, keyed with the secret key as text, over
//! `{method} {path and query}` LF `{timestamp}` LF `{access key}`, without an LF at the end.
//!
//! Covered: method, path, query as on the wire, time. Not covered: the body, other headers. There is
//! no nonce. NAVER's text speaks of signing the body; what it shows does not.
//!
//! Confirmed against api.ncloud-docs.com, "Ncloud API" and "Server Overview" (header names,
//! milliseconds, five minutes, HMAC-SHA-256) and against NAVER's own SDK, PyPI `ncloud-server`
//! (order, space, LFs, base64), which sends the same text as version 1.

use super::{Coverage, Detail, Presented, Scheme, SignOrder, SignedOctets};
use crate::limits::MAX_PARAM_BYTES;
use crate::text::{base64, number};
use crate::{Algorithm, Message, SignatureError, Signer};

/// The header field of the time, lower case.
pub const TIMESTAMP: &str = "x-ncp-apigw-timestamp";
/// The header field of the key's name, lower case.
pub const ACCESS_KEY: &str = "x-ncp-iam-access-key";
/// The header field of the signature, lower case.
pub const SIGNATURE: &str = "x-ncp-apigw-signature-v2";
const MAC_BYTES: usize = 32;
const MILLISECONDS: i64 = 1000;

/// Requests to an API behind NAVER Cloud's scheme.
#[derive(Debug, Clone, Copy, Default)]
pub struct NaverCloud;

impl Scheme for NaverCloud {
    fn name(&self) -> &'static str {
        "naver-cloud"
    }

    fn guarantees(&self) -> Coverage {
        Coverage::METHOD
            .with(Coverage::PATH)
            .with(Coverage::QUERY)
            .with(Coverage::FRESHNESS)
    }

    fn algorithms(&self) -> &'static [Algorithm] {
        &[Algorithm::HmacSha256]
    }

    fn headers(&self) -> Vec<&str> {
        vec![TIMESTAMP, ACCESS_KEY, SIGNATURE]
    }

    fn present(&self, message: &Message<'_>) -> Result<Vec<Presented>, SignatureError> {
        let mac = base64::decode(message.single(SIGNATURE)?)?;
        let key = access_key(message.single(ACCESS_KEY)?).ok_or(SignatureError::Malformed)?;
        let milliseconds = number::decimal(message.single(TIMESTAMP)?)?;
        if mac.len() != MAC_BYTES {
            return Err(SignatureError::Malformed);
        }
        Ok(vec![Presented {
            key_id: Some(key.to_owned()),
            created: Some(milliseconds.div_euclid(MILLISECONDS)),
            signatures: vec![mac],
            covered: ["method", "path", "query", TIMESTAMP, ACCESS_KEY]
                .map(String::from)
                .into(),
            detail: Detail::Texts(vec![tail(milliseconds, key)]),
            ..Default::default()
        }])
    }

    fn signed_octets<'m>(
        &self,
        message: &Message<'m>,
        presented: &'m Presented,
        _body: &'m [u8],
    ) -> Result<SignedOctets<'m>, SignatureError> {
        octets(message, presented.detail.text(0)?)
    }

    fn sign(
        &self,
        message: &Message<'_>,
        _body: &[u8],
        order: &SignOrder<'_>,
        signer: &dyn Signer,
    ) -> Result<Vec<(String, String)>, SignatureError> {
        let milliseconds = super::time_of(order)?
            .checked_mul(MILLISECONDS)
            .ok_or(SignatureError::InvalidSpec)?;
        let key = order.key_id.and_then(|key| access_key(key.as_bytes()));
        let key = key.ok_or(SignatureError::InvalidSpec)?;
        let tail = tail(milliseconds, key);
        let octets = octets(message, tail.as_bytes())?;
        let mac = super::signed_by(self, signer, &octets.parts())?;
        Ok(vec![
            (TIMESTAMP.into(), milliseconds.to_string()),
            (ACCESS_KEY.into(), key.into()),
            (SIGNATURE.into(), base64::encode(&mac)),
        ])
    }
}

/// A method with a space in it would be read in two ways.
fn octets<'m>(message: &Message<'m>, tail: &'m [u8]) -> Result<SignedOctets<'m>, SignatureError> {
    if !super::is_method(message.method) {
        return Err(SignatureError::IllegalValue);
    }
    Ok(SignedOctets::default()
        .borrowed(message.method)
        .borrowed(b" ")
        .borrowed(message.target)
        .borrowed(tail))
}

fn tail(milliseconds: i64, key: &str) -> String {
    format!("\n{milliseconds}\n{key}")
}

fn access_key(text: &[u8]) -> Option<&str> {
    let fits = (1..=MAX_PARAM_BYTES).contains(&text.len());
    let fits = fits && text.iter().all(u8::is_ascii_graphic);
    core::str::from_utf8(text).ok().filter(|_| fits)
}
