//! What happens to keys by the clock: rotations that are due (`rotate_every_d`), and the days that are
//! left of a key (`not_after`).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Bridge;
use super::lifecycle::More;
use crate::keyring;
use crate::metrics::TokenLabel;

/// How long a rotation that failed is left alone.
const TRY_AGAIN: Duration = Duration::from_secs(60);

impl Bridge {
    /// Rotates every key whose current version is old enough. `tried` remembers failures.
    pub(super) async fn rotate_when_due(self: &Arc<Self>, tried: &mut HashMap<String, Instant>) {
        tried.retain(|_, at| at.elapsed() < TRY_AGAIN);
        for key in &self.config.keys {
            let Some(every) = key.rotate_every else {
                continue;
            };
            if tried.contains_key(&key.kid) || !self.is_old(&key.kid, every.as_secs()) {
                continue;
            }
            let (bridge, kid) = (Arc::clone(self), key.kid.clone());
            // Making a key takes some tokens seconds.
            let work = move || bridge.change("rotate", &kid, &More::default(), None);
            let failed = match tokio::task::spawn_blocking(work).await {
                Ok(Ok(version)) => {
                    tracing::info!(event = "key-rotated", kid = key.kid, ver = version.ver);
                    continue;
                }
                Ok(Err(undone)) => undone.words(),
                Err(_) => "the task ended before its time".to_owned(),
            };
            tracing::error!(event = "rotation-failed", kid = key.kid, detail = failed);
            tried.insert(key.kid.clone(), Instant::now());
        }
    }

    fn is_old(&self, kid: &str, seconds: u64) -> bool {
        let Some(version) = self.keyring.current(kid) else {
            return false;
        };
        match version.since {
            Some(since) => keyring::now() >= since.saturating_add(seconds),
            // Older than the journal: its time begins to run now.
            None => {
                if let Err(error) = self.keyring.begin(kid, version.number) {
                    tracing::error!(event = "rotation-failed", kid, detail = %error);
                }
                false
            }
        }
    }

    /// Shows, token by token, how long the key lasts that is over first.
    pub(super) fn show_days_left(&self) {
        let mut first: HashMap<&str, u64> = HashMap::new();
        for key in &self.config.keys {
            if let Some(end) = key.not_after {
                let soonest = first.entry(&key.token).or_insert(end);
                *soonest = end.min(*soonest);
            }
        }
        let now = keyring::now() as f64;
        for (token, end) in first {
            let token = token.to_owned();
            self.metrics
                .key_days_left
                .get_or_create_owned(&TokenLabel { token })
                .set((end as f64 - now) / 86_400.0);
        }
    }
}
