//! Key material: read once when the policy compiles, wiped when the policy is dropped.

use std::fmt;

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::fault::Findings;
use super::raw::{RawEncoding, RawMaterial};

/// Where an adapter finds key material that the policy names but does not hold.
///
/// Both return the raw content; `None` means that there is none or that this host cannot have any.
pub trait MaterialSource {
    /// Content of an environment variable.
    fn env(&self, name: &str) -> Option<Zeroizing<Vec<u8>>>;
    /// Content of a file.
    fn file(&self, path: &str) -> Option<Zeroizing<Vec<u8>>>;
}

/// A host without environment and files: only `inline`, `bridge` and `jwk` material works.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoMaterials;

impl MaterialSource for NoMaterials {
    fn env(&self, _name: &str) -> Option<Zeroizing<Vec<u8>>> {
        None
    }

    fn file(&self, _path: &str) -> Option<Zeroizing<Vec<u8>>> {
        None
    }
}

/// Material of one key, resolved.
pub(crate) enum Material {
    /// A secret held in this process.
    Secret(Zeroizing<Vec<u8>>),
    /// Id of a key that stays in hsm-bridge.
    Bridge(String),
    /// A public key, still as JSON text.
    PublicJwk(Vec<u8>),
}

impl fmt::Debug for Material {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(_) => formatter.write_str("Secret(..)"),
            Self::Bridge(kid) => write!(formatter, "Bridge({kid})"),
            Self::PublicJwk(_) => formatter.write_str("PublicJwk(..)"),
        }
    }
}

/// Resolves the material written at `path`; a fault names the remedy, never the material.
pub(crate) fn resolve(
    raw: RawMaterial,
    path: &str,
    source: &dyn MaterialSource,
    findings: &mut Findings,
) -> Option<Material> {
    let written = [
        raw.inline.is_some(),
        raw.env.is_some(),
        raw.file.is_some(),
        raw.bridge.is_some(),
        raw.jwk.is_some(),
    ];
    if written.iter().filter(|&&present| present).count() != 1 {
        findings.fault(
            path,
            "names no or several sources",
            "write exactly one of inline, env, file, bridge, jwk",
        );
        return None;
    }
    if raw.encoding.is_some() && (raw.bridge.is_some() || raw.jwk.is_some()) {
        findings.fault(
            format!("{path}.encoding"),
            "has no meaning here",
            "remove it",
        );
        return None;
    }
    if let Some(kid) = raw.bridge {
        if !sealgate_wire::is_kid(&kid) {
            findings.fault(
                format!("{path}.bridge"),
                "is not a key id",
                "use 1 to 64 of A-Z a-z 0-9 . _ # -",
            );
            return None;
        }
        return Some(Material::Bridge(kid));
    }
    if let Some(jwk) = raw.jwk {
        return Some(Material::PublicJwk(jwk.to_string().into_bytes()));
    }
    let encoding = raw.encoding.unwrap_or(RawEncoding::Hex);
    let (text, path) = if let Some(inline) = raw.inline {
        (
            Zeroizing::new(inline.into_bytes()),
            format!("{path}.inline"),
        )
    } else if let Some(name) = raw.env {
        let path = format!("{path}.env");
        match source.env(&name) {
            Some(text) => (text, path),
            None => {
                findings.fault(
                    path,
                    format!("environment variable {name} is not set where the gate runs"),
                    "set it; in Envoy list it under vm_config.environment_variables",
                );
                return None;
            }
        }
    } else {
        let file = raw.file.unwrap_or_default();
        let path = format!("{path}.file");
        match source.file(&file) {
            Some(text) => (text, path),
            None => {
                findings.fault(
                    path,
                    format!("file {file} cannot be read where the gate runs"),
                    "correct the path; inside Envoy use env, inline or bridge",
                );
                return None;
            }
        }
    };
    decode(&text, encoding, &path, findings).map(Material::Secret)
}

fn decode(
    text: &[u8],
    encoding: RawEncoding,
    path: &str,
    findings: &mut Findings,
) -> Option<Zeroizing<Vec<u8>>> {
    let trimmed = text.trim_ascii();
    let decoded = match encoding {
        RawEncoding::Text => Some(trimmed.to_vec()),
        RawEncoding::Base64url => std::str::from_utf8(trimmed)
            .ok()
            .and_then(|text| Base64UrlUnpadded::decode_vec(text).ok()),
        RawEncoding::Base64 => base64(trimmed),
        RawEncoding::Whsec => trimmed.strip_prefix(b"whsec_").and_then(base64),
        RawEncoding::Sha256OfText => Some(Sha256::digest(trimmed).to_vec()),
        RawEncoding::Hex => decode_hex(trimmed),
    };
    let name = match encoding {
        RawEncoding::Text => "text",
        RawEncoding::Base64url => "base64url",
        RawEncoding::Base64 => "base64",
        RawEncoding::Whsec => "whsec_ and base64",
        RawEncoding::Sha256OfText => "text",
        RawEncoding::Hex => "hex",
    };
    match decoded {
        Some(bytes) if !bytes.is_empty() => Some(Zeroizing::new(bytes)),
        Some(_) => {
            findings.fault(path, "is empty", "give the key its material");
            None
        }
        None => {
            findings.fault(
                path,
                format!("is not {name}"),
                "correct it, or set `encoding`",
            );
            None
        }
    }
}

fn base64(text: &[u8]) -> Option<Vec<u8>> {
    Base64::decode_vec(std::str::from_utf8(text).ok()?).ok()
}

fn decode_hex(text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => {
                let high = char::from(*high).to_digit(16)?;
                let low = char::from(*low).to_digit(16)?;
                u8::try_from(high << 4 | low).ok()
            }
            _ => None,
        })
        .collect()
}
