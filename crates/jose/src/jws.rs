//! JWS compact serialization (RFC 7515): verification, and signing for clients and tests.
//!
//! The key decides the algorithm, never the token: a [`VerifyKey`] is for one `alg`, and a token
//! that names another is refused before any cryptography.

mod compact;
mod key;
mod sign;

pub use compact::{Compact, Header, Verified, verify};
pub use key::{SignatureAlgorithm, VerifyKey};
pub use sign::{SignKey, SignSpec, sign_compact};
