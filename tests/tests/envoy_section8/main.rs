//! What real Envoy does around a request and the plugin must survive. The rest of this list is where its
//! trap is: non-UTF-8 headers, duplicate signature headers, HTTP/2 trailers, grown and shrunk bodies,
//! unnormalized paths and own refusals in `host_traps*.rs`; failure policies and paused streams in
//! `host_traps.rs`; reloads in `reload.rs`; the capability list in `architecture.rs`.

mod bodies;
mod bridge;
mod key_sets;
mod routes;
mod tls;

use sealgate_tests::envoy::Envoy;
use sealgate_tests::keys::Keys;
use sealgate_tests::message::Response;
use sealgate_tests::site::{Site, body};

fn plugin() -> (Site, Keys, Envoy) {
    let site = Site::new();
    let keys = Keys::without_bridge();
    let envoy = site.plugin(&keys.policy()).start();
    (site, keys, envoy)
}

fn is_problem(response: &Response, status: u16, class: &str) {
    assert_eq!(response.status, status, "{}", body(response));
    assert_eq!(
        response.problem().as_deref(),
        Some(class),
        "{}",
        body(response)
    );
}
