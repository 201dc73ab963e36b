//! `sealgate run`: the embedded gateway of `sealgate-host-shim`, with a policy file.

mod admin;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;

use anstream::eprintln;
use anyhow::{Context, Result, bail};
use sealgate_host_shim::gateway::{
    ClientCerts, ClusterAddr, ConfigSource, Event, Gateway, TlsConfig,
};

use crate::policy_file::PolicyFile;
use crate::print::{BAD, DIM, GOOD, NAME};

/// Name of the module's file, looked for beside this program.
const MODULE: &str = "sealgate_plugin.wasm";

#[derive(clap::Args)]
#[command(
    after_help = "The policy, the key files it names and the module are watched: a change \
    that loads takes effect within a second, one that does not is reported and changes nothing.\n\n\
    Example:\n  \
    sealgate run --policy policy.yaml --upstream http://127.0.0.1:8080 --listen 0.0.0.0:8443 \\\n      \
        --cert gateway.pem --key gateway.key --client-ca clients-ca.pem \\\n      \
        --cluster hsm-bridge=unix:/run/hsm-bridge/data.sock"
)]
pub(crate) struct Args {
    /// Policy file, YAML or JSON
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,

    /// Where clean requests go (http)
    #[arg(long, value_name = "URL")]
    upstream: String,

    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,

    /// PEM file of the gateway's certificate chain
    #[arg(
        long,
        value_name = "PEM",
        requires = "key",
        required_unless_present = "plaintext"
    )]
    cert: Option<PathBuf>,

    /// PEM file of its private key
    #[arg(long, value_name = "PEM", requires = "cert")]
    key: Option<PathBuf>,

    /// PEM file of the authority that signs client certificates; every client needs one then
    #[arg(long, value_name = "PEM", requires = "cert")]
    client_ca: Option<PathBuf>,

    /// Let clients without a certificate in as far as the policy
    #[arg(long, requires = "client_ca")]
    client_cert_optional: bool,

    /// Speak plain HTTP: for a machine's own loopback only
    #[arg(long, conflicts_with_all = ["cert", "key", "client_ca"])]
    plaintext: bool,

    /// A service that the policy names, `NAME=unix:/path` or `NAME=tcp:HOST:PORT`
    #[arg(long = "cluster", value_name = "NAME=ADDRESS")]
    clusters: Vec<Cluster>,

    /// The module; looked for beside this program otherwise
    #[arg(long, env = "SEALGATE_PLUGIN_WASM", value_name = "WASM")]
    module: Option<PathBuf>,

    /// Loopback address to serve /metrics on, as Prometheus text
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<SocketAddr>,

    /// Threads, each with a VM of its own
    #[arg(long, value_name = "N", default_value_t = 2)]
    workers: usize,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    if args.plaintext && !args.listen.ip().is_loopback() {
        bail!(
            "--plaintext listens on loopback addresses only: {} is not one",
            args.listen
        );
    }
    let policy = PolicyFile::read(&args.policy)?;
    // Report what is wrong before a socket is opened, in people's words rather than a log's.
    if let Err(faults) = sealgate_engine::Gate::compile(&policy.json(), &policy.materials()) {
        for fault in &faults {
            eprintln!(
                "{BAD}fault:{BAD:#} {NAME}{}{NAME:#} {} ({})",
                fault.path, fault.problem, fault.fix
            );
        }
        bail!(
            "the policy has {} fault(s); nothing was started",
            faults.len()
        );
    }
    // Signals are awaited from here on: one that comes while the module compiles is not lost.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let ended = {
        let _inside = runtime.enter();
        Signals::new()?
    };
    let admin = match args.admin {
        Some(address) => Some(runtime.block_on(admin::bind(address))?),
        None => None,
    };
    let gateway = args.gateway()?;
    eprintln!(
        "{GOOD}listening{GOOD:#} on {} for {}, policy {}",
        gateway.address(),
        args.upstream,
        args.policy.display()
    );
    runtime.block_on(async {
        match &admin {
            Some(listener) => tokio::select! {
                () = ended.wait() => {}
                () = admin::serve(listener, &gateway) => {}
            },
            None => ended.wait().await,
        }
    });
    eprintln!("{DIM}finishing the requests in flight{DIM:#}");
    gateway.shutdown();
    Ok(ExitCode::SUCCESS)
}

impl Args {
    fn gateway(&self) -> Result<Gateway> {
        let module = self.module_file()?;
        let mut builder = Gateway::builder()
            .listen(self.listen)
            .upstream(&self.upstream)
            .module(module)
            .workers(self.workers)
            .config_source(Arc::new(PolicySource {
                path: self.policy.clone(),
            }))
            .on_event(report)
            .log(|line| eprintln!("{DIM}module{DIM:#} {}", line.text));
        if let (Some(cert), Some(key)) = (&self.cert, &self.key) {
            let clients = match (&self.client_ca, self.client_cert_optional) {
                (Some(ca), false) => ClientCerts::Required { ca: ca.clone() },
                (Some(ca), true) => ClientCerts::Optional { ca: ca.clone() },
                (None, _) => ClientCerts::None,
            };
            let tls = TlsConfig::from_pem_files(cert, key)
                .and_then(|tls| tls.client_certs(clients))
                .map_err(|error| anyhow::anyhow!("TLS files: {error}"))?;
            builder = builder.tls(tls);
        }
        for cluster in &self.clusters {
            builder = builder.cluster(&cluster.name, cluster.address.clone());
        }
        builder
            .start()
            .map_err(|error| anyhow::anyhow!("the gateway does not start: {error}"))
    }

    fn module_file(&self) -> Result<PathBuf> {
        if let Some(module) = &self.module {
            if !module.is_file() {
                bail!("there is no module {}", module.display());
            }
            return Ok(module.clone());
        }
        let beside = std::env::current_exe()?.with_file_name(MODULE);
        if !beside.is_file() {
            bail!(
                "there is no {}; name the module with --module",
                beside.display()
            );
        }
        Ok(beside)
    }
}

/// Reads the policy anew at every change, material included.
struct PolicySource {
    path: PathBuf,
}

impl ConfigSource for PolicySource {
    fn load(&self) -> Result<Vec<u8>, String> {
        let file = PolicyFile::read(&self.path).map_err(|error| format!("{error:#}"))?;
        file.resolved()
            .map(|bytes| bytes.to_vec())
            .map_err(|error| format!("{error:#}"))
    }

    fn watched(&self) -> Vec<PathBuf> {
        let mut files = vec![self.path.clone()];
        if let Ok(policy) = PolicyFile::read(&self.path) {
            files.extend(policy.files());
        }
        files
    }
}

/// A named service of the gateway.
#[derive(Clone, Debug)]
struct Cluster {
    name: String,
    address: ClusterAddr,
}

impl FromStr for Cluster {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "a cluster is written NAME=unix:/path or NAME=tcp:HOST:PORT";
        let (name, address) = text.split_once('=').ok_or(form)?;
        let address = match address.split_once(':') {
            Some(("unix", path)) if path.starts_with('/') => ClusterAddr::Unix(path.into()),
            Some(("tcp", address)) if is_host_and_port(address) => ClusterAddr::tcp(address),
            _ => return Err(form.to_owned()),
        };
        Ok(Self {
            name: name.to_owned(),
            address,
        })
    }
}

fn is_host_and_port(text: &str) -> bool {
    text.rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

fn report(event: &Event) {
    let (style, text) = match event {
        Event::Reloaded { version: 1 } => return,
        Event::Reloaded { version } => (GOOD, format!("policy and module version {version} serve")),
        Event::ReloadFailed { reason } => (
            BAD,
            format!("the change was not taken, the last good version serves on: {reason}"),
        ),
        Event::Trapped { reason } => (BAD, format!("a VM was lost and is rebuilt: {reason}")),
        Event::LengthMismatch { reason } => (BAD, format!("a message was stopped: {reason}")),
        Event::HandshakeFailed { reason } => (DIM, format!("no TLS handshake: {reason}")),
        other => (DIM, format!("{other:?}")),
    };
    eprintln!("{style}gateway{style:#} {text}");
}

struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let context = "cannot wait for signals";
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).context(context)?,
            terminate: signal(SignalKind::terminate()).context(context)?,
        })
    }

    async fn wait(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_are_read_and_others_refused() {
        let cluster: Cluster = "hsm-bridge=unix:/run/a.sock".parse().expect("a socket");
        assert_eq!(cluster.name, "hsm-bridge");
        assert!(matches!(cluster.address, ClusterAddr::Unix(path) if path.ends_with("a.sock")));
        assert!("b=tcp:127.0.0.1:80".parse::<Cluster>().is_ok());
        for wrong in [
            "b",
            "b=/run/a",
            "b=unix:relative",
            "b=tcp:host",
            "b=tcp::80",
            "b=http://x",
        ] {
            assert!(wrong.parse::<Cluster>().is_err(), "{wrong}");
        }
    }
}
