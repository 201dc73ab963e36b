//! Building and starting a gateway.

use super::Gateway;
use super::config::{ConfigSource, StaticConfig};
use super::events::{Event, Events};
use super::reload::{ModuleSource, Recipe, Reloader};
use super::tls::TlsConfig;
use super::worker::{self, Common, Control};
use crate::limits;
use crate::logs::{LogLine, Logs};
use crate::net::ClusterAddr;
use crate::property::{Properties, PropertyValue};
use crate::vm::{PluginSpec, Services};
use std::collections::BTreeMap;
use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::TlsAcceptor;

/// Why a gateway did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// A part was not given.
    Missing(&'static str),
    /// The upstream is not `http://host[:port]`.
    Upstream(String),
    /// The TLS configuration does not fit together.
    Tls(String),
    /// The address cannot be bound, or a thread cannot be started.
    Io(std::io::Error),
    /// Module or configuration were not accepted; the guest's log lines are part of the reason.
    Plugin(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(what) => write!(f, "the gateway needs {what}"),
            Self::Upstream(given) => write!(f, "the upstream {given:?} is not http://host[:port]"),
            Self::Tls(reason) => write!(f, "TLS: {reason}"),
            Self::Io(error) => write!(f, "{error}"),
            Self::Plugin(reason) => write!(f, "{reason}"),
        }
    }
}

impl std::error::Error for StartError {}

impl From<std::io::Error> for StartError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

type LogSink = Box<dyn Fn(&LogLine) + Send + Sync>;

/// Collects what a gateway is made of.
#[must_use]
pub struct GatewayBuilder {
    listen: Option<SocketAddr>,
    tls: Option<TlsConfig>,
    upstream: Option<String>,
    clusters: BTreeMap<String, ClusterAddr>,
    module: Option<ModuleSource>,
    config: Arc<dyn ConfigSource>,
    vm_config: Vec<u8>,
    env: Vec<(String, String)>,
    workers: usize,
    properties: Properties,
    request_timeout: Duration,
    callback_limit: Duration,
    memory_bytes: usize,
    body_bytes: usize,
    events: Events,
    log: Option<LogSink>,
}

impl GatewayBuilder {
    pub(super) fn new() -> Self {
        Self {
            listen: None,
            tls: None,
            upstream: None,
            clusters: BTreeMap::new(),
            module: None,
            config: Arc::new(StaticConfig::new("")),
            vm_config: Vec::new(),
            env: Vec::new(),
            workers: 1,
            properties: Properties::new(),
            request_timeout: limits::GATEWAY_REQUEST,
            callback_limit: limits::GATEWAY_CALLBACK,
            memory_bytes: limits::GATEWAY_MEMORY_BYTES,
            body_bytes: limits::BODY_BYTES,
            events: Events::default(),
            log: None,
        }
    }

    /// The address to listen on; port 0 lets the system choose.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = Some(address);
        self
    }

    /// TLS 1.3 (default: plain HTTP, for tests and for use behind another terminator).
    pub fn tls(mut self, tls: TlsConfig) -> Self {
        self.tls = Some(tls);
        self
    }

    /// The upstream, `http://host[:port]`.
    pub fn upstream(mut self, url: impl Into<String>) -> Self {
        self.upstream = Some(url.into());
        self
    }

    /// A cluster the guest may call. A call to another name is refused at once.
    pub fn cluster(mut self, name: &str, address: ClusterAddr) -> Self {
        self.clusters.insert(name.to_owned(), address);
        self
    }

    /// The module's file; it is watched.
    pub fn module(mut self, path: impl Into<PathBuf>) -> Self {
        self.module = Some(ModuleSource::File(path.into()));
        self
    }

    /// The module's bytes instead of a file.
    pub fn module_bytes(mut self, wasm: impl Into<Vec<u8>>) -> Self {
        self.module = Some(ModuleSource::Bytes(Arc::from(wasm.into())));
        self
    }

    /// Where the plugin configuration comes from (default: it is empty).
    pub fn config_source(mut self, config: Arc<dyn ConfigSource>) -> Self {
        self.config = config;
        self
    }

    /// VM configuration.
    pub fn vm_config(mut self, config: impl Into<Vec<u8>>) -> Self {
        self.vm_config = config.into();
        self
    }

    /// One variable of the guest's environment.
    pub fn env(mut self, key: &str, value: &str) -> Self {
        self.env.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Worker threads, each with its VM, at least 1 (default 1).
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers.max(1);
        self
    }

    /// A property of every request, by its dotted name.
    pub fn property(mut self, dotted: &str, value: impl Into<PropertyValue>) -> Self {
        self.properties.set(dotted, value);
        self
    }

    /// One key of the (only) route's metadata.
    pub fn route_metadata(mut self, namespace: &str, key: &str, value: &str) -> Self {
        self.properties.set_route_metadata(namespace, key, value);
        self
    }

    /// From the request head to the response head (default 10 s); then 504.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// Longest single callback of the guest (default 2 s); then its VM is lost.
    pub fn callback_limit(mut self, limit: Duration) -> Self {
        self.callback_limit = limit;
        self
    }

    /// Linear memory of one VM, bytes (default 256 MiB).
    pub fn memory_limit(mut self, bytes: usize) -> Self {
        self.memory_bytes = bytes;
        self
    }

    /// Largest body that is held, bytes (default 1 MiB); then 413.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_bytes = bytes;
        self
    }

    /// Called for every event, on the thread where it happened; must not block.
    pub fn on_event(mut self, sink: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.events.sink = Some(Box::new(sink));
        self
    }

    /// Called for every log line of a guest, on its worker's thread; must not block.
    pub fn log(mut self, sink: impl Fn(&LogLine) + Send + Sync + 'static) -> Self {
        self.log = Some(Box::new(sink));
        self
    }

    /// Loads module and configuration, binds, and starts the threads.
    ///
    /// # Errors
    /// [`StartError`]; nothing keeps running then.
    pub fn start(self) -> Result<Gateway, StartError> {
        let listen = self
            .listen
            .ok_or(StartError::Missing("an address to listen on"))?;
        let upstream = self.upstream.ok_or(StartError::Missing("an upstream"))?;
        let upstream = upstream_address(&upstream).ok_or(StartError::Upstream(upstream))?;
        let module = self.module.ok_or(StartError::Missing("a module"))?;
        let own_certificate = self
            .tls
            .as_ref()
            .and_then(TlsConfig::leaf)
            .map(|leaf| leaf.as_ref().to_vec());
        let acceptor = match &self.tls {
            None => None,
            Some(tls) => Some(TlsAcceptor::from(
                tls.server_config()
                    .map_err(|error| StartError::Tls(error.to_string()))?,
            )),
        };
        let logs = self.log.map_or_else(Logs::default, Logs::with_sink);
        let services = Services {
            logs: Arc::new(logs),
            clusters: Arc::new(self.clusters.keys().cloned().collect()),
            ..Services::default()
        };
        let (env, vm_config) = (self.env, self.vm_config);
        let (memory_bytes, body_bytes) = (self.memory_bytes, self.body_bytes);
        let callback_limit = self.callback_limit;
        let recipe = Recipe {
            module,
            config: self.config,
            template: Box::new(move |module| PluginSpec {
                vm_config: vm_config.clone(),
                env: env.clone(),
                memory_bytes,
                callback_limit,
                body_bytes,
                ..PluginSpec::new(module)
            }),
            services: services.clone(),
            workers: self.workers,
        };
        let cooked = recipe
            .cook(None)
            .map_err(StartError::Plugin)?
            .ok_or(StartError::Missing("a module"))?;

        let listener = TcpListener::bind(listen)?;
        listener.set_nonblocking(true)?;
        let events = Arc::new(self.events);
        let mut gateway = Gateway {
            address: listener.local_addr()?,
            services: services.clone(),
            events: Arc::clone(&events),
            reloader: None,
            controls: Vec::new(),
            threads: Vec::new(),
        };
        let common = Arc::new(Common {
            services,
            events: Arc::clone(&events),
            tls: acceptor,
            own_certificate,
            upstream,
            clusters: self.clusters,
            properties: self.properties,
            request_timeout: self.request_timeout,
            body_bytes,
        });
        for (number, vm) in cooked.workers.into_iter().enumerate() {
            let (control, commands) = Control::pair();
            let (common, listener) = (Arc::clone(&common), listener.try_clone()?);
            let thread = std::thread::Builder::new()
                .name(format!("sealgate-worker-{number}"))
                .spawn(move || {
                    let logs = Arc::clone(&common.services.logs);
                    if let Err(error) = worker::run(common, listener, vm, commands) {
                        let text = format!("a worker stopped: {error}");
                        logs.push(crate::abi::LogLevel::Critical, text);
                    }
                })?;
            gateway.controls.push(control);
            gateway.threads.push(thread);
        }
        let controls = gateway.controls.iter().map(Control::clone_handle).collect();
        gateway.reloader = Some(Reloader::start(recipe, cooked.content, controls, events)?);
        Ok(gateway)
    }
}

/// `host:port` of a plain HTTP URL without a path.
fn upstream_address(url: &str) -> Option<ClusterAddr> {
    let authority = url.strip_prefix("http://")?;
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    if authority.is_empty() || authority.contains(['/', '?', '#', '@']) {
        return None;
    }
    let bare_v6 = authority.ends_with(']');
    let has_port = !bare_v6 && authority.contains(':');
    Some(ClusterAddr::Tcp(if has_port {
        authority.to_owned()
    } else {
        format!("{authority}:80")
    }))
}

impl fmt::Debug for GatewayBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayBuilder")
            .field("listen", &self.listen)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_is_a_plain_http_origin() {
        let tcp = |text: &str| Some(ClusterAddr::Tcp(text.to_owned()));
        assert_eq!(
            upstream_address("http://127.0.0.1:9000"),
            tcp("127.0.0.1:9000")
        );
        assert_eq!(upstream_address("http://echo/"), tcp("echo:80"));
        assert_eq!(upstream_address("http://[::1]"), tcp("[::1]:80"));
        assert_eq!(upstream_address("https://echo"), None);
        assert_eq!(upstream_address("http://echo/path"), None);
    }
}
