//! Messages that fail, each for one reason; all of one place are equally long.

use anyhow::{Context as _, anyhow};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use sealgate_jose::RandomError;
use sealgate_jose::jwe::{ContentEncryption, EncryptionKey, KeyManagement, SealSpec, seal_compact};
use sealgate_tests::keys::hex;
use serde_json::{Value, json};

/// Different messages of each kind.
pub(super) const VARIANTS: usize = 32;
const SECRET: [u8; 32] = [0x6d; 32];

/// Where a message stands, and in what encryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// An access token in A256GCM.
    GcmToken,
    /// An access token in A128CBC-HS256.
    CbcToken,
    /// A body of 16 KiB in A256GCM.
    GcmBody,
    /// A body of 16 KiB in A128CBC-HS256.
    CbcBody,
}

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One bit of the tag.
    Tag,
    /// The same again: the control.
    TagAgain,
    /// The last block of the ciphertext, and with it, in CBC, the padding.
    Padding,
    /// The key id is nobody's.
    KeyId,
    /// One bit of the encrypted content key.
    Unwrap,
}

impl Place {
    pub(super) const ALL: [Self; 4] =
        [Self::GcmToken, Self::CbcToken, Self::GcmBody, Self::CbcBody];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::GcmToken => "token A256GCM",
            Self::CbcToken => "token A128CBC-HS256",
            Self::GcmBody => "body A256GCM",
            Self::CbcBody => "body A128CBC-HS256",
        }
    }

    pub(super) fn is_token(self) -> bool {
        matches!(self, Self::GcmToken | Self::CbcToken)
    }

    fn enc(self) -> ContentEncryption {
        match self {
            Self::GcmToken | Self::GcmBody => ContentEncryption::A256Gcm,
            Self::CbcToken | Self::CbcBody => ContentEncryption::A128CbcHs256,
        }
    }
}

impl Kind {
    pub(super) const ALL: [Self; 5] = [
        Self::Tag,
        Self::TagAgain,
        Self::Padding,
        Self::KeyId,
        Self::Unwrap,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Tag | Self::TagAgain => "wrong tag",
            Self::Padding => "wrong padding",
            Self::KeyId => "unknown key id",
            Self::Unwrap => "does not unwrap",
        }
    }
}

/// The messages of one place, and the policy that refuses them.
pub(super) struct Messages {
    pub(super) place: Place,
    pub(super) policy: Value,
    made: Vec<Vec<String>>,
}

impl Messages {
    /// Seals and breaks them.
    ///
    /// # Errors
    /// The random source fails.
    pub(super) fn make(place: Place) -> anyhow::Result<Self> {
        let made = Kind::ALL.map(|kind| (0..VARIANTS).map(|_| broken(place, kind)).collect());
        let made = made.into_iter().collect::<anyhow::Result<_>>()?;
        Ok(Self {
            place,
            policy: policy(place),
            made,
        })
    }

    /// One of a kind.
    pub(super) fn of(&self, kind: Kind, variant: usize) -> &str {
        &self.made[kind as usize][variant]
    }
}

/// A message that is good but for one thing.
fn broken(place: Place, kind: Kind) -> anyhow::Result<String> {
    let kid = match kind {
        Kind::KeyId => "gate-2",
        _ => "gate-1",
    };
    let spec = SealSpec {
        kid: Some(kid),
        ..SealSpec::new(place.enc())
    };
    let key =
        EncryptionKey::shared(KeyManagement::A256Kw, &SECRET).map_err(|_| anyhow!("no key"))?;
    let plaintext = vec![0x20; if place.is_token() { 600 } else { 16 << 10 }];
    let mut random = |bytes: &mut [u8]| openssl::rand::rand_bytes(bytes).map_err(|_| RandomError);
    let sealed = seal_compact(&plaintext, &spec, &key, &mut random);
    let sealed = sealed.map_err(|fault| anyhow!("not sealed: {fault}"))?;
    let mut parts: Vec<Vec<u8>> = sealed
        .split('.')
        .map(|part| Base64UrlUnpadded::decode_vec(part).ok().context("a part"))
        .collect::<anyhow::Result<_>>()?;
    // Whoever names a key that is not ours has not sealed with one that is: that tag is wrong, too.
    let part = match kind {
        Kind::Tag | Kind::TagAgain | Kind::KeyId => 4,
        Kind::Padding => 3,
        Kind::Unwrap => 1,
    };
    if let Some(last) = parts.get_mut(part).and_then(|part| part.last_mut()) {
        *last ^= 1;
    }
    let parts: Vec<String> = parts
        .iter()
        .map(|part| Base64UrlUnpadded::encode_string(part))
        .collect();
    Ok(parts.join("."))
}

/// One key, one route, and nothing that would take time before the message is looked at.
fn policy(place: Place) -> Value {
    let stage = match place.is_token() {
        true => {
            json!({ "token": { "decrypt": ["gate-1"], "verify": ["idp"], "issuer": "https://idp",
                                   "audience": ["pay"] } })
        }
        false => json!({ "payload": { "format": "jwe", "keys": ["gate-1"] } }),
    };
    json!({
        "version": 1,
        "unmatched": "refuse",
        "keys": [
            { "id": "gate-1", "use": "decrypt", "alg": "A256KW", "enc": [place.enc().name()],
              "material": { "inline": hex(&SECRET) } },
            { "id": "idp", "use": "verify", "alg": "HS256", "material": { "inline": hex(&[0x1d; 32]) } },
        ],
        "policies": { "pay": stage },
        "routes": [{ "match": { "path_prefix": "/" }, "policy": "pay" }],
    })
}
