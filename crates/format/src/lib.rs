//! Formats of sealed HTTP bodies: which bytes of a body are sealed, how, and where the plaintext
//! goes; in both directions.
//!
//! Pure functions of their arguments. Nothing here knows a policy, a transport, or where a key
//! lives; time and randomness are parameters. The formats are a closed set, described in
//! `docs/formats.md`.
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

mod entropy;
mod fault;
mod format;
mod issued;
pub mod json;
mod key;
mod open;
mod place;
mod preset;
pub mod raw;
pub mod records;
mod session;

pub use entropy::Entropy;
pub use fault::{OpenFault, SealFault};
pub use format::{Format, Head, OptionFault, Options, Sealed, Sealing, SignInside, Text};
pub use json::{Path, PathFault};
pub use key::SealKey;
pub use open::{Demand, Opener, Part, Plain, Taken};
pub use preset::{Field, Name};
pub use session::Session;
