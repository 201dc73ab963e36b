//! JWE compact serialization (RFC 7516): strict parsing, opening, sealing.
//!
//! Opening is in two steps because the key may live elsewhere: [`Compact::parse`] checks the whole
//! shape and gives the header and the encrypted key; somebody (an HSM, or [`KeyEncryptionKey`])
//! turns those into a [`ContentEncryptionKey`]; [`Compact::open`] consumes both.

mod algorithm;
mod compact;
mod header;
mod key;
mod seal;

pub use algorithm::{ContentEncryption, KeyManagement};
pub use compact::Compact;
pub use header::Header;
pub use key::{ContentEncryptionKey, KeyEncryptionKey};
pub use seal::{Random, Recipient, SealSpec, seal_compact};
