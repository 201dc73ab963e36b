//! The words an option may have.

use clap::ValueEnum;

use crate::token::{Curve, NewKey, Purpose};

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
    /// P-256, for the ECDH-ES family or ES256.
    #[value(name = "ec-p256")]
    EcP256,
    /// P-384, for the ECDH-ES family or ES384.
    #[value(name = "ec-p384")]
    EcP384,
    /// P-521, for the ECDH-ES family or ES512.
    #[value(name = "ec-p521")]
    EcP521,
    /// Curve25519, for the ECDH-ES family.
    #[value(name = "x25519")]
    X25519,
    /// Curve25519, for EdDSA.
    #[value(name = "ed25519")]
    Ed25519,
    /// RSA of 2048 bits, for the RSA-OAEP family, PS256.. or RS256...
    #[value(name = "rsa-2048")]
    Rsa2048,
    /// RSA of 3072 bits.
    #[value(name = "rsa-3072")]
    Rsa3072,
    /// RSA of 4096 bits.
    #[value(name = "rsa-4096")]
    Rsa4096,
    /// ML-KEM-768 (FIPS 203).
    #[value(name = "ml-kem-768")]
    MlKem768,
    /// ML-DSA-65 (FIPS 204).
    #[value(name = "ml-dsa-65")]
    MlDsa65,
    /// AES-128, for A128KW.
    #[value(name = "aes-128")]
    Aes128,
    /// AES-192, for A192KW.
    #[value(name = "aes-192")]
    Aes192,
    /// AES-256, for A256KW.
    #[value(name = "aes-256")]
    Aes256,
    /// AES-128, for A128GCMKW.
    #[value(name = "aes-128-gcm")]
    AesGcm128,
    /// AES-192, for A192GCMKW.
    #[value(name = "aes-192-gcm")]
    AesGcm192,
    /// AES-256, for A256GCMKW.
    #[value(name = "aes-256-gcm")]
    AesGcm256,
    /// A secret of 32 bytes, for HS256 and, where the token allows it, longer hashes.
    #[value(name = "hmac-256")]
    Hmac256,
    /// A secret of 48 bytes, for HS384.
    #[value(name = "hmac-384")]
    Hmac384,
    /// A secret of 64 bytes, for HS512.
    #[value(name = "hmac-512")]
    Hmac512,
}

impl From<KeyType> for NewKey {
    fn from(kind: KeyType) -> Self {
        match kind {
            KeyType::EcP256 => Self::Ec(Curve::P256),
            KeyType::EcP384 => Self::Ec(Curve::P384),
            KeyType::EcP521 => Self::Ec(Curve::P521),
            KeyType::X25519 => Self::Ec(Curve::X25519),
            KeyType::Ed25519 => Self::Ec(Curve::Ed25519),
            KeyType::Rsa2048 => Self::Rsa(2048),
            KeyType::Rsa3072 => Self::Rsa(3072),
            KeyType::Rsa4096 => Self::Rsa(4096),
            KeyType::MlKem768 => Self::MlKem768,
            KeyType::MlDsa65 => Self::MlDsa65,
            KeyType::Aes128 => Self::Aes(16),
            KeyType::Aes192 => Self::Aes(24),
            KeyType::Aes256 => Self::Aes(32),
            KeyType::AesGcm128 => Self::AesGcm(16),
            KeyType::AesGcm192 => Self::AesGcm(24),
            KeyType::AesGcm256 => Self::AesGcm(32),
            KeyType::Hmac256 => Self::Hmac(32),
            KeyType::Hmac384 => Self::Hmac(48),
            KeyType::Hmac512 => Self::Hmac(64),
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
