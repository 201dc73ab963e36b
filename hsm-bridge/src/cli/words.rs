//! The words an option may have.

use clap::ValueEnum;

use crate::token::{NewKey, Purpose};

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum NewState {
    /// In use; the version that was is retired.
    Active,
    /// Opens and verifies only.
    Retired,
    /// Does nothing.
    Disabled,
    /// What it was before it was disabled: active if no other version is, else retired.
    Enabled,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum KeyType {
    /// P-256, for ECDH-ES, ECDH-ES+A256KW or ES256.
    EcP256,
    /// RSA of 2048 bits, for RSA-OAEP, RSA-OAEP-256 or PS256.
    #[value(name = "rsa-2048")]
    Rsa2048,
    /// RSA of 3072 bits.
    #[value(name = "rsa-3072")]
    Rsa3072,
    /// AES-256, for A256KW.
    #[value(name = "aes-256")]
    Aes256,
    /// A secret of 32 bytes, for HS256 and, where the token allows it, HS512.
    #[value(name = "hmac-256")]
    Hmac256,
}

impl From<KeyType> for NewKey {
    fn from(kind: KeyType) -> Self {
        match kind {
            KeyType::EcP256 => Self::EcP256,
            KeyType::Rsa2048 => Self::Rsa(2048),
            KeyType::Rsa3072 => Self::Rsa(3072),
            KeyType::Aes256 => Self::Aes256,
            KeyType::Hmac256 => Self::Hmac256,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum PurposeArg {
    Unwrap,
    Mac,
    Sign,
}

impl From<PurposeArg> for Purpose {
    fn from(purpose: PurposeArg) -> Self {
        match purpose {
            PurposeArg::Unwrap => Self::Unwrap,
            PurposeArg::Mac => Self::Mac,
            PurposeArg::Sign => Self::Sign,
        }
    }
}
