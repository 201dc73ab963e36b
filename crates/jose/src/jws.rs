//! JWS (RFC 7515, RFC 7797): verification in every serialization, and signing.
//!
//! The key decides the algorithm, never the token: a [`VerifyKey`] is for one `alg`, and a token
//! that names another is refused before any cryptography.

mod algorithm;
mod header;
mod key;
mod mac;
#[cfg(feature = "pq")]
mod ml_dsa;
mod sign;
mod signed;

pub use algorithm::SignatureAlgorithm;
pub use header::Header;
pub use key::VerifyKey;
#[cfg(feature = "pq")]
pub(crate) use ml_dsa::public as ml_dsa_public;
pub use sign::{PayloadForm, SignKey, SignSpec, Unsigned, sign_compact};
pub use signed::{Detached, Signed, Verified, verify};
