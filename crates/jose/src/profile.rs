//! Named departures from the RFCs, for peers that are known to need them.

use std::borrow::Cow;

use crate::{Malformed, base64url};

/// How a token is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Profile {
    /// To the RFCs.
    #[default]
    Strict,
    /// Mastercard's client libraries: the IV of AES-GCM may have 128 bits besides 96, and `+` and
    /// `/` may stand for `-` and `_` in a segment. Nothing else is relaxed: the tag has 128 bits,
    /// there is no padding, and stray bits are zero.
    Mastercard,
}

impl Profile {
    /// Decodes a segment in the spelling of this profile.
    pub(crate) fn decode(self, segment: &[u8]) -> Result<Vec<u8>, Malformed> {
        let segment = match self {
            Self::Mastercard if segment.iter().any(|byte| matches!(byte, b'+' | b'/')) => {
                Cow::Owned(segment.iter().map(|byte| url_safe(*byte)).collect())
            }
            _ => Cow::Borrowed(segment),
        };
        base64url::decode(&segment)
    }

    /// Whether AES-GCM may have an IV of this many bytes.
    pub(crate) const fn accepts_gcm_iv(self, bytes: usize) -> bool {
        matches!((self, bytes), (_, 12) | (Self::Mastercard, 16))
    }
}

const fn url_safe(byte: u8) -> u8 {
    match byte {
        b'+' => b'-',
        b'/' => b'_',
        other => other,
    }
}
