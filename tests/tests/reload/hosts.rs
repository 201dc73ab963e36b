//! The two hosts as what is changed in them: a policy, a module.

use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use sealgate_tests::envoy::Envoy;
use sealgate_tests::keys::Keys;
use sealgate_tests::process::Process;
use sealgate_tests::scrape::Page;
use sealgate_tests::site::Site;
use sealgate_tests::{h1, required};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A gate whose policy and module are files.
pub(super) trait Host {
    fn address(&self) -> SocketAddr;
    fn process(&self) -> u32;
    fn page(&self) -> Page;
    /// Puts a policy in place.
    fn policy(&mut self, policy: &Value);
    /// Puts a module in place.
    fn module(&mut self, bytes: &[u8]);
    /// How many modules have come into use.
    fn modules_loaded(&self) -> u64;
    /// How many changes were refused.
    fn refused(&self) -> u64;
    /// Puts the last good policy and module back.
    fn restore(&mut self);
}

/// Real Envoy with ECDS from a file.
pub(super) struct InEnvoy {
    envoy: Envoy,
    folder: TempDir,
    modules: usize,
    good: Value,
}

impl InEnvoy {
    pub(super) fn start(site: &Site, keys: &Keys) -> Self {
        let envoy = site.plugin(&keys.policy()).start();
        Self {
            good: envoy.extension().clone(),
            envoy,
            folder: tempfile::tempdir().unwrap(),
            modules: 0,
        }
    }
}

impl Host for InEnvoy {
    fn address(&self) -> SocketAddr {
        self.envoy.address()
    }

    fn process(&self) -> u32 {
        self.envoy.id()
    }

    fn page(&self) -> Page {
        Page::of(&self.envoy)
    }

    fn policy(&mut self, policy: &Value) {
        self.good = self.envoy.extension().clone();
        let text = policy.to_string();
        self.envoy
            .update(|plugin| plugin["configuration"]["value"] = json!(text));
    }

    fn module(&mut self, bytes: &[u8]) {
        self.good = self.envoy.extension().clone();
        self.modules += 1;
        let path = self.folder.path().join(format!("{}.wasm", self.modules));
        std::fs::write(&path, bytes).unwrap();
        self.envoy
            .update(|plugin| plugin["vm_config"]["code"]["local"]["filename"] = json!(path));
    }

    fn modules_loaded(&self) -> u64 {
        self.envoy.stat("http_filter.sealgate.config_reload")
    }

    fn refused(&self) -> u64 {
        self.envoy.stat("http_filter.sealgate.config_fail")
    }

    fn restore(&mut self) {
        let good = self.good.clone();
        self.envoy.reset_extension(good.clone());
        self.envoy.replace_extension(good.to_string().as_bytes());
    }
}

/// The embedded gateway, as people start it.
pub(super) struct InSealgateRun {
    process: Process,
    address: SocketAddr,
    admin: SocketAddr,
    folder: TempDir,
    /// Contents of the two files that serve.
    good: [(PathBuf, Vec<u8>); 2],
}

impl InSealgateRun {
    pub(super) fn start(site: &Site, keys: &Keys) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let policy = (
            folder.path().join("policy.json"),
            keys.policy().to_string().into_bytes(),
        );
        let module = std::fs::read(required::plugin()).unwrap();
        let module = (folder.path().join("plugin.wasm"), module);
        for (path, bytes) in [&policy, &module] {
            std::fs::write(path, bytes).unwrap();
        }
        let (address, admin) = (free(), free());
        let certificates = site.certificates.folder();
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        let arguments = [
            ("--policy", text(policy.0.clone())),
            ("--module", text(module.0.clone())),
            ("--upstream", format!("http://{}", site.upstream.address())),
            ("--listen", address.to_string()),
            ("--admin", admin.to_string()),
            ("--cert", text(certificates.join("gateway.pem"))),
            ("--key", text(certificates.join("gateway.key"))),
            ("--client-ca", text(certificates.join("clients-ca.pem"))),
            (
                "--cluster",
                format!("hsm-bridge=unix:{}", text(site.socket().to_owned())),
            ),
        ];
        let arguments = arguments
            .into_iter()
            .flat_map(|(name, value)| [name.to_owned(), value]);
        let arguments: Vec<String> = std::iter::once("run".to_owned()).chain(arguments).collect();
        let log = folder.path().join("log");
        let mut process = Process::start(&required::sealgate(), arguments, &[], &log);
        process.wait_for(Duration::from_secs(60), || TcpStream::connect(address).ok());
        Self {
            process,
            address,
            admin,
            folder,
            good: [policy, module],
        }
    }

    fn put(&mut self, at: usize, bytes: &[u8], keep: bool) {
        let next = self.folder.path().join("next");
        std::fs::write(&next, bytes).unwrap();
        std::fs::rename(&next, &self.good[at].0).unwrap();
        if keep {
            self.good[at].1 = bytes.to_vec();
        }
    }

    fn reloads(&self, result: &str) -> u64 {
        let name = format!("sealgate_gateway_reloads_{result}_total");
        self.page().sum(&name, &[]) as u64
    }
}

impl Host for InSealgateRun {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn process(&self) -> u32 {
        self.process.id()
    }

    fn page(&self) -> Page {
        let mut socket = TcpStream::connect(self.admin).unwrap();
        let request = b"GET /metrics HTTP/1.1\r\nhost: admin\r\n\r\n";
        std::io::Write::write_all(&mut socket, request).unwrap();
        let answer = h1::Reader::new(socket).response().unwrap();
        Page::parse(&String::from_utf8(answer.body).unwrap())
    }

    fn policy(&mut self, policy: &Value) {
        let good = !policy.to_string().contains("/never");
        self.put(0, policy.to_string().as_bytes(), good);
    }

    fn module(&mut self, bytes: &[u8]) {
        self.put(1, bytes, bytes.len() > 1000);
    }

    fn modules_loaded(&self) -> u64 {
        self.reloads("ok")
    }

    fn refused(&self) -> u64 {
        self.reloads("failed")
    }

    fn restore(&mut self) {
        for at in [0, 1] {
            let bytes = self.good[at].1.clone();
            self.put(at, &bytes, true);
        }
    }
}

/// An address that was free a moment ago.
fn free() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}
