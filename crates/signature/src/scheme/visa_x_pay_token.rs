//! Visa's X-Pay-Token: `x-pay-token: xv2:<seconds>:<64 lower-case hex>`.
//!
//! HMAC-SHA-256, keyed with the shared secret as text, over
//! `{seconds}{resource path}{query}{body}`: no separators, path and query as on the wire, the query
//! without its `?`, the body as received. The resource path is the path after the context path
//! (`/vdp/`, `/cybersource/`), which is configured and not signed; the key's name is the query
//! parameter `apikey` or `apiKey`.
//!
//! Covered: path, query, body, time. Not covered: method, headers. There is no nonce. As nothing
//! stands between the parts, each border is made certain: the time has ten digits, a query starts
//! with a configured parameter ([`VisaXPayToken::new`]), and a body is JSON (it starts with `{` or
//! `[`, which path and query may not contain).
//!
//! Confirmed against developer.visa.com, "API Key - Shared Secret (X-Pay Token)" and its page for
//! Visa Checkout: the prefix `xv2`, the order of the text, seconds, the skipped context path, the key
//! in the query. Visa's staff say in its forum ("VTS X-Pay-Token Troubleshooting Guide") that a token
//! lives 480 seconds and is good once, so let the policy's replay guard go by the signature; and that
//! VTS signs its whole path without the first slash (context `/`). The older form `x:` hashes the
//! secret in front of the text with bare SHA-256, which lengthening attacks break; it is not read.
//! There is no library of Visa's own in a registry, and its page shows no secret for its example.

use super::concatenated::FirstParameters;
use super::{Coverage, Detail, Presented, Scheme, SignOrder, SignedOctets};
use crate::limits::MAX_PARAM_BYTES;
use crate::text::{hex, number};
use crate::{Algorithm, Message, SignatureError, Signer};

/// The header field, lower case.
pub const HEADER: &str = "x-pay-token";
/// Names of the query parameter that carries the API key.
pub const KEY_PARAMETERS: [&str; 2] = ["apikey", "apiKey"];
const PREFIX: &str = "xv2:";
const TIME_DIGITS: usize = 10;
const MAC_BYTES: usize = 32;

/// Requests to an API behind Visa's scheme.
#[derive(Debug, Clone)]
pub struct VisaXPayToken {
    context: String,
    first: FirstParameters,
}

impl VisaXPayToken {
    /// `context` is the part of the path that is not signed, with its slashes (`/vdp/`; `/` signs
    /// all but the first slash, the empty text all). `first_parameters` are the names with which a
    /// query may start; Visa has them sorted, so it need not be [`KEY_PARAMETERS`].
    ///
    /// # Errors
    /// [`SignatureError::InvalidSpec`] for a context that does not start and end with `/`, and for a
    /// name that is none or that another one ends in.
    pub fn new(context: &str, first_parameters: &[&str]) -> Result<Self, SignatureError> {
        let enclosed = context.starts_with('/') && context.ends_with('/');
        if !(context.is_empty() || enclosed) {
            return Err(SignatureError::InvalidSpec);
        }
        Ok(Self {
            context: context.to_owned(),
            first: FirstParameters::new(first_parameters)?,
        })
    }

    fn octets<'m>(
        &self,
        message: &Message<'m>,
        time: &'m [u8],
        body: &'m [u8],
    ) -> Result<SignedOctets<'m>, SignatureError> {
        let path = message
            .path()
            .strip_prefix(self.context.as_bytes())
            .ok_or(SignatureError::NotCovered)?;
        self.first.check(path, message.query())?;
        let opens = |byte: &u8| b"{[".contains(byte);
        if message.target.iter().any(opens) || body.first().is_some_and(|first| !opens(first)) {
            return Err(SignatureError::NotCovered);
        }
        Ok(SignedOctets::default()
            .borrowed(time)
            .borrowed(path)
            .borrowed(message.query().unwrap_or_default())
            .borrowed(body))
    }
}

impl Scheme for VisaXPayToken {
    fn name(&self) -> &'static str {
        "visa-x-pay-token"
    }

    fn guarantees(&self) -> Coverage {
        Coverage::PATH
            .with(Coverage::QUERY)
            .with(Coverage::BODY)
            .with(Coverage::FRESHNESS)
    }

    fn algorithms(&self) -> &'static [Algorithm] {
        &[Algorithm::HmacSha256]
    }

    fn headers(&self) -> Vec<&str> {
        vec![HEADER]
    }

    fn present(&self, message: &Message<'_>) -> Result<Vec<Presented>, SignatureError> {
        let token = message
            .single(HEADER)?
            .strip_prefix(PREFIX.as_bytes())
            .ok_or(SignatureError::Malformed)?;
        let (time, digits) = super::split_once(token, b':').ok_or(SignatureError::Malformed)?;
        if time.len() != TIME_DIGITS {
            return Err(SignatureError::Malformed);
        }
        let time = number::decimal(time)?;
        Ok(vec![Presented {
            key_id: Some(key_of(message)?),
            created: Some(time),
            signatures: vec![hex::decode_exactly(digits, MAC_BYTES)?],
            needs_body: true,
            covered: ["time", "path", "query", "body"].map(String::from).into(),
            detail: Detail::Texts(vec![time.to_string()]),
            ..Default::default()
        }])
    }

    fn signed_octets<'m>(
        &self,
        message: &Message<'m>,
        presented: &'m Presented,
        body: &'m [u8],
    ) -> Result<SignedOctets<'m>, SignatureError> {
        self.octets(message, presented.detail.text(0)?, body)
    }

    /// The key's name has to stand in the target before.
    fn sign(
        &self,
        message: &Message<'_>,
        body: &[u8],
        order: &SignOrder<'_>,
        signer: &dyn Signer,
    ) -> Result<Vec<(String, String)>, SignatureError> {
        let time = super::time_of(order)?.to_string();
        if time.len() != TIME_DIGITS || order.key_id != Some(&key_of(message)?) {
            return Err(SignatureError::InvalidSpec);
        }
        let octets = self.octets(message, time.as_bytes(), body)?;
        let mac = super::signed_by(self, signer, &octets.parts())?;
        let value = format!("{PREFIX}{time}:{}", hex::encode(&mac));
        Ok(vec![(HEADER.into(), value)])
    }
}

/// The value of the one parameter that names the key, as it is written.
fn key_of(message: &Message<'_>) -> Result<String, SignatureError> {
    let members = message.query().unwrap_or_default().split(|&b| b == b'&');
    let mut keys = members
        .filter_map(|member| super::split_once(member, b'='))
        .filter(|(name, _)| KEY_PARAMETERS.iter().any(|key| key.as_bytes() == *name));
    let (_, key) = keys.next().ok_or(SignatureError::Missing)?;
    if keys.next().is_some() {
        return Err(SignatureError::Repeated);
    }
    let fits = (1..=MAX_PARAM_BYTES).contains(&key.len());
    let fits = fits && key.iter().all(u8::is_ascii_graphic);
    core::str::from_utf8(key)
        .ok()
        .filter(|_| fits)
        .map(str::to_owned)
        .ok_or(SignatureError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MacKey;

    /// What no separator would leave open.
    #[test]
    fn borders_that_could_be_moved_are_refused() {
        let scheme = VisaXPayToken::new("/vdp/", &KEY_PARAMETERS).unwrap();
        let key = MacKey::new(b"secret".to_vec()).unwrap();
        let sign = |target: &str, body: &str| {
            let message = Message {
                target: target.as_bytes(),
                ..Default::default()
            };
            let order = SignOrder {
                created: 1_455_716_783,
                key_id: Some("K"),
                ..Default::default()
            };
            let signed = scheme.sign(&message, body.as_bytes(), &order, &key);
            signed.map(|_| ())
        };
        assert_eq!(sign("/vdp/helloworld?apikey=K", ""), Ok(()));
        assert_eq!(sign("/vdp/pay?apikey=K&x=1", "{}"), Ok(()));
        for (target, body, error) in [
            ("/vdp/a?apikey=K", "x", SignatureError::NotCovered),
            ("/vdp/a?x=1&apikey=K", "", SignatureError::NotCovered),
            ("/vdp/a=?apikey=K", "", SignatureError::NotCovered),
            ("/vdp/a?apikey=K&x={", "", SignatureError::NotCovered),
            ("/vdp2/a?apikey=K", "", SignatureError::NotCovered),
            ("/vdp/a", "", SignatureError::Missing),
            ("/vdp/a?apikey=K&apiKey=K", "", SignatureError::Repeated),
            ("/vdp/a?apikey=L", "", SignatureError::InvalidSpec),
        ] {
            assert_eq!(sign(target, body), Err(error), "{target} {body}");
        }
        for context in ["vdp", "/vdp", "vdp/"] {
            assert!(VisaXPayToken::new(context, &[]).is_err(), "{context}");
        }
    }
}
