//! Strict readers of the text forms that schemes share: one spelling per value.

pub(crate) mod base64;
pub(crate) mod base64url;
pub(crate) mod date;
pub(crate) mod hex;
pub(crate) mod number;
pub(crate) mod parameters;
pub(crate) mod short_date;
