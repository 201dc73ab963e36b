//! The plugin without any proxy: `sealgate-host-shim` drives the same `.wasm` in this process, with the
//! same case table and the same real bridge.

use std::path::Path;

use sealgate_host_shim::clock::FakeClock;
use sealgate_host_shim::host::{
    BuildError, Cluster, FailurePolicy, Host, HostBuilder, Outcome, Request,
};

use crate::cases::{Client, Expect, Sent};
use crate::certificates::{PARTNER_A, PARTNER_B};
use crate::draft::{Draft, now};
use crate::keys::Keys;
use crate::message::{self, Framing};
use crate::required;

/// A host with the plugin and the suites' policy; `change` may add to it.
pub fn host(keys: &Keys, socket: &Path, change: impl FnOnce(HostBuilder) -> HostBuilder) -> Host {
    try_host(keys, socket, change).unwrap_or_else(|error| panic!("{error:?}"))
}

/// As [`host`], for hosts that the module may refuse to serve in.
///
/// # Errors
/// The module did not load or refused its configuration.
pub fn try_host(
    keys: &Keys,
    socket: &Path,
    change: impl FnOnce(HostBuilder) -> HostBuilder,
) -> Result<Host, BuildError> {
    let wasm = std::fs::read(required::plugin()).expect("the plugin");
    let seconds = u64::try_from(now()).expect("a clock after 1970");
    let builder = Host::builder(&wasm)
        .plugin_config(keys.policy().to_string())
        .stop_iteration(true)
        .cluster("hsm-bridge", Cluster::unix(socket))
        .clock(FakeClock::at_unix_seconds(seconds))
        .failure_policy(FailurePolicy::FailReload { base_ms: 100 })
        .body_limit(1_114_112);
    change(builder).build()
}

/// What a real listener would tell the plugin of this request.
pub fn request(sent: &message::Request, client: Client, h2: bool) -> Request {
    let url = format!("https://{}/", sent.authority);
    let san = match client {
        Client::PartnerA => PARTNER_A,
        Client::PartnerB => PARTNER_B,
    };
    let mut request = Request::new(&sent.method, &url)
        .path(sent.target.as_bytes())
        .property("connection.tls_version", "TLSv1.3")
        .property("connection.mtls", true)
        .property("connection.uri_san_peer_certificate", san)
        .body(sent.body.clone());
    for (name, value) in &sent.headers {
        request = request.header(&name.to_ascii_lowercase(), value);
    }
    if h2 {
        request = request.h2();
    }
    if let Framing::Chunked(size) = sent.framing {
        request = request.chunks(size);
        if !h2 {
            request = request.chunked();
        }
    }
    if !sent.trailers.is_empty() {
        request = request.trailers(sent.trailers.clone());
    }
    request
}

/// Runs one case: refused as expected, nothing at the upstream, and the host still works.
///
/// # Errors
/// What was different.
pub fn refuses(host: &Host, keys: &Keys, sent: &Sent, expect: Expect) -> Result<(), String> {
    let (status, class) = match expect {
        Expect::Problem(status, class) | Expect::EnvoyOr(_, status, class) => (status, class),
        Expect::Envoy(_) => return Ok(()),
    };
    if let Some(before) = &sent.before {
        passes(host, &request(before, sent.client, sent.h2))?;
    }
    let outcome = host
        .request(request(&sent.request, sent.client, sent.h2))
        .run();
    if !outcome.is_clean_refusal() {
        return Err(format!("not a clean refusal: {outcome:?}"));
    }
    let reply = outcome.response().ok_or("no reply")?;
    if reply.status() != status {
        return Err(format!(
            "{} instead of {status}: {}",
            reply.status(),
            reply.text()
        ));
    }
    let problem: serde_json::Value =
        serde_json::from_str(&reply.text()).map_err(|error| error.to_string())?;
    if problem["type"] != format!("urn:sealgate:problem:{class}") {
        return Err(format!("not the problem {class}: {problem}"));
    }
    let draft = Draft::payments(keys);
    let body = passes(host, &request(&draft.make(), Client::PartnerA, false))?;
    if body == draft.plaintext {
        Ok(())
    } else {
        Err("the next good request changed".to_owned())
    }
}

/// Runs a request that must pass, and gives the body that the upstream got.
///
/// # Errors
/// What happened instead.
pub fn passes(host: &Host, request: &Request) -> Result<Vec<u8>, String> {
    match host.request(request.clone()).run() {
        Outcome::Forwarded { request, .. } => Ok(request.body),
        other => Err(format!(
            "a good request did not pass: {other:?}\n{:?}",
            host.logs()
        )),
    }
}
