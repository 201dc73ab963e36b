//! Stripe's webhook signature: `Stripe-Signature: t=<seconds>,v1=<64 lower-case hex>[,v1=...]`.
//!
//! HMAC-SHA-256 over `{t}.{body}`, the body as received. The key is the whole signing secret as
//! Stripe shows it, its `whsec_` included, as text. Several `v1` values are one for each active
//! secret while a secret is rolled; values of other schemes (`v0` of test events) are not looked at.
//!
//! Covered: body and time. Not covered: method, path, query, every header. There is no nonce: a
//! replay is known by its signature.
//!
//! Confirmed against npm `stripe` (its verifier, and messages of `generateTestHeaderString`): the
//! signed text, 300 seconds of tolerance by default, any one `v1` suffices, others are skipped.
//! Stricter than that library: `t` occurs once, no member is without a value, hex is lower case
//! (which is all that Stripe sends), no spaces.

use super::{Coverage, Detail, Presented, Scheme, SignOrder, SignedOctets};
use crate::limits::MAX_LABELS;
use crate::text::{hex, number};
use crate::{Algorithm, Message, SignatureError, Signer};

/// The header field, lower case.
pub const HEADER: &str = "stripe-signature";
const MAC_BYTES: usize = 32;

/// Stripe webhooks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stripe;

impl Scheme for Stripe {
    fn name(&self) -> &'static str {
        "stripe"
    }

    fn guarantees(&self) -> Coverage {
        Coverage::BODY.with(Coverage::FRESHNESS)
    }

    fn algorithms(&self) -> &'static [Algorithm] {
        &[Algorithm::HmacSha256]
    }

    fn headers(&self) -> Vec<&str> {
        vec![HEADER]
    }

    fn present(&self, message: &Message<'_>) -> Result<Vec<Presented>, SignatureError> {
        let value = message.single(HEADER)?;
        let mut time = None;
        let mut signatures = Vec::new();
        for (count, member) in value.split(|&byte| byte == b',').enumerate() {
            if count >= 2 * MAX_LABELS {
                return Err(SignatureError::TooLarge);
            }
            let (name, value) = super::split_once(member, b'=').ok_or(SignatureError::Malformed)?;
            match name {
                b"t" if time.is_some() => return Err(SignatureError::DuplicateParameter),
                b"t" => time = Some(number::decimal(value)?),
                b"v1" if signatures.len() >= MAX_LABELS => return Err(SignatureError::TooLarge),
                b"v1" => signatures.push(hex::decode_exactly(value, MAC_BYTES)?),
                _ if is_scheme_name(name) && !value.is_empty() => {}
                _ => return Err(SignatureError::Malformed),
            }
        }
        let time = time.ok_or(SignatureError::Malformed)?;
        if signatures.is_empty() {
            return Err(SignatureError::Missing);
        }
        Ok(vec![Presented {
            created: Some(time),
            signatures,
            needs_body: true,
            covered: vec!["t".into(), "body".into()],
            detail: Detail::Texts(vec![format!("{time}.")]),
            ..Default::default()
        }])
    }

    fn signed_octets<'m>(
        &self,
        _message: &Message<'m>,
        presented: &'m Presented,
        body: &'m [u8],
    ) -> Result<SignedOctets<'m>, SignatureError> {
        let head = presented.detail.text(0)?;
        Ok(SignedOctets::default().borrowed(head).borrowed(body))
    }

    fn sign(
        &self,
        _message: &Message<'_>,
        body: &[u8],
        order: &SignOrder<'_>,
        signer: &dyn Signer,
    ) -> Result<Vec<(String, String)>, SignatureError> {
        let time = super::time_of(order)?;
        let mac = super::signed_by(self, signer, &[format!("{time}.").as_bytes(), body])?;
        let value = format!("t={time},v1={}", hex::encode(&mac));
        Ok(vec![(HEADER.into(), value)])
    }
}

fn is_scheme_name(name: &[u8]) -> bool {
    let letters = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    !name.is_empty() && name.iter().all(letters)
}
