//! The data socket: operations on keys, for the gate.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::sync::Arc;
use std::time::Instant;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, VIA};
use hyper::{Method, Request, Response, StatusCode};
use sealgate_wire as wire;
use sealgate_wire::{CLIENT_HEADER, KeyFailure, MAX_BODY_BYTES, TOKEN_HEADER};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::budget::Budget;
use super::{Body, Bridge, answer};
use crate::config::{KeyConfig, SocketConfig};
use crate::jwa::{self, Algorithm};
use crate::metrics::RequestLabels;
use crate::service::{Health, ReadyKey, Service};
use crate::token::{Order, Yield};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CLIENT: HeaderName = HeaderName::from_static(CLIENT_HEADER);
/// Longest request id that is echoed, in bytes.
const MAX_REQUEST_ID_BYTES: usize = 128;
/// Shortest header token, in bytes.
const MIN_TOKEN_BYTES: usize = 16;
/// Headers that a proxy adds to what comes from outside. Envoy's callouts carry none of them.
const FORWARDED: [HeaderName; 4] = [
    VIA,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-envoy-external-address"),
    HeaderName::from_static("forwarded"),
];

/// One data socket.
pub(super) struct DataSocket {
    bridge: Arc<Bridge>,
    // The token's hash: equal lengths to compare, and the token itself is not kept.
    token: [u8; 32],
    refuse_forwarded: bool,
    allow: HashMap<String, BTreeSet<String>>,
    replay: BTreeSet<String>,
    budget: Budget,
}

/// What a request was, for the metrics.
struct Seen {
    op: &'static str,
    alg: &'static str,
}

impl DataSocket {
    pub(super) fn new(bridge: Arc<Bridge>, socket: &SocketConfig) -> io::Result<Self> {
        let token = socket.token.read()?;
        if token.len() < MIN_TOKEN_BYTES {
            return Err(io::Error::other(
                "the header token is shorter than 16 bytes",
            ));
        }
        let mut allow: HashMap<String, BTreeSet<String>> = HashMap::new();
        for entry in &socket.allow {
            allow
                .entry(entry.kid.clone())
                .or_default()
                .extend(entry.ops.iter().cloned());
        }
        Ok(Self {
            bridge,
            token: Sha256::digest(token.as_bytes()).into(),
            refuse_forwarded: socket.refuse_forwarded,
            allow,
            replay: socket.replay.clone(),
            budget: Budget::new(socket.fail_per_min),
        })
    }

    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let start = Instant::now();
        let id = request_id(request.headers());
        let mut seen = Seen {
            op: "other",
            alg: "none",
        };
        let result = self.route(request, start, &mut seen).await;
        let code = match &result {
            Ok(_) => "ok",
            Err(failure) => failure.code(),
        };
        let metrics = &self.bridge.metrics;
        let labels = RequestLabels {
            op: seen.op,
            alg: seen.alg,
            code,
        };
        metrics.requests.get_or_create_owned(&labels).inc();
        metrics.observe_total(seen.op, start.elapsed());
        tracing::debug!(event = "request", op = seen.op, alg = seen.alg, code);
        let mut response = result.unwrap_or_else(answer::failure);
        if let Some(id) = id {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }

    async fn route(
        &self,
        request: Request<Incoming>,
        start: Instant,
        seen: &mut Seen,
    ) -> Result<Response<Body>, KeyFailure> {
        let path = request.uri().path();
        if request.method() == Method::GET && matches!(path, "/livez" | "/readyz") {
            seen.op = if path == "/livez" { "live" } else { "ready" };
            return Ok(if path == "/livez" {
                live()
            } else {
                ready(&self.bridge)
            });
        }
        self.authenticate(request.headers())?;
        if let Some(store) = wire::decode_replay_path(path) {
            seen.op = "replay";
            return self.replay(&store, request, start).await;
        }
        let (kid, action) = wire::decode_path(path).ok_or(KeyFailure::NoKey)?;
        seen.op = match action {
            "unwrap" => "unwrap",
            "mac" => "mac",
            "sign" => "sign",
            "public" => "public",
            _ => return Err(KeyFailure::NoKey),
        };
        // Unknown and not allowed are one answer.
        let allowed = self
            .allow
            .get(&kid)
            .is_some_and(|ops| ops.contains(seen.op));
        let key = self
            .bridge
            .config
            .key(&kid)
            .filter(|_| allowed)
            .ok_or(KeyFailure::NoKey)?;
        let service = self
            .bridge
            .services
            .get(&key.token)
            .ok_or(KeyFailure::Internal)?;
        let method = if seen.op == "public" {
            Method::GET
        } else {
            Method::POST
        };
        if request.method() != method {
            return Err(KeyFailure::BadRequest);
        }
        if seen.op == "public" {
            return public(service, key);
        }
        let client = client(request.headers());
        if !self.budget.allows(&client, start) {
            return Err(KeyFailure::Limited);
        }
        let deadline = start + self.bridge.config.server.request_timeout;
        let body = read(request, deadline).await?;
        let job = Job {
            service,
            key,
            deadline,
        };
        let result = match seen.op {
            "unwrap" => job.unwrap(&body, seen).await,
            "mac" => job.mac(&body, seen).await,
            _ => job.sign(&body, seen).await,
        };
        if matches!(result, Err(KeyFailure::CryptoFailed)) {
            self.bridge.metrics.crypto_failed.inc();
            self.budget.spend(&client, start);
        }
        result
    }

    async fn replay(
        &self,
        store: &str,
        request: Request<Incoming>,
        start: Instant,
    ) -> Result<Response<Body>, KeyFailure> {
        let store = self
            .bridge
            .replay
            .get(store)
            .filter(|store| self.replay.contains(store.name()))
            .ok_or(KeyFailure::NoKey)?;
        if request.method() != Method::POST {
            return Err(KeyFailure::BadRequest);
        }
        let deadline = start + self.bridge.config.server.request_timeout;
        let body = read(request, deadline).await?;
        let record = wire::decode_replay_request(&body)?;
        let fresh = store.record(&record, deadline).await?;
        Ok(answer::json(wire::encode_replay_answer(fresh)))
    }

    fn authenticate(&self, headers: &HeaderMap) -> Result<(), KeyFailure> {
        if self.refuse_forwarded
            && let Some(name) = FORWARDED.iter().find(|name| headers.contains_key(*name))
        {
            tracing::warn!(
                event = "request-refused",
                cause = "forwarded",
                header = name.as_str()
            );
            return Err(KeyFailure::BadToken);
        }
        let mut tokens = headers.get_all(TOKEN_HEADER).iter();
        let (Some(token), None) = (tokens.next(), tokens.next()) else {
            return Err(KeyFailure::BadToken);
        };
        let given: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        if bool::from(given.ct_eq(&self.token)) {
            Ok(())
        } else {
            Err(KeyFailure::BadToken)
        }
    }
}

/// One operation on one key.
struct Job<'a> {
    service: &'a Service,
    key: &'a KeyConfig,
    deadline: Instant,
}

impl Job<'_> {
    async fn unwrap(&self, body: &[u8], seen: &mut Seen) -> Result<Response<Body>, KeyFailure> {
        let request = wire::decode_unwrap_request(body)?;
        let ready = self.ready()?;
        let (order, rest) = jwa::unwrap(request, &ready.facts.kind)?;
        let done = self.order(&ready, rest.algorithm(), order, seen).await?;
        let answer = wire::UnwrapAnswer {
            cek: rest.finish(done.bytes)?,
            kid: self.key.kid.clone(),
            ver: KEY_VERSION,
            fp: done.fingerprint,
            cached: false,
        };
        wire::encode_unwrap_answer(&answer)
            .map(answer::secret)
            .map_err(|_| KeyFailure::Internal)
    }

    async fn mac(&self, body: &[u8], seen: &mut Seen) -> Result<Response<Body>, KeyFailure> {
        let (algorithm, order) = jwa::mac(wire::decode_mac_request(body)?)?;
        let done = self.order(&self.ready()?, algorithm, order, seen).await?;
        let answer = wire::MacAnswer {
            mac: done.bytes.to_vec(),
            ver: KEY_VERSION,
            fp: done.fingerprint,
        };
        wire::encode_mac_answer(&answer)
            .map(answer::json)
            .map_err(|_| KeyFailure::Internal)
    }

    async fn sign(&self, body: &[u8], seen: &mut Seen) -> Result<Response<Body>, KeyFailure> {
        let (algorithm, order) = jwa::sign(&wire::decode_sign_request(body)?)?;
        let done = self.order(&self.ready()?, algorithm, order, seen).await?;
        let answer = wire::SignAnswer {
            sig: done.bytes.to_vec(),
            ver: KEY_VERSION,
            fp: done.fingerprint,
        };
        wire::encode_sign_answer(&answer)
            .map(answer::json)
            .map_err(|_| KeyFailure::Internal)
    }

    fn ready(&self) -> Result<ReadyKey, KeyFailure> {
        self.service
            .key(&self.key.plan.label)
            .ok_or(KeyFailure::KeyState)
    }

    async fn order(
        &self,
        ready: &ReadyKey,
        algorithm: Algorithm,
        order: Order,
        seen: &mut Seen,
    ) -> Result<Yield, KeyFailure> {
        seen.alg = algorithm.name();
        if !ready.algorithms.contains(&algorithm) {
            return Err(KeyFailure::AlgUnsupported);
        }
        let proven = ready.proven.contains(&algorithm);
        self.service
            .submit(&self.key.plan.label, order, proven, self.deadline)
            .await
    }
}

/// Version of every key, until keys can be rotated.
const KEY_VERSION: u32 = 1;

fn public(service: &Service, key: &KeyConfig) -> Result<Response<Body>, KeyFailure> {
    let ready = service.key(&key.plan.label).ok_or(KeyFailure::KeyState)?;
    let jwk = jwa::jwk(&ready.facts.kind, &key.kid, key.purpose).ok_or(KeyFailure::NoKey)?;
    Ok(answer::json(jwk.to_string()))
}

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

async fn read(request: Request<Incoming>, deadline: Instant) -> Result<Bytes, KeyFailure> {
    let kind = request
        .headers()
        .get(CONTENT_TYPE)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    let essence = kind
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii();
    if !essence.eq_ignore_ascii_case(b"application/json") {
        return Err(KeyFailure::BadMedia);
    }
    let body = request.into_body();
    // A length that is told beforehand is refused before it is read.
    if body.size_hint().lower() > MAX_BODY_BYTES as u64 {
        return Err(KeyFailure::TooLarge);
    }
    let read = Limited::new(body, MAX_BODY_BYTES).collect();
    match tokio::time::timeout_at(deadline.into(), read).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(KeyFailure::TooLarge),
        // Cut short, or sent too slowly.
        Ok(Err(_)) | Err(_) => Err(KeyFailure::BadRequest),
    }
}

fn request_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let id = headers.get(REQUEST_ID)?;
    let fits = id.len() <= MAX_REQUEST_ID_BYTES && id.as_bytes().iter().all(u8::is_ascii_graphic);
    fits.then(|| id.clone())
}

fn client(headers: &HeaderMap) -> String {
    let tag = headers
        .get(CLIENT)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    String::from_utf8_lossy(tag.get(..64).unwrap_or(tag)).into_owned()
}
