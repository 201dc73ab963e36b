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

use super::raw_body::{MacForm, RawBodyMac};
use crate::Algorithm;

/// The header field, lower case.
pub const HEADER: &str = "x-shopify-hmac-sha256";

/// Shopify webhooks.
pub const SHOPIFY: RawBodyMac = RawBodyMac {
    name: "shopify",
    header: HEADER,
    prefix: "",
    form: MacForm::Base64,
    algorithms: &[Algorithm::HmacSha256],
    mac_bytes: 32,
};
