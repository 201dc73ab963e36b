//! The embedded gateway.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sealgate_host_shim::gateway::{ClientCerts, ClusterAddr, FileConfig, Gateway, TlsConfig};
use sealgate_tests::keys::Keys;
use sealgate_tests::required;
use sealgate_tests::site::Site;
use tempfile::TempDir;

use super::{
    MODULE_LIMIT, PATIENCE, alone, effective, faulty, load, nothing_failed, other_module, status,
    with_route, within_the_limit,
};

/// The embedded gateway with policy and module in files.
struct OnGateway {
    site: Site,
    keys: Keys,
    folder: TempDir,
    gateway: Gateway,
}

impl OnGateway {
    fn start() -> Self {
        let site = Site::new();
        let keys = Keys::without_bridge();
        let folder = tempfile::tempdir().unwrap();
        let (policy, module) = (
            folder.path().join("policy.json"),
            folder.path().join("plugin.wasm"),
        );
        std::fs::write(&policy, keys.policy().to_string()).unwrap();
        std::fs::copy(required::plugin(), &module).unwrap();
        let certificates = site.certificates.folder();
        let tls = TlsConfig::from_pem_files(
            certificates.join("gateway.pem"),
            certificates.join("gateway.key"),
        )
        .and_then(|tls| {
            tls.client_certs(ClientCerts::Required {
                ca: certificates.join("clients-ca.pem"),
            })
        })
        .unwrap();
        let gateway = Gateway::builder()
            .listen("127.0.0.1:0".parse().unwrap())
            .tls(tls)
            .upstream(format!("http://{}", site.upstream.address()))
            .cluster("hsm-bridge", ClusterAddr::unix(site.socket()))
            .module(module)
            .config_source(Arc::new(FileConfig::new(policy)))
            .workers(2)
            .start()
            .unwrap_or_else(|error| panic!("{error:?}"));
        Self {
            site,
            keys,
            folder,
            gateway,
        }
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> Instant {
        let next = self.folder.path().join("next");
        std::fs::write(&next, bytes).unwrap();
        std::fs::rename(&next, self.folder.path().join(name)).unwrap();
        Instant::now()
    }

    fn status(&self, path: &str) -> u16 {
        status(self.gateway.address(), &self.site.certificates, path)
    }

    fn wait_for_failures(&self, count: u64) {
        let until = Instant::now() + Duration::from_secs(5);
        while self.gateway.reloads().failed < count {
            assert!(
                Instant::now() < until,
                "not reported: {:?}",
                self.gateway.reloads()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn the_gateway_takes_policy_and_module_and_loses_no_request() {
    let _alone = alone();
    let on = OnGateway::start();
    let load = load(on.gateway.address(), &on.site.certificates, &on.keys);
    within_the_limit(MODULE_LIMIT, |attempt| {
        let path = format!("/fresh{attempt}");
        let policy = with_route(&on.keys.policy(), &path).to_string();
        let since = on.replace("policy.json", policy.as_bytes());
        let taken = effective(on.gateway.address(), &on.site.certificates, &path, since);
        load.wait_for_more(20);
        taken
    });
    within_the_limit(MODULE_LIMIT, |attempt| {
        let module = other_module(on.folder.path(), &format!("module{attempt}"));
        let module = std::fs::read(module).unwrap();
        let reloads = on.gateway.reloads().ok;
        let since = on.replace("plugin.wasm", &module);
        while on.gateway.reloads().ok == reloads {
            assert!(since.elapsed() < PATIENCE, "the module is not taken");
            std::thread::sleep(Duration::from_millis(20));
        }
        let taken = since.elapsed();
        load.wait_for_more(20);
        taken
    });
    nothing_failed(load);
}

#[test]
fn what_is_broken_changes_nothing_in_the_gateway_and_is_reported() {
    let _alone = alone();
    let on = OnGateway::start();
    let load = load(on.gateway.address(), &on.site.certificates, &on.keys);
    let good = on.keys.policy();
    let faulty = with_route(&faulty(&good), "/fresh").to_string();
    let broken: [(&str, &[u8]); 4] = [
        ("policy.json", faulty.as_bytes()),
        ("policy.json", b"{\"version\": 1,"),
        ("plugin.wasm", b"\0asm\x01\0\0\0garbage"),
        ("plugin.wasm", b""),
    ];
    for (name, bytes) in broken {
        let failed = on.gateway.reloads().failed;
        on.replace(name, bytes);
        on.wait_for_failures(failed + 1);
        assert_eq!(
            (on.status("/healthz"), on.status("/fresh")),
            (200, 403),
            "{name}"
        );
        load.wait_for_more(10);
        on.replace("policy.json", good.to_string().as_bytes());
        on.replace("plugin.wasm", &std::fs::read(required::plugin()).unwrap());
        std::thread::sleep(Duration::from_millis(600));
    }
    nothing_failed(load);
}
