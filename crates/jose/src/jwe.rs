//! JWE (RFC 7516): strict parsing, opening, sealing; compact, flattened and general JSON.
//!
//! Opening is in two steps because the key may live elsewhere: [`Sealed::compact`], or
//! [`Json::parse`] and [`Json::choose`], checks the whole shape and gives the header and the
//! encrypted key; somebody (an HSM, or a [`DecryptionKey`]) turns those into a
//! [`ContentEncryptionKey`]; [`Sealed::open`] consumes both. RSA private keys are always elsewhere.

mod algorithm;
mod content;
mod decoy;
mod decrypt;
mod encrypt;
mod header;
#[cfg(feature = "pq")]
mod hpke;
mod json;
mod key;
mod key_wrap;
mod seal;
mod sealed;

#[cfg(feature = "pq")]
pub use self::hpke::HpkeSuite;
pub use algorithm::{ContentEncryption, KeyManagement};
pub use decoy::Decoy;
pub use decrypt::DecryptionKey;
pub use encrypt::EncryptionKey;
pub use header::Header;
pub use json::Json;
pub use key::{ContentEncryptionKey, GcmKeyEncryptionKey, KeyEncryptionKey};
pub use seal::{GeneralRecipient, Random, SealSpec, seal_compact, seal_flattened, seal_general};
pub use sealed::Sealed;
