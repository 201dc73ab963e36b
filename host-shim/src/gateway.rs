//! The embedded gateway: the module in front of one upstream, without Envoy.
//!
//! Each worker is a thread with its own VM; the requests it serves interleave while calls are
//! pending. Module and configuration are watched: a new pair is compiled and configured on the
//! side, for every worker, and replaces the old one only if all of them accept it. Requests in
//! flight finish on the VM they began on. A guest that traps costs the requests of its VM, which
//! are refused, and nothing more: the VM is built anew at once.
//!
//! ```no_run
//! use sealgate_host_shim::gateway::{ClientCerts, ClusterAddr, FileConfig, Gateway, TlsConfig};
//! use std::sync::Arc;
//!
//! let gateway = Gateway::builder()
//!     .listen("127.0.0.1:8443".parse()?)
//!     .tls(TlsConfig::from_pem_files("server.pem", "server.key")?
//!         .client_certs(ClientCerts::Required { ca: "clients.pem".into() })?)
//!     .upstream("http://127.0.0.1:9000")
//!     .cluster("hsm-bridge", ClusterAddr::unix("/run/hsm-bridge.sock"))
//!     .module("sealgate_plugin.wasm")
//!     .config_source(Arc::new(FileConfig::new("policy.json")))
//!     .start()?;
//! println!("listening on {}", gateway.address());
//! gateway.shutdown();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batch;
mod builder;
mod config;
mod connection;
mod downstream;
mod events;
mod exchange;
mod framing;
mod head;
mod identity;
mod problem;
mod reload;
mod tls;
mod vm_cell;
mod worker;

pub use crate::net::ClusterAddr;
pub use builder::{GatewayBuilder, StartError};
pub use config::{ConfigSource, FileConfig, StaticConfig};
pub use events::{Event, Reloads};
pub use tls::{ClientCerts, TlsConfig, TlsError};

use crate::vm::Services;
use events::Events;
use reload::Reloader;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use worker::Control;

/// A running gateway. Dropping it stops it without waiting for requests in flight.
pub struct Gateway {
    address: SocketAddr,
    services: Services,
    events: Arc<Events>,
    reloader: Option<Reloader>,
    controls: Vec<Control>,
    threads: Vec<JoinHandle<()>>,
}

impl Gateway {
    /// Begins a gateway.
    pub fn builder() -> GatewayBuilder {
        GatewayBuilder::new()
    }

    /// The address it listens on, with the port the system chose.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many reloads succeeded and failed. The first load is not counted.
    pub fn reloads(&self) -> Reloads {
        self.events.reloads()
    }

    /// Looks at the watched files now instead of at the next poll. The reload itself happens on
    /// the watching thread.
    pub fn reload_now(&self) {
        if let Some(reloader) = &self.reloader {
            reloader.wake();
        }
    }

    /// Metrics of the guests and of the gateway itself, as Prometheus text.
    pub fn metrics_text(&self) -> String {
        let mut text = self.services.metrics.prometheus_text();
        self.events.write_prometheus(&mut text);
        text
    }

    /// Everything the guests logged that is still kept.
    pub fn logs(&self) -> Vec<crate::logs::LogLine> {
        self.services.logs.lines()
    }

    /// Stops accepting, lets requests in flight finish (at most the request timeout), and joins
    /// every thread.
    pub fn shutdown(mut self) {
        self.stop(true);
    }

    fn stop(&mut self, graceful: bool) {
        self.reloader = None;
        for control in self.controls.drain(..) {
            control.stop(graceful);
        }
        for thread in self.threads.drain(..) {
            // A worker that panicked has nothing left to finish.
            let _ = thread.join();
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stop(false);
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
