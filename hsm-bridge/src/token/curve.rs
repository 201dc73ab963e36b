//! The curves of JOSE, and how their points are written.

/// A curve. Points of the NIST curves are written uncompressed, `04 || x || y`; those of the
/// others are the 32 bytes of RFC 7748 and RFC 8032.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Curve {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
    /// Curve25519 for key agreement (RFC 7748).
    X25519,
    /// Curve25519 for signatures (RFC 8032).
    Ed25519,
}

impl Curve {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::P256,
        Self::P384,
        Self::P521,
        Self::X25519,
        Self::Ed25519,
    ];

    /// `crv` of a JWK.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::X25519 => "X25519",
            Self::Ed25519 => "Ed25519",
        }
    }

    /// Whether its points have two coordinates (`kty` `EC`), not one (`OKP`).
    #[must_use]
    pub fn has_y(self) -> bool {
        matches!(self, Self::P256 | Self::P384 | Self::P521)
    }

    /// Length of a coordinate, and of the secret that two parties share, in bytes.
    #[must_use]
    pub fn secret_bytes(self) -> usize {
        match self {
            Self::P256 | Self::X25519 | Self::Ed25519 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// Length of a point, in bytes.
    #[must_use]
    pub fn point_bytes(self) -> usize {
        match self {
            Self::P256 => 65,
            Self::P384 => 97,
            Self::P521 => 133,
            Self::X25519 | Self::Ed25519 => 32,
        }
    }

    /// The coordinates of a point; `None` when it is not as long as one.
    #[must_use]
    pub fn coordinates(self, point: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
        if point.len() != self.point_bytes() {
            return None;
        }
        if !self.has_y() {
            return Some((point, None));
        }
        let (x, y) = point.get(1..)?.split_at_checked(self.secret_bytes())?;
        Some((x, Some(y)))
    }
}
