//! Real Envoy with the shipped bootstraps of `envoy/`.
//!
//! A bootstrap is taken as it stands in the repository; only its site values (ports, folders, sockets) are
//! replaced, and replacing a text that is not there fails, so that files and tests cannot drift apart.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::certificates::{Certificates, Identity};
use crate::message::{Request, Response};
use crate::process::Process;
use crate::tls::Offer;
use crate::{h1, http2, required};

/// How an Envoy shall be started.
#[derive(Clone, Debug)]
pub struct Setup {
    bootstrap: String,
    extension: Value,
    environment: Vec<(String, String)>,
    concurrency: usize,
}

impl Setup {
    /// A bootstrap of `envoy/` by its file name, together with the shipped `sealgate.ecds.yaml`.
    pub fn shipped(name: &str) -> Self {
        let folder = required::repository().join("envoy");
        let read = |name: &str| {
            std::fs::read_to_string(folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
        };
        let extension = serde_saphyr::from_str(&read("sealgate.ecds.yaml")).expect("ECDS file");
        Self {
            bootstrap: read(name),
            extension,
            environment: Vec::new(),
            concurrency: 2,
        }
    }

    /// This bootstrap and this ECDS document.
    pub fn of(bootstrap: &str, extension: Value) -> Self {
        Self {
            bootstrap: bootstrap.to_owned(),
            extension,
            environment: Vec::new(),
            concurrency: 2,
        }
    }

    /// The main bootstrap with a test guest in place of the plugin and `text` as its configuration.
    pub fn guest(name: &str, text: &str) -> Self {
        Self::shipped("sealgate.yaml")
            .module(&required::guest(name))
            .configuration(json!({
                "@type": "type.googleapis.com/google.protobuf.StringValue",
                "value": text,
            }))
    }

    /// Fills the site values in: certificates, upstream and free ports.
    #[must_use]
    pub fn site(self, certificates: &Certificates, upstream: SocketAddr) -> Self {
        self.replace("/etc/sealgate/tls", &text(certificates.folder()))
            .replace(
                "address: 0.0.0.0, port_value: 10443",
                "address: 127.0.0.1, port_value: 0",
            )
            .replace(
                "port_value: 8080",
                &format!("port_value: {}", upstream.port()),
            )
            .replace("port_value: 9901", "port_value: 0")
    }

    /// The data socket of the bridge.
    #[must_use]
    pub fn bridge(self, socket: &Path) -> Self {
        self.replace("/run/hsm-bridge/data.sock", &text(socket))
    }

    /// Replaces every occurrence of a text of the bootstrap.
    #[must_use]
    pub fn replace(mut self, from: &str, to: &str) -> Self {
        assert!(
            self.bootstrap.contains(from),
            "the bootstrap does not contain {from:?}"
        );
        self.bootstrap = self.bootstrap.replace(from, to);
        self
    }

    /// Adds a cluster with one TCP endpoint.
    #[must_use]
    pub fn cluster(mut self, name: &str, address: SocketAddr) -> Self {
        // The bootstraps end with their list of clusters.
        self.bootstrap.push_str(&format!(
            "\n    - {{ name: {name}, type: STATIC, connect_timeout: 1s, load_assignment: \
             {{ cluster_name: {name}, endpoints: [{{ lb_endpoints: [{{ endpoint: {{ address: \
             {{ socket_address: {{ address: {}, port_value: {} }} }} }} }}] }}] }} }}\n",
            address.ip(),
            address.port()
        ));
        self
    }

    /// The module, in the ECDS file and in a bootstrap that names it itself.
    #[must_use]
    pub fn module(mut self, path: &Path) -> Self {
        self.bootstrap = self
            .bootstrap
            .replace("/etc/sealgate/sealgate_plugin.wasm", &text(path));
        self.plugin(|plugin| plugin["vm_config"]["code"]["local"]["filename"] = json!(text(path)))
    }

    /// Takes the plugin out of the chain of filters: what a measurement compares with.
    #[must_use]
    pub fn without_plugin(mut self) -> Self {
        let start = self
            .bootstrap
            .find("- name: sealgate\n                    config_discovery");
        let end = self.bootstrap.find("- name: envoy.filters.http.router");
        match (start, end) {
            (Some(start), Some(end)) if start < end => self.bootstrap.replace_range(start..end, ""),
            _ => panic!("the bootstrap has no plugin before its router"),
        }
        self
    }

    /// The policy, as JSON text in a `StringValue`, the way control planes send it.
    #[must_use]
    pub fn policy(self, policy: &Value) -> Self {
        self.configuration(json!({
            "@type": "type.googleapis.com/google.protobuf.StringValue",
            "value": policy.to_string(),
        }))
    }

    /// The policy as a `Struct`, the way people write it in a file. Envoy hands it over in protobuf
    /// encoding, whatever its documentation says.
    #[must_use]
    pub fn policy_as_struct(self, policy: &Value) -> Self {
        self.configuration(json!({
            "@type": "type.googleapis.com/google.protobuf.Struct",
            "value": policy,
        }))
    }

    /// The plugin's configuration message.
    #[must_use]
    pub fn configuration(self, message: Value) -> Self {
        self.plugin(|plugin| plugin["configuration"] = message)
    }

    /// Edits the `PluginConfig`.
    #[must_use]
    pub fn plugin(mut self, edit: impl FnOnce(&mut Value)) -> Self {
        edit(&mut self.extension["resources"][0]["typed_config"]["config"]);
        self
    }

    /// Merges the shipped `capabilities.yaml` into the `PluginConfig`.
    #[must_use]
    pub fn restricted(self) -> Self {
        let path = required::repository().join("envoy/capabilities.yaml");
        let text = std::fs::read_to_string(path).expect("capabilities.yaml");
        let fragment: Value = serde_saphyr::from_str(&text).expect("YAML");
        self.plugin(|plugin| {
            let members = fragment
                .as_object()
                .expect("members of a PluginConfig")
                .clone();
            plugin.as_object_mut().expect("an object").extend(members);
        })
    }

    /// Removes a member of the `PluginConfig`.
    #[must_use]
    pub fn without(self, member: &str) -> Self {
        self.plugin(|plugin| {
            plugin
                .as_object_mut()
                .expect("an object")
                .remove(member)
                .expect("a member to remove");
        })
    }

    /// An environment variable of the Envoy process, visible to the plugin.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self.plugin(|plugin| {
            let keys = plugin["vm_config"]["environment_variables"]["host_env_keys"]
                .as_array_mut()
                .expect("host_env_keys");
            if !keys.contains(&json!(name)) {
                keys.push(json!(name));
            }
        })
    }

    /// Number of worker threads (default 2).
    #[must_use]
    pub fn concurrency(mut self, workers: usize) -> Self {
        self.concurrency = workers;
        self
    }

    /// The whole ECDS document.
    pub fn extension(&self) -> &Value {
        &self.extension
    }

    /// Runs `envoy --mode validate` and gives what it printed.
    ///
    /// # Errors
    /// Envoy refuses the bootstrap.
    pub fn validate(&self) -> Result<String, String> {
        let folder = tempfile::tempdir().expect("folder");
        let bootstrap = self.write(folder.path());
        let output = Command::new(required::envoy())
            .args(["--mode", "validate", "--disable-hot-restart", "-c"])
            .arg(bootstrap)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .output()
            .expect("envoy");
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            Ok(log)
        } else {
            Err(log)
        }
    }

    /// Starts Envoy and waits until it is ready and its listener is bound.
    pub fn start(&self) -> Envoy {
        let folder = tempfile::tempdir().expect("folder");
        let bootstrap = self.write(folder.path());
        let admin_file = folder.path().join("admin");
        let arguments = [
            "-c".to_owned(),
            text(&bootstrap),
            "--disable-hot-restart".to_owned(),
            // Without the list of every linked extension, with what the plugin logs.
            "--log-level".to_owned(),
            "warn".to_owned(),
            "--component-log-level".to_owned(),
            "wasm:info".to_owned(),
            "--concurrency".to_owned(),
            self.concurrency.to_string(),
            "--admin-address-path".to_owned(),
            text(&admin_file),
        ];
        let log = folder.path().join("envoy.log");
        let mut process = Process::start(&required::envoy(), arguments, &self.environment, &log);
        let admin = process.wait_for(START, || {
            let address: SocketAddr = std::fs::read_to_string(&admin_file).ok()?.parse().ok()?;
            let ready = admin_request(address, "GET", "/ready").ok()?;
            (ready.status == 200).then_some(address)
        });
        let listener = process.wait_for(START, || listener(admin));
        Envoy {
            process,
            admin,
            listener,
            extension: self.extension.clone(),
            folder,
        }
    }

    fn write(&self, folder: &Path) -> PathBuf {
        let extension = folder.join(EXTENSION);
        std::fs::write(&extension, self.extension.to_string()).expect("ECDS file");
        let bootstrap = self
            .bootstrap
            .replace("/etc/sealgate/sealgate.ecds.yaml", &text(&extension));
        let path = folder.join("bootstrap.yaml");
        std::fs::write(&path, bootstrap).expect("bootstrap");
        path
    }
}

/// A running Envoy; killed on drop.
#[derive(Debug)]
pub struct Envoy {
    process: Process,
    admin: SocketAddr,
    listener: SocketAddr,
    extension: Value,
    folder: TempDir,
}

impl Envoy {
    /// Where the public listener is.
    pub fn address(&self) -> SocketAddr {
        self.listener
    }

    /// Where the admin interface is.
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// Envoy's process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Everything that Envoy logged.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// A new HTTP/1.1 connection with this client certificate.
    pub fn connect(&self, certificates: &Certificates, identity: &Identity) -> h1::Connection {
        h1::Connection::open(self.listener, certificates, &Offer::of(identity)).expect("handshake")
    }

    /// A new HTTP/2 connection with this client certificate.
    pub fn connect_h2(
        &self,
        certificates: &Certificates,
        identity: &Identity,
    ) -> http2::Connection {
        http2::Connection::open(self.listener, certificates, &Offer::of(identity))
            .expect("handshake")
    }

    /// One request on its own HTTP/1.1 connection, as partner A.
    pub fn send(&self, certificates: &Certificates, request: &Request) -> Response {
        self.connect(certificates, &certificates.partner_a)
            .exchange(request)
            .expect("a response")
    }

    /// The counters and gauges whose name contains `part`.
    pub fn stats(&self, part: &str) -> BTreeMap<String, u64> {
        let response = self.admin_get("/stats");
        String::from_utf8_lossy(&response.body)
            .lines()
            .filter_map(|line| line.split_once(": "))
            .filter(|(name, _)| name.contains(part))
            .filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?)))
            .collect()
    }

    /// The sum of the counters and gauges whose name contains `part`.
    pub fn stat(&self, part: &str) -> u64 {
        self.stats(part).values().sum()
    }

    /// Waits until [`Envoy::stat`] of `part` is at least `value`.
    pub fn wait_for_stat(&self, part: &str, value: u64, limit: Duration) -> Duration {
        let start = Instant::now();
        while self.stat(part) < value {
            assert!(
                start.elapsed() < limit,
                "{part} stays below {value}:\n{:?}",
                self.stats(part)
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        start.elapsed()
    }

    /// `GET` on the admin interface.
    pub fn admin_get(&self, path: &str) -> Response {
        admin_request(self.admin, "GET", path).expect("admin interface")
    }

    /// `POST` on the admin interface.
    pub fn admin_post(&self, path: &str) -> Response {
        admin_request(self.admin, "POST", path).expect("admin interface")
    }

    /// Edits the current `PluginConfig` and puts the new ECDS file in place by rename.
    pub fn update(&mut self, edit: impl FnOnce(&mut Value)) {
        edit(&mut self.extension["resources"][0]["typed_config"]["config"]);
        let text = self.extension.to_string();
        self.replace_extension(text.as_bytes());
    }

    /// Puts these bytes in place of the ECDS file, by rename.
    pub fn replace_extension(&self, bytes: &[u8]) {
        let next = self.folder.path().join("next");
        std::fs::write(&next, bytes).expect("ECDS file");
        std::fs::rename(&next, self.extension_file()).expect("rename");
    }

    /// The ECDS file that this Envoy watches.
    pub fn extension_file(&self) -> PathBuf {
        self.folder.path().join(EXTENSION)
    }

    /// Takes this document as the base of the next [`Envoy::update`].
    pub fn reset_extension(&mut self, document: Value) {
        self.extension = document;
    }

    /// The current ECDS document, for a later [`Envoy::replace_extension`].
    pub fn extension(&self) -> &Value {
        &self.extension
    }
}

const EXTENSION: &str = "sealgate.ecds.yaml";
const START: Duration = Duration::from_secs(30);

fn listener(admin: SocketAddr) -> Option<SocketAddr> {
    let all: Value = serde_json::from_slice(
        &admin_request(admin, "GET", "/listeners?format=json")
            .ok()?
            .body,
    )
    .ok()?;
    let socket = &all["listener_statuses"][0]["local_address"]["socket_address"];
    let port = u16::try_from(socket["port_value"].as_u64()?).ok()?;
    Some(SocketAddr::from(([127, 0, 0, 1], port)))
}

fn admin_request(address: SocketAddr, method: &str, path: &str) -> std::io::Result<Response> {
    let mut socket = TcpStream::connect(address)?;
    // The thread that answers is the one that compiles a new module.
    socket.set_read_timeout(Some(Duration::from_secs(30)))?;
    write!(
        socket,
        "{method} {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n"
    )?;
    h1::Reader::new(socket).response()
}

fn text(path: &Path) -> String {
    path.to_str().expect("paths of tests are UTF-8").to_owned()
}
