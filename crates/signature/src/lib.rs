//! HTTP signature schemes over byte slices: parsing, canonical strings, verification, signing.
//!
//! The crate knows no policy and no clock: which keys are trusted, what a signature has to cover
//! and how old it may be is for the caller to decide from what [`rfc9421::parse`] returns. Nothing
//! here names a type of an HTTP library; a request is a [`Message`] of borrowed bytes.
//!
//! | Scheme | Module | Text |
//! |---|---|---|
//! | HTTP Message Signatures | [`rfc9421`] | RFC 9421 |
//! | `Content-Digest` | [`content_digest`] | RFC 9530 |
//! | `X-Hub-Signature-256` | [`github`] | GitHub webhooks |
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
mod error;
pub mod github;
mod limits;
pub mod mac;
mod message;
pub mod rfc9421;

pub use error::{Fault, SignatureError};
pub use mac::MacKey;
pub use message::Message;
