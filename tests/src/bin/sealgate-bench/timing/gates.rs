//! Where the messages are refused: the engine in this process, and the module under wasmtime.

use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};
use sealgate_engine::{Channel, Effect, Event, HeaderLine, NoMaterials, RequestHead};
use sealgate_host_shim::clock::FakeClock;
use sealgate_host_shim::host::{Host, Request};
use sealgate_tests::required;

use super::messages::Messages;

const NOW: i64 = 1_800_000_000;

/// A gate that refuses everything it is shown here.
pub(super) trait Gate {
    /// Time from the request to its refusal.
    ///
    /// # Errors
    /// The message was not refused with 401.
    fn refuse(&mut self, message: &str) -> anyhow::Result<Duration>;
}

/// The engine in this process: the least noise there is.
pub(super) struct Native {
    gate: sealgate_engine::Gate,
    is_token: bool,
}

impl Native {
    pub(super) fn new(messages: &Messages) -> anyhow::Result<Self> {
        let policy = messages.policy.to_string();
        let gate = sealgate_engine::Gate::compile(policy.as_bytes(), &NoMaterials)
            .map_err(|faults| anyhow!("the policy does not compile: {faults:?}"))?;
        Ok(Self {
            gate,
            is_token: messages.place.is_token(),
        })
    }

    fn head(&self, message: &str) -> RequestHead {
        let mut headers: Vec<HeaderLine> = [
            (":method", "POST"),
            (":path", "/pay"),
            (":scheme", "https"),
            (":authority", "api.bank.test"),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .to_vec();
        match self.is_token {
            true => headers.push((
                b"authorization".to_vec(),
                format!("Bearer {message}").into_bytes(),
            )),
            false => {
                headers.push((b"content-type".to_vec(), b"application/jose".to_vec()));
                headers.push((
                    b"content-length".to_vec(),
                    message.len().to_string().into_bytes(),
                ));
            }
        }
        RequestHead {
            headers,
            end_of_stream: self.is_token,
            ..RequestHead::default()
        }
    }
}

impl Gate for Native {
    fn refuse(&mut self, message: &str) -> anyhow::Result<Duration> {
        let head = self.head(message);
        let body = message.as_bytes().to_vec();
        let began = Instant::now();
        let mut exchange = self.gate.begin(head, Channel::default());
        let mut effect = exchange.handle(Event::Head, NOW);
        if matches!(effect, Effect::NeedBody) {
            effect = exchange.handle(Event::Body(body), NOW);
        }
        let taken = began.elapsed();
        match effect {
            Effect::Refuse(refusal) if refusal.status() == 401 => Ok(taken),
            _ => bail!("a broken message was not refused with 401"),
        }
    }
}

/// The module as the embedded gateway runs it.
pub(super) struct Module {
    host: Host,
    is_token: bool,
}

impl Module {
    pub(super) fn new(messages: &Messages) -> anyhow::Result<Self> {
        let wasm = std::fs::read(required::plugin())?;
        let host = Host::builder(&wasm)
            .plugin_config(messages.policy.to_string())
            .stop_iteration(true)
            .clock(FakeClock::at_unix_seconds(NOW.unsigned_abs()))
            .build()
            .map_err(|error| anyhow!("the module does not start: {error:?}"))?;
        Ok(Self {
            host,
            is_token: messages.place.is_token(),
        })
    }
}

impl Gate for Module {
    fn refuse(&mut self, message: &str) -> anyhow::Result<Duration> {
        let request = Request::post("https://api.bank.test/pay");
        let request = match self.is_token {
            true => request.header("authorization", format!("Bearer {message}")),
            false => request
                .header("content-type", "application/jose")
                .header("content-length", message.len().to_string())
                .body(message.as_bytes()),
        };
        let run = self.host.request(request);
        let began = Instant::now();
        let outcome = run.run();
        let taken = began.elapsed();
        match outcome.response() {
            Some(reply) if reply.status() == 401 => Ok(taken),
            _ => bail!("a broken message was not refused with 401"),
        }
    }
}
