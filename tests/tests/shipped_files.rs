//! Every file of `envoy/` is loaded by real Envoy, as it is shipped.

use std::collections::BTreeSet;

use sealgate_tests::bridge::{Bridge, Token};
use sealgate_tests::draft::Draft;
use sealgate_tests::envoy::Setup;
use sealgate_tests::keys::{BRIDGE_TOKEN, GITHUB_SECRET, Keys, hex};
use sealgate_tests::makers::josekit::public;
use sealgate_tests::message::Request;
use sealgate_tests::required;
use sealgate_tests::site::Site;

/// The bootstraps of `envoy/` that this suite starts, and the file that one of them watches.
const LOADED: [&str; 4] = [
    "capabilities.yaml",
    "route-metadata.yaml",
    "sealgate.ecds.yaml",
    "sealgate.yaml",
];

#[test]
fn every_bootstrap_and_its_extension_file_is_loaded_by_a_test() {
    let folder = required::repository().join("envoy");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .expect("envoy/")
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.path().is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".yaml"))
        .collect();
    assert_eq!(
        files,
        LOADED.map(str::to_owned).into(),
        "load the new file in a test, then list it"
    );
}

#[test]
fn envoy_validates_the_bootstraps() {
    let site = Site::new();
    for name in ["sealgate.yaml", "route-metadata.yaml"] {
        let setup = Setup::shipped(name)
            .module(&required::plugin())
            .site(&site.certificates, site.upstream.address())
            .variable("GITHUB_SECRET", GITHUB_SECRET)
            .variable("PARTNER_A_MAC", &hex(&[7; 32]));
        if let Err(log) = setup.validate() {
            panic!("{name}:\n{log}");
        }
        let broken = setup.replace("prefix: /", "no_such_matcher: /");
        assert!(broken.validate().is_err(), "a broken {name} is valid");
    }
}

/// The policy stays the shipped `Struct`; only the identity provider's key is the test's.
#[test]
fn the_shipped_policy_opens_the_main_request() {
    let site = Site::new();
    let bridge = Bridge::start(Token::SoftHsm);
    let keys = Keys::make(bridge.lock());
    let envoy = Setup::shipped("sealgate.yaml")
        .module(&required::plugin())
        .site(&site.certificates, site.upstream.address())
        .bridge(&bridge.socket())
        .variable("SEALGATE_BRIDGE_TOKEN", BRIDGE_TOKEN)
        .variable("PARTNER_A_MAC", &hex(&keys.mac))
        .plugin(|plugin| {
            assert_eq!(
                plugin["configuration"]["@type"],
                "type.googleapis.com/google.protobuf.Struct"
            );
            let listed = plugin["configuration"]["value"]["keys"]
                .as_array_mut()
                .expect("keys");
            let idp = listed
                .iter_mut()
                .find(|key| key["id"] == "idp-2026")
                .expect("the key");
            idp["material"]["jwk"] = public(&keys.idp);
        })
        .start();
    let draft = Draft::payments(&keys);
    let received = site.passes(&envoy, &draft.make());
    assert_eq!(received.body, draft.plaintext);
    assert_eq!(received.value("x-sub").as_deref(), Some("alice"));
    assert_eq!(
        site.refused(&envoy, &Request::get("/payments/1")).status,
        403
    );
    site.passes(&envoy, &Request::get("/healthz"));
}

#[test]
fn the_capability_list_is_enough_for_every_stage() {
    let site = Site::new();
    let bridge = Bridge::start(Token::SoftHsm);
    let keys = Keys::make(bridge.lock());
    let envoy = Setup::shipped("sealgate.yaml")
        .module(&required::plugin())
        .policy(&keys.policy())
        .restricted()
        .site(&site.certificates, site.upstream.address())
        .bridge(&bridge.socket())
        .start();
    for draft in [Draft::payments, Draft::shared, Draft::raw, Draft::hook] {
        let draft = draft(&keys);
        let request = draft.make();
        assert_eq!(site.passes(&envoy, &request).body, draft.plaintext);
        if request.value("content-digest").is_some() {
            assert_eq!(site.refused(&envoy, &request).status, 409);
        }
        let mut forged = draft.make();
        forged.body.push(b'x');
        assert_eq!(site.refused(&envoy, &forged).status, 401);
    }
    assert_eq!(envoy.stat("sealgate_host_faults"), 0);
}
