//! Changes of keys, asked for on the admin socket: written to the audit log and to the journal
//! before they count, and in force when the answer is sent.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64ct::{Base64UrlUnpadded, Encoding};
use sealgate_wire::KeyFailure;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::Bridge;
use crate::audit::{Audit, Change, Checkpoint, signed_text};
use crate::config::KeyConfig;
use crate::keyring::{self, Refused, State, Version};
use crate::service::KeyPlan;
use crate::token::{NewKey, Order, Scheme, TokenFault};

/// Why a change was not made, in words for the operator.
pub(super) enum Undone {
    /// There is no such key or version.
    NoKey,
    /// The key is in another state than the change needs.
    State(String),
    /// The token or a file failed.
    Failed(String),
}

/// A version, for the operator.
#[derive(Serialize)]
pub(super) struct VersionLine {
    pub(super) ver: u32,
    pub(super) label: String,
    pub(super) state: &'static str,
    pub(super) fp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) due: Option<u64>,
    /// Orders the token carried out with it, since the bridge started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) uses: Option<u64>,
}

/// What a change may be told more.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct More {
    /// The fingerprint of the version to destroy, repeated.
    #[serde(default)]
    pub(super) fp: String,
}

/// Who asks.
pub(super) type Uid = Option<u32>;

impl From<Version> for VersionLine {
    fn from(version: Version) -> Self {
        Self {
            ver: version.number,
            label: version.label,
            state: version.state.name(),
            fp: version.fingerprint,
            since: version.since,
            due: version.due,
            uses: None,
        }
    }
}

impl Bridge {
    /// Makes a change; `kid` may name a version (`gw#2`). Blocks while the token works.
    pub(super) fn change(
        &self,
        what: &str,
        kid: &str,
        more: &More,
        uid: Uid,
    ) -> Result<VersionLine, Undone> {
        let _one_at_a_time = self.changing();
        match what {
            "rotate" | "prepare" => {
                let key = self.config.key(kid).ok_or(Undone::NoKey)?;
                let version = self.prepare(key, uid)?;
                if what == "prepare" {
                    return Ok(version.into());
                }
                self.put(key, version.number, "activate", State::Active, None, uid)
            }
            _ => {
                let (base, number) = keyring::split(kid)
                    .filter(|_| self.config.key(kid).is_none())
                    .ok_or(Undone::NoKey)?;
                let key = self.config.key(base).ok_or(Undone::NoKey)?;
                self.move_version(what, key, number, more, uid)
            }
        }
    }

    fn move_version(
        &self,
        what: &str,
        key: &KeyConfig,
        number: u32,
        more: &More,
        uid: Uid,
    ) -> Result<VersionLine, Undone> {
        let version = self
            .keyring
            .version(&key.kid, number)
            .ok_or(Undone::NoKey)?;
        match what {
            "activate" => self.put(key, number, "activate", State::Active, None, uid),
            "retire" => self.put(key, number, "retire", State::Retired, None, uid),
            "disable" => self.put(key, number, "disable", State::Disabled, None, uid),
            "cancel" if version.state != State::Scheduled => {
                Err(Undone::State("no destruction is scheduled".into()))
            }
            "cancel" => self.put(key, number, "cancel", State::Disabled, None, uid),
            "enable" => {
                let to = match self.keyring.current(&key.kid) {
                    Some(_) => State::Retired,
                    None => State::Active,
                };
                self.put(key, number, "enable", to, None, uid)
            }
            "destroy" if more.fp.is_empty() || more.fp != version.fingerprint => {
                Err(Undone::State(format!(
                    "destroying needs the fingerprint of the version, `fp`: {}",
                    version.fingerprint
                )))
            }
            "destroy" => {
                let after = self.config.lifecycle.destroy_after.as_secs();
                let due = keyring::now().saturating_add(after);
                self.put(key, number, "schedule", State::Scheduled, Some(due), uid)
            }
            _ => Err(Undone::NoKey),
        }
    }

    /// A new version in the token, not in use yet.
    fn prepare(&self, key: &KeyConfig, uid: Uid) -> Result<Version, Undone> {
        if !self.keyring.has_journal() {
            return Err(Undone::State("set `journal` in [lifecycle] first".into()));
        }
        let service = self.services.get(&key.token).ok_or(Undone::NoKey)?;
        let versions = self.keyring.versions(&key.kid);
        let newest = versions.last().ok_or(Undone::NoKey)?;
        let facts = service
            .key(&newest.label)
            .map(|ready| ready.facts.clone())
            .ok_or_else(|| Undone::State("the newest version is not in the token".into()))?;
        let gcm = key.plan.algorithms.iter().any(|alg| alg.is_gcm());
        let new = NewKey::like(&facts.kind, gcm)
            .ok_or_else(|| Undone::State("a key of this kind cannot be made".into()))?;
        let number = newest.number.saturating_add(1);
        let label = format!("{}#{number}", key.plan.label);
        self.note("prepare", &key.kid, number, State::PreActive, "", uid)?;
        let facts = match service.describe(&label) {
            // Left behind by a bridge that died between the token and its journal.
            Ok(facts) => facts,
            Err(_) => service.make(&label, new, key.purpose).map_err(failed)?,
        };
        service
            .adopt(KeyPlan {
                label: label.clone(),
                algorithms: key.plan.algorithms.clone(),
            })
            .map_err(failed)?;
        self.keyring
            .add(&key.kid, &label, &facts.fingerprint)
            .map_err(|error| Undone::Failed(error.to_string()))
    }

    fn put(
        &self,
        key: &KeyConfig,
        number: u32,
        change: &'static str,
        state: State,
        due: Option<u64>,
        uid: Uid,
    ) -> Result<VersionLine, Undone> {
        self.keyring
            .check(&key.kid, number, state)
            .map_err(refused)?;
        let version = self
            .keyring
            .version(&key.kid, number)
            .ok_or(Undone::NoKey)?;
        self.note(change, &key.kid, number, state, &version.fingerprint, uid)?;
        let changed = self
            .keyring
            .put(&key.kid, number, state, due)
            .map_err(refused)?;
        // After the state, so that nothing is put in again.
        self.cache.clear();
        tracing::info!(
            event = "key-changed",
            kid = key.kid,
            ver = number,
            state = state.name()
        );
        Ok(changed.into())
    }

    fn destroy_due(&self, due: Vec<(String, Version)>) {
        let _one_at_a_time = self.changing();
        for (kid, version) in due {
            let Some(key) = self.config.key(&kid) else {
                continue;
            };
            let done = self
                .note(
                    "destroy",
                    &kid,
                    version.number,
                    State::Destroyed,
                    &version.fingerprint,
                    None,
                )
                .and_then(|()| {
                    let service = self.services.get(&key.token).ok_or(Undone::NoKey)?;
                    service
                        .destroy(&version.label, &version.fingerprint)
                        .map_err(failed)?;
                    self.keyring
                        .put(&kid, version.number, State::Destroyed, None)
                        .map_err(refused)
                });
            match done {
                Ok(_) => tracing::warn!(event = "key-destroyed", kid, ver = version.number),
                Err(undone) => {
                    tracing::error!(event = "destroy-failed", kid, detail = undone.words());
                }
            }
        }
    }

    fn note(
        &self,
        change: &'static str,
        kid: &str,
        ver: u32,
        state: State,
        fp: &str,
        uid: Uid,
    ) -> Result<(), Undone> {
        let Some(audit) = &self.audit else {
            return Ok(());
        };
        let line = Change {
            change,
            kid,
            ver,
            state: state.name(),
            fp,
            uid,
        };
        audit
            .change(&line)
            .map_err(|error| Undone::Failed(format!("the audit log cannot be written: {error}")))
    }

    async fn checkpoint(&self, audit: &Audit) -> Result<(), String> {
        let Some(kid) = &audit.config().checkpoint_key else {
            return Ok(());
        };
        let Some(head) = audit.unsigned() else {
            return Ok(());
        };
        let key = self.config.key(kid).ok_or("the key is not configured")?;
        let version = self
            .keyring
            .version(kid, 1)
            .ok_or("the key has no version")?;
        let service = self.services.get(&key.token).ok_or("no such token")?;
        let text = signed_text(head.n, &head.hash);
        let order = Order::Sign {
            scheme: Scheme::Ecdsa,
            input: Sha256::digest(text.as_bytes()).to_vec(),
        };
        let deadline = Instant::now() + Duration::from_secs(2);
        let signed = service
            .submit(&version.label, order, true, deadline)
            .await
            .map_err(|failure: KeyFailure| failure.code().to_owned())?;
        let checkpoint = Checkpoint {
            covers: head.n,
            hash: Base64UrlUnpadded::encode_string(&head.hash),
            kid: kid.clone(),
            fp: signed.fingerprint,
            sig: Base64UrlUnpadded::encode_string(&signed.bytes),
        };
        audit
            .checkpoint(&checkpoint)
            .map_err(|error| error.to_string())
    }
}

/// Destroys what is due, and signs checkpoints, until `stop` turns true.
pub(super) async fn tend(bridge: Arc<Bridge>, mut stop: watch::Receiver<bool>) {
    let mut last = Instant::now();
    let mut tried = HashMap::new();
    loop {
        let stopping = tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => false,
            _ = stop.wait_for(|stop| *stop) => true,
        };
        bridge.cache.sweep();
        bridge.show_keys();
        if let Some(audit) = &bridge.audit {
            audit.show_lag();
            if stopping || last.elapsed() >= audit.config().checkpoint_every {
                last = Instant::now();
                if let Err(detail) = bridge.checkpoint(audit).await {
                    tracing::error!(event = "checkpoint-failed", detail);
                }
            }
        }
        if stopping {
            return;
        }
        bridge.rotate_when_due(&mut tried).await;
        let due = bridge.keyring.due(keyring::now());
        if !due.is_empty() {
            let bridge = Arc::clone(&bridge);
            let _ = tokio::task::spawn_blocking(move || bridge.destroy_due(due)).await;
        }
    }
}

impl Undone {
    pub(super) fn words(&self) -> String {
        match self {
            Self::NoKey => "there is no such key or version".to_owned(),
            Self::State(words) | Self::Failed(words) => words.clone(),
        }
    }
}

fn failed(fault: TokenFault) -> Undone {
    Undone::Failed(fault.detail)
}

fn refused(refused: Refused) -> Undone {
    match refused {
        Refused::NoVersion => Undone::NoKey,
        Refused::State { .. } => Undone::State(refused.to_string()),
        Refused::Journal(_) => Undone::Failed(refused.to_string()),
    }
}
