//! One operation on one key: which of its versions does it, in which order they are tried, and
//! what is left of the answer when a version was disabled meanwhile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::Response;
use sealgate_wire as wire;
use sealgate_wire::KeyFailure;
use subtle::ConstantTimeEq as _;

use super::cache::Entry;
use super::flights::Boarding;
use super::{Body, Bridge, answer};
use crate::config::KeyConfig;
use crate::jwa::{self, Algorithm};
use crate::keyring::{self, Version};
use crate::service::{ReadyKey, Service};
use crate::token::{Order, Yield};

/// What a request was, for metrics and audit.
pub(super) struct Seen {
    pub(super) op: &'static str,
    pub(super) alg: &'static str,
    pub(super) kid: String,
    pub(super) ver: Option<u32>,
    pub(super) input: String,
    /// Time in the token, when it did something.
    pub(super) spent: Option<Duration>,
}

/// A key as a caller named it: `gw`, or one version of it, `gw#2`.
#[derive(Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) key: &'a KeyConfig,
    pub(super) version: Option<u32>,
}

impl<'a> Named<'a> {
    /// The key that a name means, the name itself first.
    pub(super) fn find(bridge: &'a Bridge, kid: &str) -> Option<Self> {
        if let Some(key) = bridge.config.key(kid) {
            return Some(Self { key, version: None });
        }
        let (kid, version) = keyring::split(kid)?;
        let key = bridge.config.key(kid)?;
        Some(Self {
            key,
            version: Some(version),
        })
    }

    /// The version whose public half is handed out.
    pub(super) fn shown(&self, bridge: &Bridge) -> Option<Version> {
        match self.version {
            None => bridge.keyring.current(&self.key.kid),
            Some(number) => bridge
                .keyring
                .version(&self.key.kid, number)
                .filter(|version| version.state.shows()),
        }
    }

    /// The versions that may open what was sealed, in the order they are tried.
    fn opening(&self, bridge: &Bridge) -> Vec<Version> {
        let mut versions = bridge.keyring.opening(&self.key.kid);
        versions.retain(|version| self.version.is_none_or(|number| number == version.number));
        versions
    }

    /// The version that makes something new.
    fn making(&self, bridge: &Bridge) -> Option<Version> {
        let current = bridge.keyring.current(&self.key.kid)?;
        (self.version.is_none_or(|number| number == current.number)).then_some(current)
    }
}

/// One operation.
pub(super) struct Job<'a> {
    pub(super) bridge: &'a Bridge,
    pub(super) service: &'a Service,
    pub(super) named: Named<'a>,
    /// The name as the caller wrote it: the answer repeats it.
    pub(super) asked: &'a str,
    pub(super) deadline: Instant,
}

impl Job<'_> {
    pub(super) async fn unwrap(
        &self,
        body: &[u8],
        seen: &mut Seen,
    ) -> Result<Response<Body>, KeyFailure> {
        let request = wire::decode_unwrap_request(body)?;
        let mut versions = self.named.opening(self.bridge);
        if request.alg == Algorithm::EcdhEs.name() {
            // Every key agrees on something with every point: only the name can tell which.
            versions.truncate(1);
        }
        let mut failure = KeyFailure::KeyState;
        for version in versions {
            match self.unwrap_with(&version, &request, seen).await {
                Ok(done) => return self.opened(&version, done, seen),
                // Sealed to another version, perhaps.
                Err(error @ KeyFailure::CryptoFailed) => failure = error,
                // A version that is of another size, or missing, hides no other.
                Err(error @ (KeyFailure::BadRequest | KeyFailure::KeyState)) => {
                    if failure != KeyFailure::CryptoFailed {
                        failure = error;
                    }
                }
                Err(other) => return Err(other),
            }
        }
        Err(failure)
    }

    pub(super) async fn mac(
        &self,
        body: &[u8],
        seen: &mut Seen,
    ) -> Result<Response<Body>, KeyFailure> {
        let (algorithm, order) = jwa::mac(wire::decode_mac_request(body)?)?;
        let (version, done) = self.make(algorithm, order, seen).await?;
        let answer = wire::MacAnswer {
            mac: done.bytes.to_vec(),
            ver: version.number,
            fp: done.fingerprint,
        };
        wire::encode_mac_answer(&answer)
            .map(answer::json)
            .map_err(|_| KeyFailure::Internal)
    }

    pub(super) async fn sign(
        &self,
        body: &[u8],
        seen: &mut Seen,
    ) -> Result<Response<Body>, KeyFailure> {
        let (algorithm, order) = jwa::sign(wire::decode_sign_request(body)?)?;
        let (version, done) = self.make(algorithm, order, seen).await?;
        let answer = wire::SignAnswer {
            sig: done.bytes.to_vec(),
            ver: version.number,
            fp: done.fingerprint,
        };
        wire::encode_sign_answer(&answer)
            .map(answer::json)
            .map_err(|_| KeyFailure::Internal)
    }

    /// Whether a version that may still verify made this MAC. The token computes it; the comparison
    /// takes the same time for every MAC.
    pub(super) async fn mac_verify(
        &self,
        body: &[u8],
        seen: &mut Seen,
    ) -> Result<Response<Body>, KeyFailure> {
        let (algorithm, order, given) = jwa::mac_verify(wire::decode_mac_verify_request(body)?)?;
        let right = |made: &[u8]| bool::from(made.ct_eq(&given));
        self.check(algorithm, &order, right, seen).await
    }

    /// Whether a version that may still verify made this signature.
    pub(super) async fn verify(
        &self,
        body: &[u8],
        seen: &mut Seen,
    ) -> Result<Response<Body>, KeyFailure> {
        let (algorithm, order) = jwa::verify(wire::decode_verify_request(body)?)?;
        self.check(algorithm, &order, |yielded| yielded == [1], seen)
            .await
    }

    async fn check(
        &self,
        algorithm: Algorithm,
        order: &Order,
        right: impl Fn(&[u8]) -> bool,
        seen: &mut Seen,
    ) -> Result<Response<Body>, KeyFailure> {
        let mut answer = Err(KeyFailure::KeyState);
        for version in self.named.opening(self.bridge) {
            let ready = self.ready(&version)?;
            let order = order.clone();
            let done = self.order(&version, &ready, algorithm, order, seen).await?;
            seen.ver = Some(version.number);
            if !self
                .bridge
                .keyring
                .still_opens(&self.named.key.kid, version.number)
            {
                continue;
            }
            let valid = right(&done.bytes);
            answer = Ok(wire::VerifyAnswer {
                valid,
                ver: version.number,
                fp: done.fingerprint,
            });
            if valid {
                break;
            }
        }
        wire::encode_verify_answer(&answer?)
            .map(answer::json)
            .map_err(|_| KeyFailure::Internal)
    }

    async fn unwrap_with(
        &self,
        version: &Version,
        request: &wire::UnwrapRequest,
        seen: &mut Seen,
    ) -> Result<(Entry, bool), KeyFailure> {
        let ready = self.ready(version)?;
        let ttl = self.named.key.cache_ttl;
        let epoch = self.service.epoch();
        let name = super::cache::name(&self.named.key.kid, version.number, epoch, request);
        if ttl.is_some() {
            let found = self.bridge.cache.find(&name);
            self.bridge.metrics.cache(found.is_some());
            if let Some(entry) = found {
                if let Some(algorithm) = Algorithm::from_name(&request.alg) {
                    seen.alg = algorithm.name();
                }
                return Ok((entry, true));
            }
        }
        // Whoever asks the same while this is under way waits for its answer.
        let flight = loop {
            let way = match self.bridge.flights.board(name) {
                Boarding::First(flight) => break flight,
                Boarding::Under(way) => way,
            };
            if let Some(answer) = way.wait(self.deadline).await {
                if let Some(algorithm) = Algorithm::from_name(&request.alg) {
                    seen.alg = algorithm.name();
                }
                self.bridge.metrics.shared_flights.inc();
                return answer.map(|entry| (entry, false));
            }
        };
        let result = self.unwrap_alone(version, &ready, request, seen).await;
        if let (Ok(entry), Some(ttl)) = (&result, ttl) {
            self.bridge.cache.keep(name, entry, ttl);
        }
        flight.land(&result);
        result.map(|entry| (entry, false))
    }

    async fn unwrap_alone(
        &self,
        version: &Version,
        ready: &ReadyKey,
        request: &wire::UnwrapRequest,
        seen: &mut Seen,
    ) -> Result<Entry, KeyFailure> {
        let (order, rest) = jwa::unwrap(request, &ready.facts.kind)?;
        let done = self
            .order(version, ready, rest.algorithm(), order, seen)
            .await?;
        Ok(Entry {
            cek: rest.finish(done.bytes)?,
            fingerprint: done.fingerprint,
        })
    }

    fn opened(
        &self,
        version: &Version,
        (entry, cached): (Entry, bool),
        seen: &mut Seen,
    ) -> Result<Response<Body>, KeyFailure> {
        seen.ver = Some(version.number);
        // Disabled while the token worked, or while this waited: then it is too late.
        if !self
            .bridge
            .keyring
            .still_opens(&self.named.key.kid, version.number)
        {
            return Err(KeyFailure::KeyState);
        }
        let answer = wire::UnwrapAnswer {
            cek: entry.cek,
            kid: self.asked.to_owned(),
            ver: version.number,
            fp: entry.fingerprint,
            cached,
        };
        wire::encode_unwrap_answer(&answer)
            .map(answer::secret)
            .map_err(|_| KeyFailure::Internal)
    }

    /// A MAC or a signature, by the current version.
    async fn make(
        &self,
        algorithm: Algorithm,
        order: Order,
        seen: &mut Seen,
    ) -> Result<(Version, Yield), KeyFailure> {
        let version = self.named.making(self.bridge).ok_or(KeyFailure::KeyState)?;
        let ready = self.ready(&version)?;
        let done = self.order(&version, &ready, algorithm, order, seen).await?;
        seen.ver = Some(version.number);
        // Retired while the token worked is in time; disabled is not.
        if !self
            .bridge
            .keyring
            .still_opens(&self.named.key.kid, version.number)
        {
            return Err(KeyFailure::KeyState);
        }
        Ok((version, done))
    }

    fn ready(&self, version: &Version) -> Result<Arc<ReadyKey>, KeyFailure> {
        self.service.key(&version.label).ok_or(KeyFailure::KeyState)
    }

    async fn order(
        &self,
        version: &Version,
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
        let done = self
            .service
            .submit(&version.label, order, proven, self.deadline)
            .await?;
        let before = seen.spent.unwrap_or_default();
        seen.spent = Some(before.saturating_add(done.spent));
        // A label that now names another key: what the operator knows of this version is not it.
        if !version.fingerprint.is_empty() && version.fingerprint != done.fingerprint {
            tracing::error!(
                event = "wrong-key",
                kid = self.named.key.kid,
                ver = version.number
            );
            return Err(KeyFailure::KeyState);
        }
        Ok(done)
    }
}
