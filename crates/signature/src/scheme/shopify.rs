//! Shopify's webhook signature: `X-Shopify-Hmac-SHA256: <base64>` over the raw body.
//!
//! HMAC-SHA-256 keyed with the app's client secret as text. Covered: the body, nothing else; the
//! delivery's own headers (`X-Shopify-Topic`, `X-Shopify-Shop-Domain`, `X-Shopify-Webhook-Id`) are
//! not signed, so none of them can guard against a replay. After a client secret is rotated Shopify
//! may sign with the old one for up to an hour: keep both keys that long.
//!
//! Confirmed against shopify.dev, "Verify webhook deliveries" (header, encoding, raw body, the hour)
//! and npm `@shopify/shopify-api` (`webhooks.validate`). Not covered here: the `Shopify-Hmac-Sha256`
//! field of the Events preview.

use super::{Coverage, Presented, Scheme, SignOrder, SignedOctets};
use crate::text::base64;
use crate::{Algorithm, Message, SignatureError, Signer};

/// The header field, lower case.
pub const HEADER: &str = "x-shopify-hmac-sha256";
const MAC_BYTES: usize = 32;

/// Shopify webhooks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shopify;

impl Scheme for Shopify {
    fn name(&self) -> &'static str {
        "shopify"
    }

    fn guarantees(&self) -> Coverage {
        Coverage::BODY
    }

    fn algorithms(&self) -> &'static [Algorithm] {
        &[Algorithm::HmacSha256]
    }

    fn headers(&self) -> Vec<&str> {
        vec![HEADER]
    }

    fn present(&self, message: &Message<'_>) -> Result<Vec<Presented>, SignatureError> {
        let mac = base64::decode(message.single(HEADER)?)?;
        if mac.len() != MAC_BYTES {
            return Err(SignatureError::Malformed);
        }
        Ok(vec![Presented {
            signatures: vec![mac],
            needs_body: true,
            covered: vec!["body".into()],
            ..Default::default()
        }])
    }

    fn signed_octets<'m>(
        &self,
        _message: &Message<'m>,
        _presented: &'m Presented,
        body: &'m [u8],
    ) -> Result<SignedOctets<'m>, SignatureError> {
        Ok(SignedOctets::default().borrowed(body))
    }

    fn sign(
        &self,
        _message: &Message<'_>,
        body: &[u8],
        _order: &SignOrder<'_>,
        signer: &dyn Signer,
    ) -> Result<Vec<(String, String)>, SignatureError> {
        let mac = super::signed_by(self, signer, &[body])?;
        Ok(vec![(HEADER.into(), base64::encode(&mac))])
    }
}
