//! Keys of message signatures: the sender's name for them, when they are valid, what they verify.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use sealgate_signature::scheme::Presented;
use sealgate_signature::{Algorithm, MacKey, PublicKey, SignatureError, VerificationKey};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::fault::Findings;
use super::super::material::Material;
use super::super::raw::RawKey;

/// Shortest MAC secret accepted without a warning, in bytes: the output length of SHA-256
/// (RFC 7518 section 3.2).
const MIN_MAC_BYTES: usize = 32;
/// Shortest MAC secret accepted at all: senders whose secret is a text they chose.
const MIN_TEXT_MAC_BYTES: usize = 16;
/// Longest name of a key at its sender.
const MAX_SENDER_KID_BYTES: usize = 256;

/// A key that verifies message signatures.
pub(crate) struct MessageKey {
    pub(crate) id: String,
    /// The sender's name for it. Several keys may share one.
    pub(crate) sender: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) material: MessageMaterial,
    pub(crate) validity: Validity,
    /// Whether the key must not sign responses.
    pub(crate) verify_only: bool,
}

/// Where a signature is verified.
pub(crate) enum MessageMaterial {
    /// Here.
    Local(VerificationKey),
    /// The MAC is computed in the bridge, by the key of this id.
    Bridge(String),
}

/// When a key is valid, in seconds since 1970, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Validity {
    not_before: i64,
    not_after: i64,
}

impl Validity {
    pub(crate) fn contains(self, now: i64) -> bool {
        (self.not_before..=self.not_after).contains(&now)
    }

    /// The last second, where one was written.
    pub(crate) fn end(self) -> Option<i64> {
        (self.not_after != i64::MAX).then_some(self.not_after)
    }
}

impl MessageKey {
    /// Whether the sender of this signature may mean this key.
    pub(crate) fn is_meant_by(&self, presented: &Presented) -> bool {
        presented
            .key_id
            .as_ref()
            .is_none_or(|kid| *kid == self.sender)
    }
}

impl fmt::Debug for MessageKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "MessageKey({}, {})",
            self.id,
            self.algorithm.name()
        )
    }
}

/// A key with a shared secret, here or in the bridge.
pub(super) fn mac(
    raw: &RawKey,
    material: Material,
    path: &str,
    findings: &mut Findings,
) -> Option<MessageKey> {
    let Some(algorithm) = Algorithm::from_name(&raw.alg).filter(|alg| alg.is_mac()) else {
        findings.fault(
            format!("{path}.alg"),
            format!("{} is not a mac algorithm", raw.alg),
            "write HS256, HS384 or HS512",
        );
        return None;
    };
    if algorithm.is_legacy() {
        findings.warn(
            "legacy-hash",
            format!("{path}.alg"),
            format!("{} rests on a hash that nothing new may use", raw.alg),
            "have the sender use HS256",
        );
    }
    let material = match material {
        Material::Bridge(kid) if matches!(raw.alg.as_str(), "HS256" | "HS512") => {
            MessageMaterial::Bridge(kid)
        }
        Material::Bridge(_) => {
            findings.fault(
                format!("{path}.alg"),
                format!("the bridge computes no {}", raw.alg),
                "write HS256 or HS512",
            );
            return None;
        }
        Material::Secret(bytes) => {
            if bytes.len() < MIN_TEXT_MAC_BYTES {
                findings.fault(
                    format!("{path}.material"),
                    format!("is {} bytes long", bytes.len()),
                    "use at least 32 random bytes",
                );
                return None;
            }
            if bytes.len() < MIN_MAC_BYTES {
                findings.warn(
                    "short-mac-key",
                    format!("{path}.material"),
                    format!("{} bytes are fewer than the 32 of the hash", bytes.len()),
                    "use at least 32 random bytes",
                );
            }
            let key = MacKey::with_algorithm(algorithm, bytes.to_vec()).ok()?;
            MessageMaterial::Local(VerificationKey::Mac(key))
        }
        Material::PublicJwk(_) => {
            findings.fault(
                format!("{path}.material"),
                "is a public key",
                "a mac key is a secret: use inline, env, file or bridge",
            );
            return None;
        }
    };
    message_key(raw, algorithm, material, path, findings)
}

/// A public key (RFC 7517) of the algorithm written beside it.
pub(super) fn public(
    raw: &RawKey,
    jwk: &[u8],
    path: &str,
    findings: &mut Findings,
) -> Option<MessageKey> {
    let algorithm = Algorithm::from_name(&raw.alg)?;
    let key = serde_json::from_slice(jwk)
        .map_err(|_| SignatureError::Malformed)
        .and_then(|jwk| public_key(&jwk, algorithm));
    match key {
        Ok(key) => {
            let material = MessageMaterial::Local(VerificationKey::Public(key));
            message_key(raw, algorithm, material, path, findings)
        }
        Err(error) => {
            findings.fault(
                format!("{path}.material.jwk"),
                format!("is not a usable {} key: {error}", raw.alg),
                "write the public members of the key: kty, crv, x, y or kty, n, e",
            );
            None
        }
    }
}

fn message_key(
    raw: &RawKey,
    algorithm: Algorithm,
    material: MessageMaterial,
    path: &str,
    findings: &mut Findings,
) -> Option<MessageKey> {
    let sender = raw.sender_kid.clone().unwrap_or_else(|| raw.id.clone());
    let printable = sender.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if !printable || !(1..=MAX_SENDER_KID_BYTES).contains(&sender.len()) {
        findings.fault(
            format!("{path}.sender_kid"),
            "is not 1 to 256 printable ASCII characters",
            "write the name as the sender puts it on the wire",
        );
        return None;
    }
    let not_before = moment(raw.not_before.as_deref(), "not_before", path, findings)?;
    let not_after = moment(raw.not_after.as_deref(), "not_after", path, findings)?;
    let validity = Validity {
        not_before: not_before.unwrap_or(i64::MIN),
        not_after: not_after.unwrap_or(i64::MAX),
    };
    if validity.not_before > validity.not_after {
        findings.fault(
            format!("{path}.not_after"),
            "lies before not_before",
            "correct one of them",
        );
        return None;
    }
    Some(MessageKey {
        id: raw.id.clone(),
        sender,
        algorithm,
        material,
        validity,
        verify_only: raw.verify_only,
    })
}

/// Reads a moment; `Some(None)` when none is written.
fn moment(
    text: Option<&str>,
    member: &str,
    path: &str,
    findings: &mut Findings,
) -> Option<Option<i64>> {
    let Some(text) = text else {
        return Some(None);
    };
    match OffsetDateTime::parse(text, &Rfc3339) {
        Ok(moment) => Some(Some(moment.unix_timestamp())),
        Err(_) => {
            findings.fault(
                format!("{path}.{member}"),
                "is not a date and time of RFC 3339",
                "write for instance 2027-01-01T00:00:00Z",
            );
            None
        }
    }
}

/// Reads a public JWK as a key of this algorithm.
///
/// # Errors
/// [`SignatureError::InvalidSpec`] for another kind of key or one with private members,
/// [`SignatureError::Malformed`], [`SignatureError::WeakKey`].
pub(crate) fn public_key(jwk: &Value, algorithm: Algorithm) -> Result<PublicKey, SignatureError> {
    let private = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];
    if private.iter().any(|name| jwk.get(name).is_some()) {
        return Err(SignatureError::InvalidSpec);
    }
    let is = |name: &str, wanted: &str| jwk.get(name).and_then(Value::as_str) == Some(wanted);
    let number = |name: &str| {
        jwk.get(name)
            .and_then(Value::as_str)
            .and_then(|text| Base64UrlUnpadded::decode_vec(text).ok())
            .ok_or(SignatureError::Malformed)
    };
    let point = |bytes: usize| {
        let (x, y) = (number("x")?, number("y")?);
        match x.len() == bytes && y.len() == bytes {
            true => Ok([&[4][..], &x, &y].concat()),
            false => Err(SignatureError::WeakKey),
        }
    };
    match algorithm {
        Algorithm::Ed25519 if is("kty", "OKP") && is("crv", "Ed25519") => {
            let bytes = number("x")?;
            PublicKey::ed25519(
                &<[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| SignatureError::WeakKey)?,
            )
        }
        Algorithm::EcdsaP256Sha256 if is("kty", "EC") && is("crv", "P-256") => {
            PublicKey::p256(&point(32)?)
        }
        Algorithm::EcdsaP384Sha384 if is("kty", "EC") && is("crv", "P-384") => {
            PublicKey::p384(&point(48)?)
        }
        Algorithm::RsaPssSha256 | Algorithm::RsaPssSha512 | Algorithm::RsaV15Sha256
            if is("kty", "RSA") =>
        {
            PublicKey::rsa(&number("n")?, &number("e")?, algorithm)
        }
        _ => Err(SignatureError::InvalidSpec),
    }
}
