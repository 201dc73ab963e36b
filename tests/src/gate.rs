//! The whole path in real Envoy: TLS 1.3 and mTLS, the plugin with the suites' policy, the real bridge
//! over a real token, and the recording upstream.

use std::time::Duration;

use crate::bridge::{Bridge, Token};
use crate::cases::{Client, Expect, Sent};
use crate::draft::Draft;
use crate::envoy::{Envoy, Setup};
use crate::keys::Keys;
use crate::message::{Request, Response};
use crate::required;
use crate::site::{Site, body};
use crate::upstream::Received;

/// A running gate.
#[derive(Debug)]
pub struct Gate {
    /// Certificates and upstream.
    pub site: Site,
    /// Keys of the senders.
    pub keys: Keys,
    /// The key service.
    pub bridge: Bridge,
    /// The proxy.
    pub envoy: Envoy,
}

impl Gate {
    /// Everything fresh, with this token.
    pub fn start(token: Token) -> Self {
        Self::start_with(token, |setup| setup)
    }

    /// As [`Gate::start`], with changes to the bootstrap.
    pub fn start_with(token: Token, change: impl FnOnce(Setup) -> Setup) -> Self {
        let site = Site::new();
        let bridge = Bridge::start(token);
        let keys = Keys::make(bridge.lock());
        let setup = Setup::shipped("sealgate.yaml")
            .module(&required::plugin())
            .policy(&keys.policy())
            .site(&site.certificates, site.upstream.address())
            .bridge(&bridge.socket());
        let envoy = change(setup).start();
        Self {
            site,
            keys,
            bridge,
            envoy,
        }
    }

    /// Sends a request that must pass, and gives what the upstream got.
    pub fn passes(&self, request: &Request) -> Received {
        self.site.passes(&self.envoy, request)
    }

    /// Sends a fresh good request through every stage; it must pass and arrive as the plaintext.
    pub fn still_works(&self) {
        let draft = Draft::payments(&self.keys);
        let received = self.passes(&draft.make());
        assert_eq!(received.body, draft.plaintext);
        assert_eq!(received.value("x-sub").as_deref(), Some("alice"));
    }

    /// Sends a case as its client, over its protocol.
    pub fn send(&self, sent: &Sent) -> Response {
        let certificates = &self.site.certificates;
        let identity = match sent.client {
            Client::PartnerA => &certificates.partner_a,
            Client::PartnerB => &certificates.partner_b,
        };
        let answer = if sent.h2 {
            self.envoy
                .connect_h2(certificates, identity)
                .exchange(&sent.request)
        } else {
            self.envoy
                .connect(certificates, identity)
                .exchange(&sent.request)
        };
        answer.expect("a response")
    }

    /// Runs one case: refused as expected, nothing at the upstream, and the gate still works.
    ///
    /// # Errors
    /// What was different.
    pub fn refuses(&self, sent: &Sent, expect: Expect) -> Result<(), String> {
        if let Some(before) = &sent.before {
            self.passes(before);
        }
        let bytes = self.site.upstream.bytes();
        let response = self.send(sent);
        std::thread::sleep(Duration::from_millis(20));
        let leaked = self.site.upstream.bytes() - bytes;
        if leaked > 0 {
            return Err(format!(
                "{leaked} bytes reached the upstream, answer {}",
                response.status
            ));
        }
        let (status, problem) = match expect {
            Expect::Problem(status, problem) => (status, Some(problem)),
            Expect::Envoy(status) | Expect::EnvoyOr(status, ..) => (status, None),
        };
        if response.status != status {
            return Err(format!(
                "{} instead of {status}: {}",
                response.status,
                body(&response)
            ));
        }
        if let Some(problem) = problem {
            check_problem(&response, problem)?;
        }
        self.still_works();
        Ok(())
    }
}

/// Checks the RFC 9457 answer: type, status and request id, and no member that could tell more.
///
/// # Errors
/// What is different.
pub fn check_problem(response: &Response, class: &str) -> Result<(), String> {
    let text = body(response);
    if response.problem().as_deref() != Some(class) {
        return Err(format!("not the problem {class}: {text}"));
    }
    let members = response.json();
    let members = members.as_object().expect("an object");
    let names: Vec<_> = members.keys().map(String::as_str).collect();
    if names != ["request_id", "status", "title", "type"] {
        return Err(format!("members {names:?}"));
    }
    if members["status"] != response.status {
        return Err(format!(
            "status {} in the body of a {}",
            members["status"], response.status
        ));
    }
    Ok(())
}
