//! The key table of a policy: each key with one purpose, one algorithm and checked material.

mod message;
mod remote;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use sealgate_format::SealKey;
use sealgate_jose::KeyFault;
use sealgate_jose::jwe::{ContentEncryption, DecryptionKey, KeyManagement};
use sealgate_jose::jwk::PublicJwk;
use sealgate_jose::jws::{SignatureAlgorithm, VerifyKey};
use sealgate_signature::Algorithm;
use serde_json::Value;
use zeroize::Zeroizing;

pub(crate) use message::{MessageKey, MessageMaterial, public_key as message_public_key};

use super::fault::Findings;
use super::material::{Material, MaterialSource, resolve};
use super::raw::{RawKey, RawKeyUse};
use super::read::section;
use crate::key_set::KeySet;

/// A key that opens tokens or payloads.
pub(crate) struct DecryptKey {
    pub(crate) id: String,
    /// The sender's name for it.
    pub(crate) sender: String,
    pub(crate) algorithm: DecryptAlgorithm,
}

/// What a decryption key does, with the material that this needs.
pub(crate) enum DecryptAlgorithm {
    /// Raw AES-256-GCM bodies.
    RawA256Gcm(Zeroizing<[u8; 32]>),
    /// JWE with a key at hand.
    JweLocal(Box<DecryptionKey>),
    /// JWE with a key that stays in hsm-bridge.
    JweBridge {
        management: KeyManagement,
        kid: String,
    },
}

/// A key that verifies the JWS inside a token.
pub(crate) struct VerifierKey {
    pub(crate) id: String,
    pub(crate) key: VerifyKey,
}

/// What one entry of the key table can be used for. A public key verifies messages, and tokens
/// where its algorithm is one of tokens.
#[derive(Clone, Default)]
pub(crate) struct Key {
    pub(crate) message: Option<Arc<MessageKey>>,
    pub(crate) decrypt: Option<Arc<DecryptKey>>,
    pub(crate) token: Option<Arc<VerifierKey>>,
    pub(crate) sign: Option<Arc<SigningKey>>,
    pub(crate) set: Option<Arc<KeySet>>,
    pub(crate) encrypt: Option<Arc<EncryptKey>>,
}

/// A key that seals responses.
#[derive(Debug)]
pub(crate) struct EncryptKey {
    pub(crate) id: String,
    /// The name under which clients know it.
    pub(crate) kid: String,
    pub(crate) key: SealKey,
}

/// A private key in the bridge that signs responses.
pub(crate) struct SigningKey {
    /// The name under which clients know it.
    pub(crate) sender: String,
    pub(crate) algorithm: Algorithm,
    /// Id of the key in the bridge.
    pub(crate) kid: String,
}

impl DecryptKey {
    /// Whether everyone who has the public key can seal to this key.
    pub(crate) fn is_asymmetric(&self) -> bool {
        match &self.algorithm {
            DecryptAlgorithm::JweBridge { management, .. } => management.is_asymmetric(),
            _ => false,
        }
    }

    /// How it manages content keys; `None` for a secret that encrypts content itself.
    pub(crate) fn management(&self) -> Option<KeyManagement> {
        match &self.algorithm {
            DecryptAlgorithm::RawA256Gcm(_) => None,
            DecryptAlgorithm::JweLocal(key) => Some(key.alg()),
            DecryptAlgorithm::JweBridge { management, .. } => Some(*management),
        }
    }

    /// Name of the algorithm, as in the policy.
    pub(crate) fn algorithm_name(&self) -> &'static str {
        match &self.algorithm {
            DecryptAlgorithm::RawA256Gcm(_) => "A256GCM",
            DecryptAlgorithm::JweLocal(key) => key.alg().name(),
            DecryptAlgorithm::JweBridge { management, .. } => management.name(),
        }
    }
}

impl fmt::Debug for DecryptKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "DecryptKey({}, {})",
            self.id,
            self.algorithm_name()
        )
    }
}

/// All keys of a document, by id.
#[derive(Default)]
pub(crate) struct KeyTable {
    keys: BTreeMap<String, Key>,
    /// Whether some key or store lives in hsm-bridge.
    pub(crate) uses_bridge: Cell<bool>,
}

impl KeyTable {
    /// Compiles the `keys` section.
    pub(crate) fn compile(
        sections: Vec<Value>,
        source: &dyn MaterialSource,
        findings: &mut Findings,
    ) -> Self {
        let mut table = Self::default();
        for (index, value) in sections.into_iter().enumerate() {
            let path = format!("keys[{index}]");
            let Some(raw) = section::<RawKey>(value, &path, findings) else {
                continue;
            };
            if !is_key_id(&raw.id) {
                findings.fault(
                    format!("{path}.id"),
                    "is not a key id",
                    "use 1 to 64 of A-Z a-z 0-9 . _ -",
                );
                continue;
            }
            let id = raw.id.clone();
            if table.keys.contains_key(&id) {
                findings.fault(
                    format!("{path}.id"),
                    format!("{id} is already defined"),
                    "give each key its own id",
                );
                continue;
            }
            if let Some(key) = table.key(raw, &path, source, findings) {
                table.keys.insert(id, key);
            }
        }
        table
    }

    /// The key of this id.
    pub(crate) fn get(&self, id: &str) -> Option<&Key> {
        self.keys.get(id)
    }

    /// Finds the keys a stage names; each missing or unfit one is a fault.
    pub(crate) fn pick<T>(
        &self,
        ids: &[String],
        path: &str,
        wanted: &str,
        fits: impl Fn(&Key) -> Option<Arc<T>>,
        findings: &mut Findings,
    ) -> Vec<Arc<T>> {
        if ids.is_empty() {
            findings.fault(path, "names no key", "name at least one key id");
        }
        let mut picked = Vec::new();
        for (index, id) in ids.iter().enumerate() {
            let path = format!("{path}[{index}]");
            match self.keys.get(id) {
                None => findings.fault(
                    path,
                    format!("key {id} is not defined"),
                    "add it to `keys` or correct the id",
                ),
                Some(key) => match fits(key) {
                    Some(key) => picked.push(key),
                    None => findings.fault(
                        path,
                        format!("key {id} does not fit here"),
                        wanted.to_owned(),
                    ),
                },
            }
        }
        picked
    }

    fn key(
        &mut self,
        mut raw: RawKey,
        path: &str,
        source: &dyn MaterialSource,
        findings: &mut Findings,
    ) -> Option<Key> {
        if let Some(jwks) = raw.jwks.take() {
            return remote::key_set(raw, jwks, path, findings);
        }
        if raw.alg.is_empty() {
            findings.fault(
                format!("{path}.alg"),
                "is missing",
                "write the one algorithm that the key works with",
            );
            return None;
        }
        let material = resolve(
            std::mem::take(&mut raw.material),
            &format!("{path}.material"),
            source,
            findings,
        )?;
        if matches!(material, Material::Bridge(_)) {
            self.uses_bridge.set(true);
        }
        match raw.purpose {
            RawKeyUse::Mac => Some(Key {
                message: Some(Arc::new(message::mac(&raw, material, path, findings)?)),
                ..Key::default()
            }),
            RawKeyUse::Decrypt => decrypt_key(raw, material, path, findings),
            RawKeyUse::Verify => verify_key(&raw, material, path, findings),
            RawKeyUse::Sign => sign_key(raw, material, path, findings),
            RawKeyUse::Encrypt => encrypt_key(raw, &material, path, findings),
        }
    }
}

/// Key ids travel in headers, tokens and shared-data names, hence the narrow alphabet.
pub(crate) fn is_key_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

fn decrypt_key(
    raw: RawKey,
    material: Material,
    path: &str,
    findings: &mut Findings,
) -> Option<Key> {
    let alg = raw.alg.as_str();
    // A secret that opens requests seals the responses to whoever shares it.
    let encrypt = match &material {
        Material::Secret(secret) => SealKey::shared(alg, secret).ok().map(|key| {
            Arc::new(EncryptKey {
                id: raw.id.clone(),
                kid: raw.sender_kid.clone().unwrap_or_else(|| raw.id.clone()),
                key,
            })
        }),
        _ => None,
    };
    let algorithm = match (alg, material) {
        ("A256GCM", Material::Secret(bytes)) => {
            DecryptAlgorithm::RawA256Gcm(exactly_32(&bytes, path, findings)?)
        }
        ("dir", Material::Secret(bytes)) => {
            let bytes = exactly_32(&bytes, path, findings)?;
            let (alg, enc) = (KeyManagement::Dir, ContentEncryption::A256Gcm);
            let key = DecryptionKey::symmetric(alg, enc, bytes.as_slice()).ok()?;
            DecryptAlgorithm::JweLocal(Box::new(key))
        }
        // No token wraps keys this way; the secret is the sender's, too.
        ("A128GCMKW" | "A192GCMKW" | "A256GCMKW", Material::Secret(bytes)) => {
            let management = KeyManagement::from_name(alg)?;
            let enc = ContentEncryption::A256Gcm;
            match DecryptionKey::symmetric(management, enc, &bytes) {
                Ok(key) => DecryptAlgorithm::JweLocal(Box::new(key)),
                Err(_) => {
                    findings.fault(
                        format!("{path}.material"),
                        format!("is {} bytes long", bytes.len()),
                        format!("write a secret of the length that {alg} has"),
                    );
                    return None;
                }
            }
        }
        ("A256GCM" | "dir", _) => {
            findings.fault(
                format!("{path}.material"),
                format!("{alg} works with the secret itself, which a token does not give away"),
                "use inline, env or file; or a key of alg ECDH-ES+A256KW, RSA-OAEP-256 or A256KW in the bridge",
            );
            return None;
        }
        (_, material) => {
            let management = match KeyManagement::from_name(alg) {
                Some(management) if management != KeyManagement::Dir => management,
                _ => {
                    findings.fault(
                        format!("{path}.alg"),
                        format!("{alg} is not a decryption algorithm"),
                        "write A256GCM, dir, ECDH-ES+A256KW, ECDH-ES, RSA-OAEP-256, RSA-OAEP or A256KW",
                    );
                    return None;
                }
            };
            let Material::Bridge(kid) = material else {
                findings.fault(
                    format!("{path}.material"),
                    format!("a {alg} key must stay in hardware"),
                    "create it with `hsm-bridge keygen` and write { bridge: <kid> }",
                );
                return None;
            };
            if management == KeyManagement::RsaOaep {
                findings.warn(
                    "sha1-oaep",
                    format!("{path}.alg"),
                    "RSA-OAEP hashes with SHA-1",
                    "prefer RSA-OAEP-256 or ECDH-ES+A256KW",
                );
            }
            DecryptAlgorithm::JweBridge { management, kid }
        }
    };
    Some(Key {
        decrypt: Some(Arc::new(DecryptKey {
            sender: raw.sender_kid.unwrap_or_else(|| raw.id.clone()),
            id: raw.id,
            algorithm,
        })),
        encrypt,
        ..Key::default()
    })
}

fn encrypt_key(
    raw: RawKey,
    material: &Material,
    path: &str,
    findings: &mut Findings,
) -> Option<Key> {
    let key = match material {
        Material::Secret(secret) => SealKey::shared(&raw.alg, secret),
        Material::PublicJwk(text) => serde_json::from_slice(text)
            .map_err(|_| KeyFault::Malformed)
            .and_then(|jwk| SealKey::from_jwk(&jwk, Some(&raw.alg))),
        Material::Bridge(_) => {
            findings.fault(
                format!("{path}.material"),
                "names a key in the bridge, which does not seal",
                "write the recipient's public key as jwk, or the shared secret",
            );
            return None;
        }
    };
    match key {
        Ok(key) => Some(Key {
            encrypt: Some(Arc::new(EncryptKey {
                kid: raw.sender_kid.unwrap_or_else(|| raw.id.clone()),
                id: raw.id,
                key,
            })),
            ..Key::default()
        }),
        Err(fault) => {
            findings.fault(
                format!("{path}.material"),
                format!("is not a key that seals with {}: {}", raw.alg, fault.code()),
                "RSA-OAEP-256, ECDH-ES+A256KW and ECDH-ES take jwk; dir, A256KW and A256GCM a secret of 32 bytes",
            );
            None
        }
    }
}

fn verify_key(
    raw: &RawKey,
    material: Material,
    path: &str,
    findings: &mut Findings,
) -> Option<Key> {
    let misfit = |findings: &mut Findings| {
        findings.fault(
            format!("{path}.material"),
            format!("does not fit {}", raw.alg),
            "HS256 takes inline, env or file; the others take jwk",
        );
    };
    let token = match (raw.alg.as_str(), &material) {
        ("HS256", Material::Secret(bytes)) => Some(VerifyKey::hs256(bytes)),
        ("ES256" | "EdDSA" | "ES384" | "PS256" | "PS512" | "RS256", Material::PublicJwk(jwk)) => {
            Some(public_key(jwk, &raw.alg))
        }
        ("HS256" | "ES256" | "EdDSA" | "ES384" | "PS256" | "PS512" | "RS256", _) => {
            misfit(findings);
            return None;
        }
        _ => {
            findings.fault(
                format!("{path}.alg"),
                format!("{} is not a signature algorithm", raw.alg),
                "write HS256, ES256, ES384, EdDSA, PS256, PS512 or RS256",
            );
            return None;
        }
    };
    let token = match token.transpose() {
        Ok(token) => token.map(|key| {
            Arc::new(VerifierKey {
                id: raw.id.clone(),
                key,
            })
        }),
        Err(fault) => {
            findings.fault(
                format!("{path}.material"),
                format!("is not a usable key: {}", fault.code()),
                "correct the key",
            );
            return None;
        }
    };
    let message = match &material {
        Material::PublicJwk(jwk) => Some(Arc::new(message::public(raw, jwk, path, findings)?)),
        _ => None,
    };
    Some(Key {
        message,
        token,
        ..Key::default()
    })
}

fn sign_key(raw: RawKey, material: Material, path: &str, findings: &mut Findings) -> Option<Key> {
    let Some(algorithm) =
        Algorithm::from_name(&raw.alg).filter(|_| matches!(raw.alg.as_str(), "ES256" | "PS256"))
    else {
        findings.fault(
            format!("{path}.alg"),
            format!("the bridge makes no {} signature", raw.alg),
            "write ES256 or PS256",
        );
        return None;
    };
    let Material::Bridge(kid) = material else {
        findings.fault(
            format!("{path}.material"),
            "a private key must stay in hardware",
            "create it with `hsm-bridge keygen` and write { bridge: <kid> }",
        );
        return None;
    };
    Some(Key {
        sign: Some(Arc::new(SigningKey {
            sender: raw.sender_kid.unwrap_or(raw.id),
            algorithm,
            kid,
        })),
        ..Key::default()
    })
}

/// A public JWK whose type must be the one of the algorithm written beside it.
fn public_key(jwk: &[u8], alg: &str) -> Result<VerifyKey, KeyFault> {
    let alg = SignatureAlgorithm::from_name(alg).ok_or(KeyFault::UnsupportedType)?;
    VerifyKey::public(alg, &PublicJwk::from_slice(jwk)?)
}

fn exactly_32(bytes: &[u8], path: &str, findings: &mut Findings) -> Option<Zeroizing<[u8; 32]>> {
    match <[u8; 32]>::try_from(bytes) {
        Ok(array) => Some(Zeroizing::new(array)),
        Err(_) => {
            findings.fault(
                format!("{path}.material"),
                format!("is {} bytes long", bytes.len()),
                "an AES-256 key has 32 bytes (64 hex digits)",
            );
            None
        }
    }
}
