//! A signed webhook, in the form of Standard Webhooks 1.0.0: the receiver verifies it with any of
//! its libraries.

use std::fmt;

use sealgate_signature::MacKey;
use sealgate_signature::Message;
use sealgate_signature::scheme::standard_webhooks::{StandardWebhooks, secret};
use sealgate_signature::scheme::{Scheme as _, SignOrder};
use serde_json::json;

use crate::ledger::{Alert, Change};
use crate::round::Millis;
use crate::time::rfc3339;

/// Signs what is sent.
pub struct Webhook {
    key: MacKey,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Webhook")
    }
}

/// Why there is no webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebhookError {
    /// The secret is not `whsec_` and the base64 of 24 to 64 bytes.
    Secret,
    /// The message cannot be signed.
    Signing,
}

impl fmt::Display for WebhookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret => "the secret is not `whsec_` and the base64 of 24 to 64 bytes",
            Self::Signing => "the message cannot be signed",
        })
    }
}

impl std::error::Error for WebhookError {}

impl Webhook {
    /// With a secret in the form `whsec_...`.
    ///
    /// # Errors
    /// [`WebhookError::Secret`].
    pub fn new(text: &str) -> Result<Self, WebhookError> {
        let key = secret(text).map_err(|_| WebhookError::Secret)?;
        Ok(Self { key })
    }

    /// The id of a message: the same however often it is sent, so that a receiver can drop
    /// repetitions.
    #[must_use]
    pub fn message_id(change: Change, alert: &Alert) -> String {
        match change {
            Change::Firing => format!("{}-{}", alert.id, alert.notice.severity.name()),
            Change::Resolved => format!("{}-resolved", alert.id),
        }
    }

    /// The body of a message.
    #[must_use]
    pub fn body(change: Change, alert: &Alert) -> Vec<u8> {
        let (kind, at) = match change {
            Change::Firing => ("sealgate.alert.firing", alert.since),
            Change::Resolved => ("sealgate.alert.resolved", alert.ended.unwrap_or(alert.last)),
        };
        let notice = &alert.notice;
        let body = json!({
            "type": kind,
            "timestamp": rfc3339(at),
            "data": {
                "id": alert.id,
                "finding": notice.finding.code(),
                "title": notice.finding.title(),
                "severity": notice.severity.name(),
                "subject": notice.subject.pairs().collect::<std::collections::BTreeMap<_, _>>(),
                "seen": notice.seen,
                "baseline": notice.baseline,
                "fits": notice.fits,
                "remedy": notice.remedy,
                "since": rfc3339(alert.since),
                "ended": alert.ended.map(rfc3339),
            },
        });
        body.to_string().into_bytes()
    }

    /// The three header lines for a body sent now.
    ///
    /// # Errors
    /// [`WebhookError::Signing`].
    pub fn headers(
        &self,
        id: &str,
        body: &[u8],
        now: Millis,
    ) -> Result<Vec<(String, String)>, WebhookError> {
        let order = SignOrder {
            created: now.div_euclid(1000),
            nonce: Some(id),
            ..SignOrder::default()
        };
        StandardWebhooks::new()
            .sign(&Message::default(), body, &order, &self.key)
            .map_err(|_| WebhookError::Signing)
    }
}
