//! One test site: certificates, a recording upstream, and an Envoy in front of it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use crate::certificates::Certificates;
use crate::envoy::{Envoy, Setup};
use crate::message::{Request, Response};
use crate::required;
use crate::upstream::{Received, Upstream};

/// What every end-to-end test has around its gateway.
#[derive(Debug)]
pub struct Site {
    /// Gateway and client certificates.
    pub certificates: Arc<Certificates>,
    /// The recorder behind the gateway.
    pub upstream: Upstream,
    /// A stand-in for the bridge's data socket; its answers are up to the test.
    pub stand_in: Upstream,
    socket: PathBuf,
    _folder: TempDir,
}

impl Site {
    /// Fresh certificates, an upstream, and a stand-in bridge that answers `200 {}`.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let socket = folder.path().join("bridge.sock");
        let stand_in = Upstream::start_unix(&socket);
        stand_in.answer_with(|_| crate::upstream::ok("application/json", b"{}"));
        Self {
            certificates: Arc::new(Certificates::make()),
            upstream: Upstream::start(),
            stand_in,
            socket,
            _folder: folder,
        }
    }

    /// The main bootstrap with a test guest in place of the plugin.
    pub fn guest(&self, name: &str) -> Setup {
        self.guest_before(name, self.upstream.address())
    }

    /// As [`Site::guest`], in front of another upstream.
    pub fn guest_before(&self, name: &str, upstream: SocketAddr) -> Setup {
        Setup::guest(name, "test")
            .site(&self.certificates, upstream)
            .bridge(&self.socket)
    }

    /// The main bootstrap with the plugin and this policy; the bridge is the stand-in.
    pub fn plugin(&self, policy: &serde_json::Value) -> Setup {
        self.plugin_before(policy, self.upstream.address())
    }

    /// As [`Site::plugin`], in front of another upstream.
    pub fn plugin_before(&self, policy: &serde_json::Value, upstream: SocketAddr) -> Setup {
        Setup::shipped("sealgate.yaml")
            .module(&required::plugin())
            .policy(policy)
            .site(&self.certificates, upstream)
            .bridge(&self.socket)
    }

    /// Where the stand-in bridge listens.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// One request as partner A on a connection of its own.
    pub fn send(&self, envoy: &Envoy, request: &Request) -> Response {
        envoy.send(&self.certificates, request)
    }

    /// One request as partner A over HTTP/2, on a connection of its own.
    pub fn send_h2(&self, envoy: &Envoy, request: &Request) -> Response {
        envoy
            .connect_h2(&self.certificates, &self.certificates.partner_a)
            .exchange(request)
            .expect("a response")
    }

    /// Sends a request that must pass with 200, and gives what the upstream got of it.
    pub fn passes(&self, envoy: &Envoy, request: &Request) -> Received {
        self.upstream.take();
        let response = self.send(envoy, request);
        assert_eq!(response.status, 200, "{}\n{}", body(&response), envoy.log());
        self.upstream.wait_for(1, Duration::from_secs(5)).remove(0)
    }

    /// Sends a request that must be refused, and proves that not one byte reached the upstream.
    pub fn refused(&self, envoy: &Envoy, request: &Request) -> Response {
        let before = self.upstream.bytes();
        let response = self.send(envoy, request);
        self.nothing_since(before);
        assert!(
            response.status >= 400,
            "{} {}",
            response.status,
            body(&response)
        );
        response
    }

    /// Fails when the upstream received anything since it had received `before` bytes.
    pub fn nothing_since(&self, before: u64) {
        std::thread::sleep(Duration::from_millis(30));
        let leaked = self.upstream.bytes() - before;
        assert_eq!(leaked, 0, "{leaked} bytes reached the upstream");
    }
}

impl Default for Site {
    fn default() -> Self {
        Self::new()
    }
}

/// The body as text, for messages.
pub fn body(response: &Response) -> String {
    String::from_utf8_lossy(&response.body).into_owned()
}
