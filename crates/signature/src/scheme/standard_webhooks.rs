//! Standard Webhooks 1.0.0 (standardwebhooks.com), and the same under Svix's header names.
//!
//! Three header fields, `webhook-id`, `webhook-timestamp` (seconds) and `webhook-signature`, or
//! `svix-id`, `svix-timestamp` and `svix-signature`. The signed text is `{id}.{timestamp}.{body}`,
//! the body as received. The signature field lists one or more `version,base64`, separated by one
//! space: `v1` is HMAC-SHA-256, `v1a` is Ed25519; other versions are not looked at. Any one that is
//! right suffices, which is how a sender rotates its keys.
//!
//! Covered: body, time, message id. Not covered: method, path, query, other headers. The id stays
//! the same when a delivery is tried again, with a later time: as a nonce it lets each event in once.
//!
//! Confirmed against the specification in the repository of standard-webhooks and against npm and
//! PyPI `standardwebhooks` and npm `svix`: the signed text, base64 with padding, five minutes of
//! tolerance, versions skipped, secrets of 24 to 64 bytes after `whsec_`. No library that was found
//! makes `v1a`; it follows the specification's text. Stricter than the libraries: the id holds no
//! `.` (the text asks senders for that; with it, one signature fits two messages), the timestamp
//! has one spelling, a signature is not listed twice.

mod key_text;

pub use key_text::{public_key, secret};

use super::{Coverage, Detail, Presented, Scheme, SignOrder, SignedOctets};
use crate::limits::{MAX_LABELS, MAX_PARAM_BYTES};
use crate::text::{base64, number};
use crate::{Algorithm, Message, SignatureError, Signer};

/// Algorithms in the order of their versions.
const VERSIONS: [(&[u8], Algorithm, usize); 2] = [
    (b"v1", Algorithm::HmacSha256, 32),
    (b"v1a", Algorithm::Ed25519, 64),
];

/// Standard Webhooks under one of the two sets of header names.
#[derive(Debug, Clone, Copy)]
pub struct StandardWebhooks {
    name: &'static str,
    id: &'static str,
    timestamp: &'static str,
    signature: &'static str,
}

impl StandardWebhooks {
    /// `webhook-id` and its siblings.
    pub const fn new() -> Self {
        Self {
            name: "standard-webhooks",
            id: "webhook-id",
            timestamp: "webhook-timestamp",
            signature: "webhook-signature",
        }
    }

    /// `svix-id` and its siblings.
    pub const fn svix() -> Self {
        Self {
            name: "svix",
            id: "svix-id",
            timestamp: "svix-timestamp",
            signature: "svix-signature",
        }
    }
}

impl Default for StandardWebhooks {
    fn default() -> Self {
        Self::new()
    }
}

impl Scheme for StandardWebhooks {
    fn name(&self) -> &'static str {
        self.name
    }

    fn guarantees(&self) -> Coverage {
        Coverage::BODY.with(Coverage::FRESHNESS)
    }

    fn algorithms(&self) -> &'static [Algorithm] {
        &[Algorithm::HmacSha256, Algorithm::Ed25519]
    }

    fn signs_nonce(&self) -> bool {
        true
    }

    fn headers(&self) -> Vec<&str> {
        vec![self.id, self.timestamp, self.signature]
    }

    /// One entry for each version that is there, with all its values.
    fn present(&self, message: &Message<'_>) -> Result<Vec<Presented>, SignatureError> {
        let listed = message.single(self.signature)?;
        let id = message.single(self.id)?;
        let time = number::decimal(message.single(self.timestamp)?)?;
        let base = base(id, time).ok_or(SignatureError::Malformed)?;
        let mut found: [Vec<Vec<u8>>; 2] = Default::default();
        for (count, item) in listed.split(|&byte| byte == b' ').enumerate() {
            if count >= MAX_LABELS {
                return Err(SignatureError::TooLarge);
            }
            let (version, text) = super::split_once(item, b',').ok_or(SignatureError::Malformed)?;
            let known = VERSIONS.iter().zip(&mut found);
            let mut known = known.filter(|((name, ..), _)| *name == version);
            let Some(((_, _, length), values)) = known.next() else {
                if version.is_empty() || !version.iter().all(u8::is_ascii_alphanumeric) {
                    return Err(SignatureError::Malformed);
                }
                continue;
            };
            let value = base64::decode(text)?;
            if value.len() != *length {
                return Err(SignatureError::Malformed);
            }
            if values.contains(&value) {
                return Err(SignatureError::Repeated);
            }
            values.push(value);
        }
        let presented: Vec<Presented> = VERSIONS
            .iter()
            .zip(found)
            .filter(|(_, signatures)| !signatures.is_empty())
            .map(|((_, algorithm, _), signatures)| Presented {
                algorithm: Some(*algorithm),
                created: Some(time),
                nonce: Some(id.to_vec()),
                signatures,
                needs_body: true,
                covered: vec![self.id.into(), self.timestamp.into(), "body".into()],
                detail: Detail::Texts(vec![base.clone()]),
                ..Default::default()
            })
            .collect();
        if presented.is_empty() {
            return Err(SignatureError::Missing);
        }
        Ok(presented)
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

    /// Signs as `v1` or `v1a`, as the key has it; the order's nonce is the message id.
    fn sign(
        &self,
        _message: &Message<'_>,
        body: &[u8],
        order: &SignOrder<'_>,
        signer: &dyn Signer,
    ) -> Result<Vec<(String, String)>, SignatureError> {
        let time = super::time_of(order)?;
        let id = order.nonce.ok_or(SignatureError::InvalidSpec)?;
        let head = base(id.as_bytes(), time).ok_or(SignatureError::InvalidSpec)?;
        let value = super::signed_by(self, signer, &[head.as_bytes(), body])?;
        let version = match signer.algorithm() {
            Algorithm::Ed25519 => "v1a",
            _ => "v1",
        };
        Ok(vec![
            (self.id.into(), id.into()),
            (self.timestamp.into(), time.to_string()),
            (
                self.signature.into(),
                format!("{version},{}", base64::encode(&value)),
            ),
        ])
    }
}

/// What comes before the body; nothing for an id that is no id.
fn base(id: &[u8], time: i64) -> Option<String> {
    let visible = |byte: &u8| byte.is_ascii_graphic() && *byte != b'.';
    let fits = !id.is_empty() && id.len() <= MAX_PARAM_BYTES && id.iter().all(visible);
    let id = core::str::from_utf8(id).ok().filter(|_| fits)?;
    Some(format!("{id}.{time}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::VerificationKey;
    use crate::scheme::verify;

    /// The example that the libraries of standard-webhooks and Svix share in their tests and docs.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const TIME: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNED: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn check(scheme: StandardWebhooks, id: &str, listed: &str) -> Result<(), SignatureError> {
        let headers: Vec<_> = [
            (scheme.id, id),
            (scheme.timestamp, "1614265330"),
            (scheme.signature, listed),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .into();
        let message = Message {
            headers: &headers,
            ..Default::default()
        };
        let presented = scheme.present(&message)?;
        let key = VerificationKey::Mac(secret(SECRET).unwrap());
        verify(&scheme, &message, &presented[0], BODY, &key).map(|_| ())
    }

    #[test]
    fn shared_example_under_both_names() {
        for scheme in [StandardWebhooks::new(), StandardWebhooks::svix()] {
            assert_eq!(check(scheme, ID, SIGNED), Ok(()));
            let order = SignOrder {
                created: TIME,
                nonce: Some(ID),
                ..SignOrder::default()
            };
            let key = secret(SECRET).unwrap();
            let lines = scheme.sign(&Message::default(), BODY, &order, &key);
            assert_eq!(lines.unwrap()[2], (scheme.signature.into(), SIGNED.into()));
        }
    }

    #[test]
    fn any_of_several_suffices_and_unknown_versions_are_skipped() {
        let scheme = StandardWebhooks::new();
        let other = SIGNED.replace("g0h", "h0h");
        assert_eq!(check(scheme, ID, &format!("{other} {SIGNED}")), Ok(()));
        assert_eq!(check(scheme, ID, &format!("{SIGNED} v2,abc v3,")), Ok(()));
        assert_eq!(check(scheme, ID, &other), Err(SignatureError::Mismatch));
        let refused = [
            ("v2,abc", SignatureError::Missing),
            ("", SignatureError::Malformed),
            ("v1", SignatureError::Malformed),
            (&format!("{SIGNED}  {other}"), SignatureError::Malformed),
            (&format!("{SIGNED} {SIGNED}"), SignatureError::Repeated),
            (&[SIGNED; 9].join(" "), SignatureError::Repeated),
            (&["v9,a"; 9].join(" "), SignatureError::TooLarge),
        ];
        for (listed, error) in refused {
            assert_eq!(check(scheme, ID, listed), Err(error), "{listed}");
        }
    }

    #[test]
    fn an_id_that_would_fit_two_messages_is_refused() {
        let scheme = StandardWebhooks::new();
        for id in ["", "a.b", "a b", "a\n", &"a".repeat(257)] {
            assert_eq!(
                check(scheme, id, SIGNED),
                Err(SignatureError::Malformed),
                "{id}"
            );
        }
    }
}
