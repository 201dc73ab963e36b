//! HTTP signature schemes over byte slices: parsing, canonical strings, verification, signing.
//!
//! The crate knows no policy and no clock: which keys are trusted, what a signature has to cover
//! and how old it may be is for the caller to decide from what [`Scheme::present`] gives. Nothing
//! here names a type of an HTTP library; a request is a [`Message`] of borrowed bytes.
//!
//! | Scheme | Module | Text |
//! |---|---|---|
//! | HTTP Message Signatures | [`rfc9421`] | RFC 9421 |
//! | `Content-Digest` | [`content_digest`] | RFC 9530 |
//! | `X-Hub-Signature-256`, `X-Hub-Signature` | [`scheme::github`] | GitHub webhooks |
//! | Standard Webhooks, Svix | [`scheme::standard_webhooks`] | standardwebhooks.com 1.0.0 |
//! | `Stripe-Signature` | [`scheme::stripe`] | Stripe webhooks |
//! | `X-Slack-Signature` | [`scheme::slack`] | Slack requests |
//! | `X-Shopify-Hmac-SHA256` | [`scheme::shopify`] | Shopify webhooks |
//! | `X-Twilio-Signature` | [`scheme::twilio`] | Twilio webhooks |
//! | `X-Pay-Token` | [`scheme::visa_x_pay_token`] | Visa Developer |
//! | `x-ncp-apigw-signature-v2` | [`scheme::naver_cloud`] | NAVER Cloud |
//! | `Authorization: CEA` | [`scheme::coupang`] | Coupang Open API |
//! | `Digest` | [`digest`] | RFC 3230 |
//! | Kong `hmac-auth` | [`scheme::kong`] | its source |
//! | APISIX `hmac-auth`, Higress `hmac-auth-apisix` | [`scheme::apisix`] | their sources |
//! | `X-Ca-*` | [`scheme::alibaba`] | Alibaba Cloud API Gateway, Higress `hmac-auth` |
//! | Signing HTTP Messages | [`scheme::cavage`] | draft-cavage-http-signatures-12, Tyk, Gravitee, Berlin Group |
//! | AWS Signature Version 4 | [`scheme::aws_sigv4`] | AWS General Reference |
//! | `x-jws-signature` | [`scheme::uk_open_banking`] | UK Open Banking Read/Write API |
//! | a dialect of the policy's own | [`scheme::custom`] | the policy |
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

pub mod content_digest;
pub mod digest;
mod error;
pub mod key;
mod limits;
mod message;
pub mod scheme;
mod structured;
mod text;

pub use error::{Fault, SignatureError};
pub use key::{Algorithm, MacKey, PublicKey, Signer, VerificationKey};
pub use message::{HeaderLine, Message};
pub use scheme::rfc9421;
pub use scheme::{Coverage, Presented, Scheme, SignOrder, SignedOctets};
pub use structured::StructuredType;
