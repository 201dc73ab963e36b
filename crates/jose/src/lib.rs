//! JWE, JWS, JWK and JWT over byte slices (RFC 7515 to 7519), decrypt-first and strict.
//!
//! Pure functions of their arguments: no clock, no random source, no policy, no transport. Time
//! and randomness are parameters. Everything a peer sends is bounded before it is decoded, and a
//! token has exactly one accepted spelling: base64url without padding or stray bits, JSON without
//! duplicate members, algorithm names in their exact case.
//!
//! RSA private keys are absent on purpose: what they would do happens in the HSM. Private keys of
//! elliptic curves are for development and for clients.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod agreement;
mod base64url;
pub mod concat_kdf;
mod error;
pub mod json;
pub mod jwe;
pub mod jwk;
pub mod jws;
pub mod jwt;
mod limits;
mod members;
mod profile;

pub use error::{JoseError, KeyFault, Malformed, RandomError, Unsupported};
pub use limits::Limits;
pub use profile::Profile;
