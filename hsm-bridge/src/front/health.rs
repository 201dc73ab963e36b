//! Whether the process lives, and whether the tokens work.

use hyper::body::Bytes;
use hyper::{Response, StatusCode};

use super::{Body, Bridge, answer};
use crate::service::Health;

/// The answer of a process that runs.
pub(super) fn live() -> Response<Body> {
    answer::json(Bytes::from_static(br#"{"status":"live"}"#))
}

/// The worst of the tokens; unavailable is 503, so that a balancer looks elsewhere.
pub(super) fn ready(bridge: &Bridge) -> Response<Body> {
    let mut worst = Health::Active;
    for service in bridge.services() {
        worst = match (worst, service.health()) {
            (Health::Unavailable, _) | (_, Health::Unavailable) => Health::Unavailable,
            (Health::Degraded, _) | (_, Health::Degraded) => Health::Degraded,
            _ => Health::Active,
        };
    }
    // Keys still work without a replay store, so it never takes the bridge out of service.
    if worst == Health::Active && bridge.replay_stores().any(|store| !store.is_up()) {
        worst = Health::Degraded;
    }
    let (status, word) = match worst {
        Health::Active => (StatusCode::OK, "active"),
        Health::Degraded => (StatusCode::OK, "degraded"),
        Health::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    let mut response = answer::json(format!(r#"{{"status":"{word}"}}"#));
    *response.status_mut() = status;
    response
}
