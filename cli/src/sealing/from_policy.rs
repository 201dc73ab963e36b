//! Taking keys and formats from a policy file, so that a request fits the gate that reads it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use sealgate_engine::MaterialSource;
use sealgate_format::SealKey;
use sealgate_signature::{Algorithm, MacKey};
use serde_json::Value;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::BodySeal;
use super::keys::{self, Recipient};
use crate::bridge::BridgeClient;
use crate::policy_file::PolicyFile;
use crate::signing::{self, Signing};

/// One named policy of a file, read for sealing.
pub(crate) struct Chosen<'a> {
    file: &'a PolicyFile,
    policy: &'a Value,
    bridge: Option<PathBuf>,
}

impl<'a> Chosen<'a> {
    /// Picks the policy `name`, or the only one there is.
    ///
    /// # Errors
    /// When there is no such policy, or several and no name.
    pub(crate) fn new(
        file: &'a PolicyFile,
        name: Option<&str>,
        bridge: Option<&Path>,
    ) -> Result<Self> {
        let policies = file
            .document()
            .get("policies")
            .and_then(Value::as_object)
            .context("the policy file has no `policies`")?;
        let names = || policies.keys().cloned().collect::<Vec<_>>().join(", ");
        let policy = match name {
            Some(name) => policies
                .get(name)
                .with_context(|| format!("there is no policy {name}; there are {}", names()))?,
            None if policies.len() == 1 => {
                policies.values().next().context("there is one policy")?
            }
            None => bail!("choose one with --apply: {}", names()),
        };
        Ok(Self {
            file,
            policy,
            bridge: bridge.map(Path::to_path_buf),
        })
    }

    /// The signature stage's scheme and its first key whose secret is readable here.
    ///
    /// # Errors
    /// When every key's secret is somewhere else.
    pub(crate) fn signing(&self, created: i64) -> Result<Option<Signing>> {
        let Some(stage) = self.policy.get("signature") else {
            return Ok(None);
        };
        let scheme = signing::from_section(stage.clone())?;
        for id in ids(stage, "keys") {
            let key = self.key(id)?;
            let member = |name: &str| key.get(name).and_then(Value::as_str);
            let Some(algorithm) = member("alg").and_then(Algorithm::from_name) else {
                continue;
            };
            if let (true, Some(secret)) = (algorithm.is_mac(), self.secret(key)?) {
                let signer = MacKey::with_algorithm(algorithm, secret.to_vec())
                    .map_err(|error| anyhow::anyhow!("the key {id} is unusable: {error}"))?;
                return Ok(Some(Signing {
                    scheme,
                    key_id: member("sender_kid").unwrap_or(id).to_owned(),
                    signer: Box::new(signer),
                    created,
                    nonce: None,
                }));
            }
        }
        bail!("no signing key of this policy is readable here; pass one with --mac-key")
    }

    /// The payload stage's format and its first key.
    ///
    /// # Errors
    /// When that key cannot be had.
    pub(crate) async fn body(&self) -> Result<BodySeal> {
        let Some(stage) = self.policy.get("payload") else {
            return Ok(BodySeal::Plain);
        };
        let id = *ids(stage, "keys")
            .first()
            .context("the payload stage names no key")?;
        let format = sealgate_engine::payload_format(stage.clone()).map_err(|faults| {
            let first = faults.first().map(ToString::to_string);
            anyhow::anyhow!("the payload stage: {}", first.unwrap_or_default())
        })?;
        let key = self.key(id)?;
        let member = |name: &str| key.get(name).and_then(Value::as_str);
        let alg = member("alg").context("a key has an alg")?;
        let seal_key = match self.secret(key)? {
            Some(secret) => SealKey::shared(alg, &secret),
            None => SealKey::from_jwk(&self.public(id, key).await?, Some(alg)),
        };
        Ok(BodySeal::Sealed {
            format: Box::new(format),
            key: seal_key.map_err(|fault| anyhow::anyhow!("the key {id} is unusable: {fault}"))?,
            kid: member("sender_kid").unwrap_or(id).to_owned(),
            status: None,
            session: None,
            signer: None,
        })
    }

    /// The token stage's first decryption key.
    ///
    /// # Errors
    /// When that key cannot be had.
    pub(crate) async fn token_recipient(&self) -> Result<Option<super::token::TokenRecipient>> {
        let Some(stage) = self.policy.get("token") else {
            return Ok(None);
        };
        let id = *ids(stage, "decrypt")
            .first()
            .context("the token stage names no key")?;
        let key = self.recipient(id).await?;
        Ok(Some(super::token::TokenRecipient {
            key,
            kid: Some(id.to_owned()),
        }))
    }

    /// Type of the plaintext, as the payload stage has it.
    pub(crate) fn content_type(&self) -> Option<&str> {
        self.policy.get("payload")?.get("content_type")?.as_str()
    }

    async fn recipient(&self, id: &str) -> Result<Recipient> {
        let key = self.key(id)?;
        let alg = key
            .get("alg")
            .and_then(Value::as_str)
            .context("a key has an alg")?;
        if let Some(secret) = self.secret(key)? {
            return Recipient::shared(alg, &secret);
        }
        Recipient::from_jwk(&self.public(id, key).await?, Some(alg))
    }

    /// The public half of a key that lives in the bridge.
    async fn public(&self, id: &str, key: &Value) -> Result<Value> {
        let kid = key.pointer("/material/bridge").and_then(Value::as_str);
        let (Some(kid), Some(socket)) = (kid, &self.bridge) else {
            bail!(
                "{id} lives in the bridge: name its data socket with --bridge, or pass --recipient"
            );
        };
        let token = self
            .file
            .document()
            .pointer("/bridge/token")
            .map(|material| material_bytes(material, &self.file.materials()))
            .transpose()?
            .flatten()
            .context("the policy's bridge token is not readable here")?;
        let client = BridgeClient::new(socket, &token)?;
        client.public(kid).await
    }

    fn key(&self, id: &str) -> Result<&'a Value> {
        self.file
            .document()
            .get("keys")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .find(|key| key.get("id").and_then(Value::as_str) == Some(id))
            .with_context(|| format!("the policy names a key {id} that is not among its keys"))
    }

    fn secret(&self, key: &Value) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let Some(material) = key.get("material") else {
            return Ok(None);
        };
        material_bytes(material, &self.file.materials())
    }
}

/// The secret of an `inline`, `env` or `file` material; `None` for the other kinds.
fn material_bytes(
    material: &Value,
    source: &dyn MaterialSource,
) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let member = |name: &str| material.get(name).and_then(Value::as_str);
    let text = if let Some(inline) = member("inline") {
        Zeroizing::new(inline.as_bytes().to_vec())
    } else if let Some(name) = member("env") {
        source
            .env(name)
            .with_context(|| format!("environment variable {name} is not set"))?
    } else if let Some(path) = member("file") {
        source
            .file(path)
            .with_context(|| format!("cannot read {path}"))?
    } else {
        return Ok(None);
    };
    let decoded = match member("encoding") {
        Some("text") => Zeroizing::new(text.trim_ascii().to_vec()),
        Some(encoding @ ("base64" | "whsec")) => {
            let text = std::str::from_utf8(text.trim_ascii()).context("the key is not text")?;
            let text = match encoding {
                "whsec" => text
                    .strip_prefix("whsec_")
                    .context("the key has no whsec_")?,
                _ => text,
            };
            Base64::decode_vec(text)
                .map(Zeroizing::new)
                .map_err(|_| anyhow::anyhow!("the key is not base64"))?
        }
        Some("base64url") => {
            let text = std::str::from_utf8(text.trim_ascii()).context("the key is not text")?;
            Base64UrlUnpadded::decode_vec(text)
                .map(Zeroizing::new)
                .map_err(|_| anyhow::anyhow!("the key is not base64url"))?
        }
        Some("sha256-of-text") => Zeroizing::new(Sha256::digest(text.trim_ascii()).to_vec()),
        _ => keys::hex(&text)?,
    };
    Ok(Some(decoded))
}

fn ids<'v>(stage: &'v Value, member: &str) -> Vec<&'v str> {
    stage
        .get(member)
        .and_then(Value::as_array)
        .map(|ids| ids.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default()
}
