//! The stages, one file each. Each gives a proof type that only its own checking function builds.

pub(crate) mod channel;
pub(crate) mod claims;
pub(crate) mod coding;
pub(crate) mod inspect;
pub(crate) mod key_answer;
pub(crate) mod payload;
pub(crate) mod replay;
pub(crate) mod signature;
pub(crate) mod token;
