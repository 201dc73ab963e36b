//! Policy and module replaced on disk under load: effective within two seconds, no request lost; what is
//! broken changes nothing and is reported. Real Envoy, the embedded gateway, and the `sealgate` command.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sealgate_host_shim::gateway::{ClientCerts, ClusterAddr, FileConfig, Gateway, TlsConfig};
use sealgate_tests::certificates::Certificates;
use sealgate_tests::draft::Draft;
use sealgate_tests::envoy::Envoy;
use sealgate_tests::h1::Connection;
use sealgate_tests::keys::Keys;
use sealgate_tests::load::Load;
use sealgate_tests::message::Request;
use sealgate_tests::process::Process;
use sealgate_tests::required;
use sealgate_tests::site::Site;
use sealgate_tests::tls::Offer;
use serde_json::{Value, json};
use tempfile::TempDir;

/// One reload at a time: what is measured is a reload on a machine that serves, not a crowd of tests.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

const LIMIT: Duration = Duration::from_secs(2);

/// The policy with one more open route, by which a reload shows.
fn with_route(policy: &Value, path: &str) -> Value {
    let mut policy = policy.clone();
    let routes = policy["routes"].as_array_mut().unwrap();
    routes.push(json!({ "match": { "path": path }, "open": true }));
    policy
}

/// A policy with two faults.
fn faulty(policy: &Value) -> Value {
    let mut policy = policy.clone();
    policy["policies"]["shared"]["channel"]["min_tls"] = json!("0.9");
    policy["policies"]["raw"]["payload"]["keys"] = json!(["nobody"]);
    policy
}

/// The module with one more custom section: other bytes, same behaviour.
fn other_module(folder: &Path, name: &str) -> std::path::PathBuf {
    let mut bytes = std::fs::read(required::plugin()).unwrap();
    let content = [&[u8::try_from(name.len()).unwrap()][..], name.as_bytes()].concat();
    bytes.extend_from_slice(&[0, u8::try_from(content.len()).unwrap()]);
    bytes.extend_from_slice(&content);
    let path = folder.join(format!("{name}.wasm"));
    std::fs::write(&path, bytes).unwrap();
    path
}

fn load(address: SocketAddr, certificates: &Arc<Certificates>, keys: &Keys) -> Load {
    let keys = Keys {
        mac: keys.mac.clone(),
        idp: keys.idp.clone(),
        dir: keys.dir.clone(),
        raw: keys.raw.clone(),
        gate: keys.gate.clone(),
    };
    Load::start(2, address, certificates, move || Draft::raw(&keys).make())
}

fn status(address: SocketAddr, certificates: &Certificates, path: &str) -> u16 {
    Connection::open(address, certificates, &Offer::of(&certificates.partner_a))
        .and_then(|mut connection| connection.exchange(&Request::get(path)))
        .map_or(0, |response| response.status)
}

/// Waits until `path` is served; fails after the limit.
fn effective(
    address: SocketAddr,
    certificates: &Certificates,
    path: &str,
    since: Instant,
) -> Duration {
    while status(address, certificates, path) != 200 {
        assert!(
            since.elapsed() < LIMIT,
            "{path} is not served after {:?}",
            since.elapsed()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    since.elapsed()
}

fn nothing_failed(load: Load) {
    let (sent, failed) = load.stop();
    assert!(
        failed.is_empty(),
        "{} of {sent} failed: {:?}",
        failed.len(),
        &failed[..failed.len().min(5)]
    );
}

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
    for path in ["/fresh", "/fresher"] {
        let policy = with_route(&on.keys.policy(), path).to_string();
        let since = Instant::now();
        on.envoy
            .update(|plugin| plugin["configuration"]["value"] = json!(policy));
        println!("policy effective after {:?}", on.effective(path, since));
        load.wait_for_more(20);
    }
    assert_eq!(
        status(on.envoy.address(), &on.site.certificates, "/fresh"),
        403,
        "the old one is gone"
    );
    nothing_failed(load);
}

#[test]
fn envoy_takes_a_new_module_within_two_seconds_and_loses_no_request() {
    let _alone = alone();
    let mut on = OnEnvoy::start();
    let folder = tempfile::tempdir().unwrap();
    let load = on.load();
    for name in ["one", "two"] {
        let module = other_module(folder.path(), name);
        let policy = with_route(&on.keys.policy(), &format!("/{name}")).to_string();
        let since = Instant::now();
        on.envoy.update(|plugin| {
            plugin["vm_config"]["code"]["local"]["filename"] = json!(module);
            plugin["configuration"]["value"] = json!(policy);
        });
        println!(
            "module effective after {:?}",
            on.effective(&format!("/{name}"), since)
        );
        load.wait_for_more(20);
    }
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
fn the_gateway_takes_policy_and_module_within_two_seconds_and_loses_no_request() {
    let _alone = alone();
    let on = OnGateway::start();
    let load = load(on.gateway.address(), &on.site.certificates, &on.keys);
    let since = on.replace(
        "policy.json",
        with_route(&on.keys.policy(), "/fresh")
            .to_string()
            .as_bytes(),
    );
    effective(on.gateway.address(), &on.site.certificates, "/fresh", since);
    load.wait_for_more(20);
    let module = std::fs::read(other_module(on.folder.path(), "one")).unwrap();
    let reloads = on.gateway.reloads().ok;
    let since = on.replace("plugin.wasm", &module);
    while on.gateway.reloads().ok == reloads {
        assert!(since.elapsed() < LIMIT, "the module is not taken");
        std::thread::sleep(Duration::from_millis(20));
    }
    load.wait_for_more(20);
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

#[test]
fn sealgate_run_takes_a_new_policy_file_and_keeps_the_old_one_when_it_is_broken() {
    let _alone = alone();
    let site = Site::new();
    let keys = Keys::without_bridge();
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.yaml");
    std::fs::write(&policy, keys.policy().to_string()).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let certificates = site.certificates.folder();
    let text = |path: std::path::PathBuf| path.to_str().unwrap().to_owned();
    let arguments = [
        "run".to_owned(),
        "--policy".to_owned(),
        text(policy.clone()),
        "--upstream".to_owned(),
        format!("http://{}", site.upstream.address()),
        "--listen".to_owned(),
        address.to_string(),
        "--cert".to_owned(),
        text(certificates.join("gateway.pem")),
        "--key".to_owned(),
        text(certificates.join("gateway.key")),
        "--client-ca".to_owned(),
        text(certificates.join("clients-ca.pem")),
        "--cluster".to_owned(),
        format!("hsm-bridge=unix:{}", text(site.socket().to_owned())),
        "--module".to_owned(),
        text(required::plugin()),
    ];
    let log = folder.path().join("log");
    let mut process = Process::start(&required::sealgate(), arguments, &[], &log);
    process.wait_for(Duration::from_secs(30), || TcpStream::connect(address).ok());
    let replace = |text: String| {
        std::fs::write(folder.path().join("next"), text).unwrap();
        std::fs::rename(folder.path().join("next"), &policy).unwrap();
        Instant::now()
    };
    let load = load(address, &site.certificates, &keys);
    let since = replace(with_route(&keys.policy(), "/fresh").to_string());
    effective(address, &site.certificates, "/fresh", since);
    replace(faulty(&keys.policy()).to_string());
    std::thread::sleep(LIMIT);
    assert_eq!(
        status(address, &site.certificates, "/fresh"),
        200,
        "the last good one serves"
    );
    assert!(
        process.log().contains("policies.raw.payload"),
        "the fault is reported:\n{}",
        process.log()
    );
    nothing_failed(load);
}
