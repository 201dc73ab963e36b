//! Slack's request signature: `X-Slack-Signature: v0=<64 lower-case hex>` with
//! `X-Slack-Request-Timestamp: <seconds>`.
//!
//! HMAC-SHA-256 over `v0:{timestamp}:{body}`, the body as received; the key is the signing secret
//! as text. Covered: body and time. Not covered: method, path, query, every other header. There is
//! no nonce.
//!
//! Confirmed against PyPI `slack_sdk` (`SignatureVerifier`) and npm `@slack/bolt`
//! (`verifySlackRequest`): the signed text, five minutes of tolerance, no other version than `v0`.
//! Stricter than those: the timestamp has one spelling.

use super::{Coverage, Detail, Presented, Scheme, SignOrder, SignedOctets};
use crate::text::{hex, number};
use crate::{Algorithm, Message, SignatureError, Signer};

/// The header field of the signature, lower case.
pub const SIGNATURE: &str = "x-slack-signature";
/// The header field of the time, lower case.
pub const TIMESTAMP: &str = "x-slack-request-timestamp";
const PREFIX: &str = "v0=";
const MAC_BYTES: usize = 32;

/// Slack requests: events, commands, interactions.
#[derive(Debug, Clone, Copy, Default)]
pub struct Slack;

impl Scheme for Slack {
    fn name(&self) -> &'static str {
        "slack"
    }

    fn guarantees(&self) -> Coverage {
        Coverage::BODY.with(Coverage::FRESHNESS)
    }

    fn algorithms(&self) -> &'static [Algorithm] {
        &[Algorithm::HmacSha256]
    }

    fn headers(&self) -> Vec<&str> {
        vec![SIGNATURE, TIMESTAMP]
    }

    fn present(&self, message: &Message<'_>) -> Result<Vec<Presented>, SignatureError> {
        let digits = message
            .single(SIGNATURE)?
            .strip_prefix(PREFIX.as_bytes())
            .ok_or(SignatureError::Malformed)?;
        let time = number::decimal(message.single(TIMESTAMP)?)?;
        Ok(vec![Presented {
            created: Some(time),
            signatures: vec![hex::decode_exactly(digits, MAC_BYTES)?],
            needs_body: true,
            covered: vec![TIMESTAMP.into(), "body".into()],
            detail: Detail::Texts(vec![base(time)]),
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
        let mac = super::signed_by(self, signer, &[base(time).as_bytes(), body])?;
        Ok(vec![
            (TIMESTAMP.into(), time.to_string()),
            (SIGNATURE.into(), format!("{PREFIX}{}", hex::encode(&mac))),
        ])
    }
}

fn base(time: i64) -> String {
    format!("v0:{time}:")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MacKey;

    /// The example of Slack's documentation, "Verifying requests from Slack".
    const SECRET: &[u8] = b"8f742231b10e8888abcd99yyyzzz85a5";
    const BODY: &[u8] = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow\
        &channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner\
        &command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands\
        %2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
        &trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const SIGNED: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

    #[test]
    fn documented_example() {
        let order = SignOrder {
            created: 1_531_420_618,
            ..SignOrder::default()
        };
        let key = MacKey::new(SECRET.to_vec()).unwrap();
        let signed = Slack.sign(&Message::default(), BODY, &order, &key).unwrap();
        assert_eq!(signed[0], (TIMESTAMP.into(), "1531420618".into()));
        assert_eq!(signed[1], (SIGNATURE.into(), SIGNED.into()));
    }
}
