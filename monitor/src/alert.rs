//! What receivers of alerts are sent: bodies and headers, made of alerts and the time.

mod alertmanager;
mod outbox;
mod webhook;

pub use alertmanager::post_body as alertmanager_body;
pub use outbox::{Outbox, Parcel};
pub use webhook::{Webhook, WebhookError};
