//! Routes: policy by metadata, the plugin disabled, upgrades.

use std::time::{Duration, Instant};

use sealgate_tests::draft::{Draft, Signature};
use sealgate_tests::envoy::{Envoy, Setup};
use sealgate_tests::keys::{GITHUB_SECRET, Keys, hex};
use sealgate_tests::message::Request;
use sealgate_tests::required;
use sealgate_tests::site::Site;

use super::is_problem;

/// The second bootstrap as shipped: policy by route metadata, an unknown name, a disabled route.
fn by_route_metadata() -> (Site, Envoy, Vec<u8>) {
    let site = Site::new();
    let mac = sealgate_tests::keys::random(32);
    let envoy = Setup::shipped("route-metadata.yaml")
        .module(&required::plugin())
        .site(&site.certificates, site.upstream.address())
        .variable("GITHUB_SECRET", GITHUB_SECRET)
        .variable("PARTNER_A_MAC", &hex(&mac))
        .start();
    (site, envoy, mac)
}

fn hook(secret: &str, target: &str) -> Request {
    let mut draft = Draft::hook(&Keys::without_bridge());
    draft.target = target.to_owned();
    draft.signature = Signature::Github(secret.as_bytes().to_vec());
    draft.make()
}

#[test]
fn route_metadata_chooses_the_policy() {
    let (site, envoy, mac) = by_route_metadata();
    site.passes(&envoy, &hook(GITHUB_SECRET, "/hooks/push"));
    is_problem(
        &site.refused(&envoy, &hook("wrong", "/hooks/push")),
        401,
        "unauthenticated",
    );
    // The hook's signature is worth nothing on the partner's route, and the other way round.
    is_problem(
        &site.refused(&envoy, &hook(GITHUB_SECRET, "/partner/1")),
        401,
        "unauthenticated",
    );
    let mut draft = Draft::hook(&Keys::without_bridge());
    draft.target = "/partner/1".into();
    let mut keys = Keys::without_bridge();
    keys.mac = mac;
    draft.signature = Draft::payments(&keys).signature;
    site.passes(&envoy, &draft.make());
    draft.target = "/hooks/1".into();
    is_problem(&site.refused(&envoy, &draft.make()), 401, "unauthenticated");
}

#[test]
fn an_unknown_policy_name_in_route_metadata_refuses() {
    let (site, envoy, _) = by_route_metadata();
    is_problem(
        &site.refused(&envoy, &hook(GITHUB_SECRET, "/misspelt")),
        403,
        "forbidden",
    );
    is_problem(
        &site.refused(&envoy, &hook(GITHUB_SECRET, "/rest")),
        403,
        "forbidden",
    );
    site.passes(&envoy, &Request::get("/healthz"));
}

#[test]
fn on_a_route_where_the_plugin_is_disabled_claim_headers_are_still_stripped() {
    let (site, envoy, _) = by_route_metadata();
    let request = Request::new("POST", "/public/x", "anything")
        .header("x-sub", "mallory")
        .header("X-Scope", "all")
        .header("x-sub", "mallory-again");
    let received = site.passes(&envoy, &request);
    assert!(received.value("x-sub").is_none() && received.value("x-scope").is_none());
    assert_eq!(received.body, b"anything");
    let variant = Request::new("POST", "/public/x", "anything").header("x_sub", "mallory");
    assert_eq!(site.refused(&envoy, &variant).status, 400);
}

#[test]
fn a_websocket_is_refused_at_once_even_where_envoy_would_upgrade() {
    let site = Site::new();
    let keys = Keys::without_bridge();
    let envoy = site
        .plugin(&keys.policy())
        .replace(
            "                normalize_path: true",
            "                upgrade_configs: [{ upgrade_type: websocket }]\n                normalize_path: true",
        )
        .start();
    let start = Instant::now();
    let request = Request::get("/raw/ws")
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    is_problem(&site.refused(&envoy, &request), 400, "malformed");
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
}
