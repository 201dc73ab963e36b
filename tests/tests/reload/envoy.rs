//! Real Envoy: ECDS from a file.

use std::time::{Duration, Instant};

use sealgate_tests::draft::Draft;
use sealgate_tests::envoy::Envoy;
use sealgate_tests::keys::Keys;
use sealgate_tests::load::Load;
use sealgate_tests::site::Site;
use serde_json::{Value, json};

use super::{
    LIMIT, MODULE_LIMIT, alone, effective, faulty, load, nothing_failed, other_module, status,
    with_route, within_the_limit,
};

/// A change of the `PluginConfig`.
type Edit<'a> = Box<dyn Fn(&mut Value) + 'a>;

struct OnEnvoy {
    site: Site,
    keys: Keys,
    envoy: Envoy,
}

impl OnEnvoy {
    fn start() -> Self {
        let site = Site::new();
        let keys = Keys::without_bridge();
        let envoy = site.plugin(&keys.policy()).start();
        Self { site, keys, envoy }
    }

    fn load(&self) -> Load {
        load(self.envoy.address(), &self.site.certificates, &self.keys)
    }

    fn effective(&self, path: &str, since: Instant) -> Duration {
        effective(self.envoy.address(), &self.site.certificates, path, since)
    }

    /// The old policy and module still serve, and nothing newer does.
    fn unchanged(&self) {
        let status = |path| status(self.envoy.address(), &self.site.certificates, path);
        assert_eq!((status("/healthz"), status("/fresh")), (200, 403));
        self.site
            .passes(&self.envoy, &Draft::raw(&self.keys).make());
    }
}

#[test]
fn envoy_takes_a_new_policy_within_two_seconds_and_loses_no_request() {
    let _alone = alone();
    let mut on = OnEnvoy::start();
    let load = on.load();
    let good = on.keys.policy();
    within_the_limit(LIMIT, |attempt| {
        let path = format!("/fresh{attempt}");
        let policy = with_route(&good, &path).to_string();
        let since = Instant::now();
        on.envoy
            .update(|plugin| plugin["configuration"]["value"] = json!(policy));
        let taken = on.effective(&path, since);
        load.wait_for_more(20);
        taken
    });
    let policy = with_route(&good, "/last").to_string();
    on.envoy
        .update(|plugin| plugin["configuration"]["value"] = json!(policy));
    on.effective("/last", Instant::now());
    assert_eq!(
        status(on.envoy.address(), &on.site.certificates, "/fresh0"),
        403,
        "the old one is gone"
    );
    nothing_failed(load);
}

#[test]
fn envoy_takes_a_new_module_and_loses_no_request() {
    let _alone = alone();
    let mut on = OnEnvoy::start();
    let folder = tempfile::tempdir().unwrap();
    let load = on.load();
    let good = on.keys.policy();
    within_the_limit(MODULE_LIMIT, |attempt| {
        let name = format!("module{attempt}");
        let module = other_module(folder.path(), &name);
        let policy = with_route(&good, &format!("/{name}")).to_string();
        let since = Instant::now();
        on.envoy.update(|plugin| {
            plugin["vm_config"]["code"]["local"]["filename"] = json!(module);
            plugin["configuration"]["value"] = json!(policy);
        });
        let taken = on.effective(&format!("/{name}"), since);
        load.wait_for_more(20);
        taken
    });
    nothing_failed(load);
}

#[test]
fn what_is_broken_changes_nothing_in_envoy_and_is_reported() {
    let _alone = alone();
    let mut on = OnEnvoy::start();
    let good = on.envoy.extension().clone();
    let reported = |on: &OnEnvoy| {
        on.envoy.stat("config_fail")
            + on.envoy.stat("update_rejected")
            + on.envoy.stat("update_failure")
    };
    let load = on.load();
    let policy = with_route(&faulty(&on.keys.policy()), "/fresh").to_string();
    let corrupt = tempfile::tempdir().unwrap();
    let corrupt = corrupt.path();
    std::fs::write(corrupt.join("corrupt.wasm"), b"\0asm\x01\0\0\0garbage").unwrap();
    let edits: [(&str, Edit<'_>); 4] = [
        (
            "a faulty policy",
            Box::new(move |plugin| plugin["configuration"]["value"] = json!(policy)),
        ),
        (
            "an empty policy",
            Box::new(|plugin| plugin["configuration"]["value"] = json!("")),
        ),
        (
            "a corrupt module",
            Box::new(|plugin| {
                plugin["vm_config"]["code"]["local"]["filename"] =
                    json!(corrupt.join("corrupt.wasm"));
            }),
        ),
        (
            "a missing module",
            Box::new(|plugin| {
                plugin["vm_config"]["code"]["local"]["filename"] =
                    json!(corrupt.join("nowhere.wasm"));
            }),
        ),
    ];
    for (what, edit) in edits {
        let before = reported(&on);
        on.envoy.replace_extension(good.to_string().as_bytes());
        on.envoy.reset_extension(good.clone());
        on.envoy.update(|plugin| edit(plugin));
        let until = Instant::now() + Duration::from_secs(5);
        while reported(&on) <= before {
            assert!(
                Instant::now() < until,
                "{what} is not reported: {:?}",
                on.envoy.stats("extension_config_discovery")
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        on.unchanged();
    }
    let log = on.envoy.log();
    for path in ["policies.shared.channel", "policies.raw.payload"] {
        assert!(
            log.contains("policy-fault") && log.contains(path),
            "no fault at {path} in the log"
        );
    }
    let before = reported(&on);
    let text = good.to_string();
    on.envoy
        .replace_extension(&text.as_bytes()[..text.len() / 2]);
    let until = Instant::now() + Duration::from_secs(5);
    while reported(&on) <= before {
        assert!(Instant::now() < until, "a truncated file is not reported");
        std::thread::sleep(Duration::from_millis(20));
    }
    on.unchanged();
    nothing_failed(load);
}

#[test]
fn a_copy_over_the_file_is_not_a_reload_in_envoy() {
    let _alone = alone();
    let on = OnEnvoy::start();
    let mut document = on.envoy.extension().clone();
    let policy = with_route(&on.keys.policy(), "/fresh").to_string();
    document["resources"][0]["typed_config"]["config"]["configuration"]["value"] = json!(policy);
    std::fs::write(on.envoy.extension_file(), document.to_string()).unwrap();
    std::thread::sleep(Duration::from_millis(700));
    on.unchanged();
    let since = Instant::now();
    on.envoy.replace_extension(document.to_string().as_bytes());
    on.effective("/fresh", since);
}

#[test]
fn the_replay_store_survives_a_reload_in_envoy() {
    let _alone = alone();
    let mut on = OnEnvoy::start();
    let request = Draft::raw(&on.keys).make();
    on.site.passes(&on.envoy, &request);
    let policy = with_route(&on.keys.policy(), "/fresh").to_string();
    on.envoy
        .update(|plugin| plugin["configuration"]["value"] = json!(policy));
    on.effective("/fresh", Instant::now());
    assert_eq!(on.site.refused(&on.envoy, &request).status, 409);
}
