//! The data socket: operations on keys, for the gate.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64ct::{Base64UrlUnpadded, Encoding};
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderName, VIA};
use hyper::{Method, Request, Response};
use sealgate_wire as wire;
use sealgate_wire::{KeyFailure, TOKEN_HEADER};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::body::read;
use super::budget::Budget;
use super::connection::Peer;
use super::headers::{REQUEST_ID, client, request_id, trace_parent};
use super::health::{live, ready};
use super::job::{Job, Named, Seen};
use super::{Body, Bridge, answer};
use crate::audit::Operation;
use crate::config::SocketConfig;
use crate::jwa;
use crate::keyring;
use crate::metrics::RequestLabels;
use crate::spans::Ended;
use crate::token::Order;

/// How long a client without failures left waits for its refusal.
const LIMITED_PAUSE: Duration = Duration::from_millis(10);
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
    at: String,
    // The token's hash: equal lengths to compare, and the token itself is not kept.
    token: [u8; 32],
    refuse_forwarded: bool,
    allow: HashMap<String, BTreeSet<String>>,
    replay: BTreeSet<String>,
    random: BTreeSet<String>,
    budget: Budget,
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
            at: socket.at.to_string(),
            token: Sha256::digest(token.as_bytes()).into(),
            refuse_forwarded: socket.refuse_forwarded,
            allow,
            replay: socket.replay.clone(),
            random: socket.random.clone(),
            budget: Budget::new(socket.fail_per_min),
        })
    }

    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let start = Instant::now();
        let id = request_id(request.headers());
        let mut seen = Seen {
            op: "other",
            alg: "none",
            kid: String::new(),
            ver: None,
            input: String::new(),
            spent: None,
        };
        let parent = trace_parent(request.headers());
        let mut line = self.caller(&request);
        let mut result = self.route(request, start, &mut seen).await;
        let code = match &result {
            Ok(_) => "ok",
            Err(failure) => failure.code(),
        };
        if !matches!(seen.op, "live" | "ready")
            && let Some(audit) = &self.bridge.audit
        {
            line.op = seen.op;
            line.alg = seen.alg;
            line.code = code;
            line.kid.clone_from(&seen.kid);
            line.ver = seen.ver;
            line.input = std::mem::take(&mut seen.input);
            line.micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
            if !audit.operation(&line) {
                // What nobody can look up later is not done: the result is dropped here.
                result = Err(KeyFailure::AuditDown);
            }
        }
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
        let total = start.elapsed();
        metrics.observe_total(seen.op, total);
        if let Some(spent) = seen.spent {
            metrics.observe_overhead(seen.op, total.saturating_sub(spent));
        }
        tracing::debug!(
            event = "request",
            op = seen.op,
            alg = seen.alg,
            code,
            trace_id = parent.as_ref().map(|parent| parent.trace_id.as_str()),
            total_us = u64::try_from(total.as_micros()).unwrap_or(u64::MAX),
            token_us = seen
                .spent
                .map(|spent| u64::try_from(spent.as_micros()).unwrap_or(u64::MAX))
        );
        if let (Some(spans), Some(parent)) = (&self.bridge.spans, parent) {
            spans.ended(Ended {
                parent,
                op: seen.op,
                alg: seen.alg,
                code,
                kid: seen.kid,
                total,
                token: seen.spent,
            });
        }
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
        if let Some(token) = wire::decode_random_path(path) {
            seen.op = "random";
            return self.random(&token, request, start).await;
        }
        if path == "/v1/jwks" {
            seen.op = "public";
            return if request.method() == Method::GET {
                Ok(self.jwks())
            } else {
                Err(KeyFailure::BadRequest)
            };
        }
        let (kid, action) = wire::decode_path(path).ok_or(KeyFailure::NoKey)?;
        let checks_mac = action == "mac/verify";
        seen.op = match action {
            "unwrap" => "unwrap",
            "mac" => "mac",
            "sign" => "sign",
            "verify" | "mac/verify" => "verify",
            "public" => "public",
            _ => return Err(KeyFailure::NoKey),
        };
        seen.kid.clone_from(&kid);
        // Unknown and not allowed are one answer.
        let named = Named::find(&self.bridge, &kid)
            .filter(|named| {
                let allowed = self.allow.get(&named.key.kid);
                allowed.is_some_and(|ops| ops.contains(seen.op))
            })
            .ok_or(KeyFailure::NoKey)?;
        let key = named.key;
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
            return public(&self.bridge, &named, &kid);
        }
        if key.not_after.is_some_and(|end| keyring::now() >= end) {
            return Err(KeyFailure::KeyState);
        }
        let client = client(request.headers());
        if !self.budget.allows(&client, start) {
            // Who is refused for failing too often must not crowd out the others meanwhile.
            tokio::time::sleep(LIMITED_PAUSE).await;
            return Err(KeyFailure::Limited);
        }
        let deadline = start + self.bridge.config.server.request_timeout;
        let body = read(request, deadline).await?;
        if self.bridge.audit.is_some() {
            let digest = Sha256::digest(&body);
            let shown = digest.get(..16).unwrap_or_default();
            seen.input = Base64UrlUnpadded::encode_string(shown);
        }
        let job = Job {
            bridge: &self.bridge,
            service,
            named,
            asked: &kid,
            deadline,
        };
        let result = match seen.op {
            "unwrap" => job.unwrap(&body, seen).await,
            "mac" => job.mac(&body, seen).await,
            "verify" if checks_mac => job.mac_verify(&body, seen).await,
            "verify" => job.verify(&body, seen).await,
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

    async fn random(
        &self,
        token: &str,
        request: Request<Incoming>,
        start: Instant,
    ) -> Result<Response<Body>, KeyFailure> {
        let service = self
            .bridge
            .services
            .get(token)
            .filter(|_| self.random.contains(token))
            .ok_or(KeyFailure::NoKey)?;
        if request.method() != Method::POST {
            return Err(KeyFailure::BadRequest);
        }
        let deadline = start + self.bridge.config.server.request_timeout;
        let bytes = wire::decode_random_request(&read(request, deadline).await?)?;
        let order = Order::Random { bytes };
        let done = service.submit("", order, true, deadline).await?;
        wire::encode_random_answer(done.bytes)
            .map(answer::secret)
            .map_err(|_| KeyFailure::Internal)
    }

    /// The public halves that this socket may see, each version under its own name.
    fn jwks(&self) -> Response<Body> {
        let mut keys = Vec::new();
        for key in &self.bridge.config.keys {
            let allowed = self.allow.get(&key.kid);
            if !allowed.is_some_and(|ops| ops.contains("public")) {
                continue;
            }
            let service = self.bridge.services.get(&key.token);
            for version in self.bridge.keyring.versions(&key.kid) {
                let ready = service.and_then(|service| service.key(&version.label));
                let kid = format!("{}#{}", key.kid, version.number);
                keys.extend(
                    ready
                        .filter(|_| version.state.shows())
                        .and_then(|ready| jwa::jwk(&ready.facts.kind, &kid, key.purpose)),
                );
            }
        }
        answer::json(serde_json::json!({ "keys": keys }).to_string())
    }

    /// Who asks, for the audit log.
    fn caller(&self, request: &Request<Incoming>) -> Operation {
        if self.bridge.audit.is_none() {
            return Operation::default();
        }
        let peer = request.extensions().get::<Peer>().cloned();
        let peer = peer.unwrap_or_default();
        let headers = request.headers();
        Operation {
            socket: self.at.clone(),
            uid: peer.uid,
            pid: peer.pid,
            peer: peer.name.as_deref().unwrap_or_default().to_owned(),
            client: client(headers),
            request: request_id(headers)
                .and_then(|id| id.to_str().map(str::to_owned).ok())
                .unwrap_or_default(),
            trace: trace_parent(headers)
                .map(|parent| parent.trace_id)
                .unwrap_or_default(),
            ..Operation::default()
        }
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

fn public(bridge: &Bridge, named: &Named<'_>, asked: &str) -> Result<Response<Body>, KeyFailure> {
    let version = named.shown(bridge).ok_or(KeyFailure::KeyState)?;
    let service = bridge.services.get(&named.key.token);
    let ready = service
        .and_then(|service| service.key(&version.label))
        .ok_or(KeyFailure::KeyState)?;
    let jwk = jwa::jwk(&ready.facts.kind, asked, named.key.purpose).ok_or(KeyFailure::NoKey)?;
    Ok(answer::json(jwk.to_string()))
}
