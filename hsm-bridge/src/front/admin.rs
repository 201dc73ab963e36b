//! The admin socket: metrics, the list of keys, and how things are.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use sealgate_wire::KeyFailure;
use serde::Serialize;

use super::connection::Peer;
use super::lifecycle::{More, Undone, VersionLine};
use super::{Body, Bridge, answer, body, health};
use crate::config::KeyConfig;
use crate::jwa::Algorithm;
use crate::service::Health;

const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
const PROMETHEUS: HeaderValue =
    HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

#[derive(Serialize)]
struct KeyLine<'a> {
    kid: &'a str,
    token: &'a str,
    label: &'a str,
    purpose: &'static str,
    state: &'static str,
    algs: Vec<&'static str>,
    off: Vec<OffLine>,
    unproven: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_after: Option<u64>,
    versions: Vec<VersionLine>,
}

/// An algorithm of the configuration that is refused.
#[derive(Serialize)]
struct OffLine {
    alg: &'static str,
    why: &'static str,
}

#[derive(Serialize)]
struct TokenLine<'a> {
    token: &'a str,
    health: &'static str,
}

#[derive(Serialize)]
struct Report<'a> {
    tokens: Vec<TokenLine<'a>>,
    keys: Vec<KeyLine<'a>>,
}

/// Answers a request of an operator.
pub(super) async fn answer(bridge: Arc<Bridge>, request: Request<Incoming>) -> Response<Body> {
    if request.method() == Method::POST {
        return change(bridge, request).await;
    }
    if request.method() != Method::GET {
        return answer::failure(KeyFailure::BadRequest);
    }
    let bridge = bridge.as_ref();
    match request.uri().path() {
        "/metrics" => metrics(bridge, &request),
        "/admin/v1/keys" => written(&keys(bridge)),
        "/admin/v1/doctor" => {
            let tokens = bridge
                .services()
                .map(|service| TokenLine {
                    token: service.name(),
                    health: word(service.health()),
                })
                .collect();
            written(&Report {
                tokens,
                keys: keys(bridge),
            })
        }
        "/livez" => health::live(),
        "/readyz" => health::ready(bridge),
        _ => answer::failure(KeyFailure::NoKey),
    }
}

/// OpenMetrics for who asks for it, as Prometheus does.
fn metrics(bridge: &Bridge, request: &Request<Incoming>) -> Response<Body> {
    let accept = request.headers().get(ACCEPT);
    let open = accept
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("application/openmetrics-text"));
    let (kind, text) = if open {
        (OPEN_METRICS, bridge.metrics.open_metrics())
    } else {
        (PROMETHEUS, bridge.metrics.prometheus())
    };
    answer::typed(StatusCode::OK, kind, Bytes::from(text))
}

/// `POST /admin/v1/keys/{kid}/{change}`, `POST /admin/v1/cache/purge`.
async fn change(bridge: Arc<Bridge>, request: Request<Incoming>) -> Response<Body> {
    let path = request.uri().path().to_owned();
    if path == "/admin/v1/cache/purge" {
        bridge.cache.clear();
        return answer::json(Bytes::from_static(b"{}"));
    }
    let named = path
        .strip_prefix("/admin")
        .and_then(sealgate_wire::decode_path)
        .map(|(kid, what)| (kid, what.to_owned()));
    let Some((kid, what)) = named else {
        return answer::failure(KeyFailure::NoKey);
    };
    let uid = request.extensions().get::<Peer>().and_then(|peer| peer.uid);
    let deadline = Instant::now() + Duration::from_secs(5);
    let body = match body::read(request, deadline).await {
        Ok(body) => body,
        Err(failure) => return answer::failure(failure),
    };
    let Ok(more) = serde_json::from_slice::<More>(&body) else {
        return answer::failure(KeyFailure::BadRequest);
    };
    // The token works for as long as it likes: making a key takes some of them seconds.
    let work = move || bridge.change(&what, &kid, &more, uid);
    let undone = match tokio::task::spawn_blocking(work).await {
        Ok(Ok(version)) => return written(&version),
        Ok(Err(undone)) => undone,
        Err(_) => return answer::failure(KeyFailure::Internal),
    };
    let (failure, words) = match &undone {
        Undone::NoKey => (KeyFailure::NoKey, undone.words()),
        Undone::State(words) => (KeyFailure::KeyState, words.clone()),
        Undone::Failed(words) => (KeyFailure::Internal, words.clone()),
    };
    // An operator gets the words that a caller never does.
    let mut response = written(&serde_json::json!({
        "code": failure.code(), "message": words,
    }));
    *response.status_mut() =
        StatusCode::from_u16(failure.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

fn keys(bridge: &Bridge) -> Vec<KeyLine<'_>> {
    bridge
        .config
        .keys
        .iter()
        .map(|key| line(bridge, key))
        .collect()
}

fn line<'a>(bridge: &'a Bridge, key: &'a KeyConfig) -> KeyLine<'a> {
    let service = bridge.services.get(&key.token);
    let uses = |label: &str| service.map_or(0, |service| service.uses(label));
    let versions = bridge.keyring.versions(&key.kid).into_iter();
    let versions = versions.map(|version| {
        let uses = uses(&version.label);
        VersionLine {
            uses: Some(uses),
            ..VersionLine::from(version)
        }
    });
    let current = bridge.keyring.current(&key.kid);
    let label = current.map_or_else(|| key.plan.label.clone(), |version| version.label);
    let ready = service.and_then(|service| service.key(&label));
    let (on, proven) = match &ready {
        Some(ready) => (ready.algorithms.as_slice(), ready.proven.as_slice()),
        None => (&[][..], &[][..]),
    };
    let off = ready.iter().flat_map(|ready| ready.off.iter());
    let off = off
        .map(|(algorithm, off)| OffLine {
            alg: algorithm.name(),
            why: off.code(),
        })
        .collect();
    let named = |wanted: &dyn Fn(&Algorithm) -> bool| -> Vec<&'static str> {
        let wanted = key
            .plan
            .algorithms
            .iter()
            .filter(|algorithm| wanted(algorithm));
        wanted.map(|algorithm| algorithm.name()).collect()
    };
    KeyLine {
        kid: &key.kid,
        token: &key.token,
        label: &key.plan.label,
        purpose: key.purpose.name(),
        state: if ready.is_some() { "ready" } else { "missing" },
        algs: named(&|algorithm| on.contains(algorithm)),
        off,
        unproven: named(&|algorithm| on.contains(algorithm) && !proven.contains(algorithm)),
        fp: ready.map(|ready| ready.facts.fingerprint.clone()),
        not_after: key.not_after,
        versions: versions.collect(),
    }
}

fn word(health: Health) -> &'static str {
    match health {
        Health::Active => "active",
        Health::Degraded => "degraded",
        Health::Unavailable => "unavailable",
    }
}

fn written(value: &impl Serialize) -> Response<Body> {
    match serde_json::to_vec(value) {
        Ok(body) => answer::json(body),
        Err(_) => answer::failure(KeyFailure::Internal),
    }
}
