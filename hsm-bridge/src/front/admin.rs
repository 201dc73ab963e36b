//! The admin socket: metrics, the list of keys, and how things are.

use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderValue;
use hyper::{Method, Request, Response, StatusCode};
use sealgate_wire::KeyFailure;
use serde::Serialize;

use super::{Body, Bridge, answer, data};
use crate::config::KeyConfig;
use crate::jwa::Algorithm;
use crate::service::Health;

const METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

#[derive(Serialize)]
struct KeyLine<'a> {
    kid: &'a str,
    token: &'a str,
    label: &'a str,
    purpose: &'static str,
    state: &'static str,
    algs: Vec<&'static str>,
    off: Vec<&'static str>,
    unproven: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fp: Option<String>,
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
pub(super) fn answer(bridge: &Bridge, request: &Request<Incoming>) -> Response<Body> {
    if request.method() != Method::GET {
        return answer::failure(KeyFailure::BadRequest);
    }
    match request.uri().path() {
        "/metrics" => answer::typed(StatusCode::OK, METRICS, Bytes::from(bridge.metrics.text())),
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
        "/livez" => data::live(),
        "/readyz" => data::ready(bridge),
        _ => answer::failure(KeyFailure::NoKey),
    }
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
    let ready = bridge
        .services
        .get(&key.token)
        .and_then(|service| service.key(&key.plan.label));
    let (on, proven) = match &ready {
        Some(ready) => (ready.algorithms.as_slice(), ready.proven.as_slice()),
        None => (&[][..], &[][..]),
    };
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
        off: named(&|algorithm| !on.contains(algorithm)),
        unproven: named(&|algorithm| on.contains(algorithm) && !proven.contains(algorithm)),
        fp: ready.map(|ready| ready.facts.fingerprint),
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
