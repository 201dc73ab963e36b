//! The key table of a policy: each key with one purpose, one algorithm and checked material.

mod decrypt;
mod message;
mod remote;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use base64ct::{Base64UrlUnpadded, Encoding};
use sealgate_format::SealKey;
use sealgate_jose::KeyFault;
use sealgate_jose::jwe::{ContentEncryption, Decoy, DecryptionKey, KeyManagement};
use sealgate_jose::jwk::PublicJwk;
use sealgate_jose::jws::{SignatureAlgorithm, VerifyKey};
use sealgate_signature::Algorithm;
use serde_json::Value;
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

pub(crate) use message::{MessageKey, MessageMaterial, public_key as message_public_key};

use super::compiled::Bridge;
use super::fault::Findings;
use super::material::{Material, MaterialSource, resolve};
use super::raw::{RawKey, RawKeyUse, RawPostQuantum};
use super::read::section;
use crate::key_set::KeySet;

/// A key that opens tokens or payloads.
pub(crate) struct DecryptKey {
    pub(crate) id: String,
    /// The name under which senders know it, exactly as `kid` has it.
    pub(crate) kid: String,
    pub(crate) algorithm: DecryptAlgorithm,
}

/// What a decryption key does, with the material that this needs.
pub(crate) enum DecryptAlgorithm {
    /// Raw AES-256-GCM bodies.
    RawA256Gcm(Zeroizing<[u8; 32]>),
    /// JWE with a key that is here, for messages of these content encryptions.
    JweLocal {
        key: DecryptionKey,
        enc: Vec<ContentEncryption>,
        /// RFC 7638, in base64url; only of keys that have one.
        thumbprint: Option<String>,
    },
    /// JWE with a key that stays in hsm-bridge.
    JweBridge {
        management: KeyManagement,
        kid: String,
        enc: Vec<ContentEncryption>,
        /// What messages are worked on with whose content key the bridge does not unwrap.
        decoy: Arc<Decoy>,
    },
}

/// A key that verifies the JWS inside a token.
pub(crate) struct VerifierKey {
    pub(crate) id: String,
    /// The name under which issuers know it, exactly as `kid` has it.
    pub(crate) kid: String,
    /// RFC 7638, in base64url; only of keys that have one.
    pub(crate) thumbprint: Option<String>,
    pub(crate) key: VerifyKey,
}

impl VerifierKey {
    /// Whether an issuer that writes this `kid` means this key.
    pub(crate) fn is_meant_by(&self, kid: &str) -> bool {
        self.kid == kid || self.thumbprint.as_deref() == Some(kid)
    }
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
    /// Whether a sender that writes this `kid` means this key, told without a branch on it.
    pub(crate) fn is_meant_by(&self, kid: &str) -> Choice {
        let named = self.kid.as_bytes().ct_eq(kid.as_bytes());
        match &self.algorithm {
            DecryptAlgorithm::JweLocal {
                thumbprint: Some(thumbprint),
                ..
            } => named | thumbprint.as_bytes().ct_eq(kid.as_bytes()),
            _ => named,
        }
    }

    /// Whether everyone who has the public key can seal to this key.
    pub(crate) fn is_asymmetric(&self) -> bool {
        match &self.algorithm {
            DecryptAlgorithm::JweBridge { management, .. } => management.is_asymmetric(),
            DecryptAlgorithm::JweLocal { key, .. } => key.alg().is_asymmetric(),
            DecryptAlgorithm::RawA256Gcm(_) => false,
        }
    }

    /// How it manages content keys; `None` for a secret that encrypts content itself.
    pub(crate) fn management(&self) -> Option<KeyManagement> {
        match &self.algorithm {
            DecryptAlgorithm::RawA256Gcm(_) => None,
            DecryptAlgorithm::JweLocal { key, .. } => Some(key.alg()),
            DecryptAlgorithm::JweBridge { management, .. } => Some(*management),
        }
    }

    /// Whether it opens JWE of this content encryption. HPKE that encrypts the content itself has none
    /// that could be another.
    pub(crate) fn takes(&self, content: ContentEncryption) -> bool {
        match &self.algorithm {
            DecryptAlgorithm::RawA256Gcm(_) => false,
            DecryptAlgorithm::JweLocal { enc, .. } => {
                content == ContentEncryption::Integrated || enc.contains(&content)
            }
            DecryptAlgorithm::JweBridge { enc, .. } => enc.contains(&content),
        }
    }

    /// Name of the algorithm, as in the policy.
    pub(crate) fn algorithm_name(&self) -> &'static str {
        match &self.algorithm {
            DecryptAlgorithm::RawA256Gcm(_) => "A256GCM",
            DecryptAlgorithm::JweLocal { key, .. } => key.alg().name(),
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
    post_quantum: RawPostQuantum,
    /// What only this gate and its bridge know; nothing where there is no bridge.
    bridge_token: Zeroizing<String>,
    /// Whether some key or store lives in hsm-bridge.
    pub(crate) uses_bridge: Cell<bool>,
}

impl KeyTable {
    /// Compiles the `keys` section.
    pub(crate) fn compile(
        sections: Vec<Value>,
        post_quantum: RawPostQuantum,
        bridge: Option<&Bridge>,
        source: &dyn MaterialSource,
        findings: &mut Findings,
    ) -> Self {
        let bridge_token = bridge.map(|bridge| bridge.token.clone());
        let mut table = Self {
            post_quantum,
            bridge_token: bridge_token.unwrap_or_default().into(),
            ..Self::default()
        };
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
        let named = raw.jwks.iter().flat_map(|jwks| &jwks.algs);
        let mut named = named.chain(std::iter::once(&raw.alg));
        if self.post_quantum == RawPostQuantum::Refuse
            && let Some(alg) = named.find(|alg| is_post_quantum(alg))
        {
            findings.fault(
                format!("{path}.alg"),
                format!("{alg} is post-quantum, and the policy does not allow that"),
                "write pq: allow at the top, and read docs/jose.md on what is still a draft",
            );
            return None;
        }
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
            RawKeyUse::Decrypt => decrypt_key(raw, material, &self.bridge_token, path, findings),
            RawKeyUse::Verify => verify_key(&raw, material, path, findings),
            RawKeyUse::Sign => sign_key(raw, material, path, findings),
            RawKeyUse::Encrypt => encrypt_key(raw, &material, path, findings),
        }
    }
}

/// Algorithms that need `pq: allow`.
fn is_post_quantum(alg: &str) -> bool {
    KeyManagement::from_name(alg).is_some_and(KeyManagement::is_hpke)
        || SignatureAlgorithm::from_name(alg).is_some_and(SignatureAlgorithm::is_post_quantum)
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
    bridge_token: &str,
    path: &str,
    findings: &mut Findings,
) -> Option<Key> {
    // A secret that opens requests seals the responses to whoever shares it.
    let encrypt = match &material {
        Material::Secret(secret) => SealKey::shared(&raw.alg, secret).ok().map(|key| {
            Arc::new(EncryptKey {
                id: raw.id.clone(),
                kid: raw.sender_kid.clone().unwrap_or_else(|| raw.id.clone()),
                key,
            })
        }),
        _ => None,
    };
    let algorithm = decrypt::algorithm(&raw, material, bridge_token, path, findings)?;
    Some(Key {
        decrypt: Some(Arc::new(DecryptKey {
            kid: raw.sender_kid.unwrap_or_else(|| raw.id.clone()),
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
    let Some(alg) = SignatureAlgorithm::from_name(&raw.alg) else {
        let problem = match raw.alg.as_str() {
            "none" => "none is refused: it proves nothing".to_owned(),
            other => format!("{other} is not a signature algorithm"),
        };
        let all = SignatureAlgorithm::ALL.map(SignatureAlgorithm::name);
        findings.fault(
            format!("{path}.alg"),
            problem,
            format!("write {}", all.join(", ")),
        );
        return None;
    };
    let key = match &material {
        Material::Secret(secret) if alg.is_mac() => {
            VerifyKey::mac(alg, secret).map(|key| (key, None))
        }
        Material::PublicJwk(jwk) if !alg.is_mac() => PublicJwk::from_slice(jwk).and_then(|jwk| {
            let thumbprint = Base64UrlUnpadded::encode_string(&jwk.thumbprint());
            VerifyKey::public(alg, &jwk).map(|key| (key, Some(thumbprint)))
        }),
        _ => {
            findings.fault(
                format!("{path}.material"),
                format!("does not fit {}", raw.alg),
                "HS256, HS384 and HS512 take inline, env or file; the others take jwk",
            );
            return None;
        }
    };
    let (key, thumbprint) = match key {
        Ok(key) => key,
        Err(fault) => {
            findings.fault(
                format!("{path}.material"),
                format!("is not a usable key: {}", fault.code()),
                "correct the key",
            );
            return None;
        }
    };
    // Of the algorithms of tokens, those that message signatures have too.
    let message = match &material {
        Material::PublicJwk(jwk) if Algorithm::from_name(&raw.alg).is_some() => {
            Some(Arc::new(message::public(raw, jwk, path, findings)?))
        }
        _ => None,
    };
    let token = Some(Arc::new(VerifierKey {
        id: raw.id.clone(),
        kid: raw.sender_kid.clone().unwrap_or_else(|| raw.id.clone()),
        thumbprint,
        key,
    }));
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
